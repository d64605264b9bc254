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
