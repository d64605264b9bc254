# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Small, full and read-only file systems: real ones."""

import contextlib
import os
import pathlib
import shutil
import subprocess

import pytest


def mount(*arguments: str) -> bool:
    program = shutil.which("mount")
    if program is None or os.geteuid() != 0:
        return False
    return subprocess.run([program, *arguments], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def mounted(directory: pathlib.Path, *arguments: str):
    """Mount something, or skip the test where that is not allowed."""
    directory.mkdir(parents=True, exist_ok=True)
    if not mount(*arguments, str(directory)):
        pytest.skip("this machine lets nobody mount a small file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)  # noqa: S607


class HangingDisk:
    """A small disk of its own that can be made to hang: every write waits in the kernel."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory
        self._hangs = False

    def hang(self) -> None:
        self._freeze("--freeze")
        self._hangs = True

    def answer(self) -> None:
        if self._hangs:
            self._freeze("--unfreeze")
        self._hangs = False

    def _freeze(self, option: str) -> None:
        subprocess.run(["fsfreeze", option, str(self.directory)], check=True)  # noqa: S607


@contextlib.contextmanager
def hanging_disk(directory: pathlib.Path):
    """Mount a disk that can be made to hang, or skip the test where that is not allowed."""
    image = directory.with_suffix(".img")
    with image.open("wb") as file:
        file.truncate(16 << 20)
    if not shutil.which("mkfs.ext4") or not shutil.which("fsfreeze"):
        pytest.skip("this machine has nothing to make a disk hang with")
    subprocess.run(["mkfs.ext4", "-q", str(image)], check=True)  # noqa: S607
    with mounted(directory, "-o", "loop", str(image)):
        disk = HangingDisk(directory)
        try:
            yield disk
        finally:
            disk.answer()
