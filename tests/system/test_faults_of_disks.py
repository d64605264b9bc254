# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disks that are full or read-only, and databases that somebody holds: real ones."""

import asyncio
import contextlib
import os
import pathlib
import shutil
import sqlite3
import subprocess
import time

import pytest
from fault_rig import IMAGES, QUICK, observatory

from lsst.ts.dailycal.butler.port import ButlerRepository
from lsst.ts.dailycal.model import (
    Certification,
    CertificationError,
    ExposureTaken,
    ImageLost,
    ImageName,
    IngestError,
    JournalError,
    Validity,
)
from lsst.ts.dailycal.run import FileStorage, read_journal
from lsst.ts.dailycal.run.codec import encode

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(300),
    pytest.mark.usefixtures("scripts_end"),
]

CERTIFICATION = Certification(
    "bias",
    "LATISS/calib",
    "LATISS/calib/daily",
    Validity("2026-11-23T12:00:00", "2026-11-24T12:00:00"),
)


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


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory):
    """A disk with room for a few raw files, and another one for a few records."""
    directory = tmp_path_factory.mktemp("disks")
    with (
        mounted(directory / "raw", "-t", "tmpfs", "-o", "size=3m", "tmpfs"),
        mounted(directory / "journal", "-t", "tmpfs", "-o", "size=4k", "tmpfs"),
    ):
        yield directory


def make_room(directory: pathlib.Path) -> None:
    assert mount("-o", "remount,size=60m", str(directory))


@pytest.fixture(scope="module")
def rig(small_disk, tmp_path_factory, template):
    directory = tmp_path_factory.mktemp("disk-run")
    with observatory(directory, template, raw_path=small_disk / "raw") as rig:
        yield rig


async def test_full_disks_fail_the_run_and_room_on_them_finishes_it(rig, small_disk, monkeypatch):
    monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(small_disk / "journal"))
    result = await rig.run()
    assert (result.exit_code, result.state) == (1, "FAILED"), result.text
    assert "No space left on device" in result.reason
    assert "DAILYCAL_JOURNAL_DIR" in result.reason, "what to do is said"
    monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(rig.journals))
    rig.journals.mkdir(exist_ok=True)
    for path in (small_disk / "journal").glob("*.jsonl"):
        read_journal(path)
        shutil.copy(path, rig.journals)

    config = {**QUICK, "max_attempts": 1}
    result = await rig.run(config)
    assert (result.exit_code, result.state) == (1, "FAILED"), result.text
    assert rig.statuses() == ["not attempted", "not attempted"]
    assert rig.events(ImageLost)
    assert "could not ingest" in rig.events(ImageLost)[0].reason
    make_room(small_disk / "raw")
    await rig.enable()
    result = await rig.resume(config)
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    lost = {event.name for event in rig.events(ImageLost)}
    images = [event.image for event in rig.events(ExposureTaken)]
    replaced = [image for image in images if image.name in lost and not image.planned.discard]
    rig.check_accounts(exposures=IMAGES + len(replaced))
    assert rig.statuses() == ["certified", "certified"]
    assert await rig.certifications() == {"bias": 1, "dark": 1}


def test_a_record_that_does_not_fit_leaves_the_journal_as_it_was(tmp_path):
    from lsst.ts.dailycal.model import Message

    with mounted(tmp_path / "disk", "-t", "tmpfs", "-o", "size=16k", "tmpfs"):
        path = tmp_path / "disk" / "run.jsonl"
        storage, number = FileStorage(path), 0
        with pytest.raises(JournalError, match="No space left"):
            for number in range(1000):
                storage.append(encode(Message(20, "x" * 500), number=number, tai=1.0))
        assert number > 5
        assert len(read_journal(path)) == number
        assert path.read_bytes().endswith(b"\n")
        assert mount("-o", "remount,size=64k", str(tmp_path / "disk"))
        storage.append(encode(Message(20, "there is room"), number=number, tai=1.0))
        assert len(read_journal(path)) == number + 1


def test_a_limit_on_the_size_of_files_is_told_like_a_full_disk(tmp_path):
    """The same without the right to mount: in a process with a limit of its own."""
    code = """
import pathlib, resource, signal, sys
from lsst.ts.dailycal.model import JournalError, Message
from lsst.ts.dailycal.run import FileStorage, read_journal
from lsst.ts.dailycal.run.codec import encode
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
path = pathlib.Path(sys.argv[1])
storage = FileStorage(path)
try:
    for number in range(1000):
        storage.append(encode(Message(20, "x" * 500), number=number, tai=1.0))
except JournalError as error:
    assert "File too large" in str(error), error
    assert len(read_journal(path)) == number > 5
    print("told")
"""
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "run.jsonl")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout == "told\n", done.stderr


@pytest.fixture(scope="module")
def repository(template, tmp_path_factory):
    path = tmp_path_factory.mktemp("locked") / "repo"
    shutil.copytree(template, path)
    return path


async def test_a_repository_that_another_writer_holds_is_given_up_at_the_deadline(repository):
    port = ButlerRepository(str(repository))
    holder = sqlite3.connect(repository / "gen3.sqlite3", isolation_level=None)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        begin = time.monotonic()
        with pytest.raises(CertificationError) as caught:
            await port.certify(CERTIFICATION, 8.0)
        assert time.monotonic() - begin < 15
        assert "bias" in str(caught.value)
        assert caught.value.remedy
        with pytest.raises(IngestError, match="searched"):
            await port.find_images([ImageName(20261123, 1)], 8.0)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
    # Whoever was cut off left nothing half done.
    await port.find_images([ImageName(20261123, 1)], 60.0)
    assert await port.find_conflicts(CERTIFICATION, 60.0) == []


async def test_a_repository_that_is_read_only_is_told_and_stays_readable(repository):
    with mounted(repository, "--bind", str(repository)):
        if not mount("-o", "remount,ro,bind", str(repository)):
            pytest.skip("this machine lets nobody mount anything read-only")
        port = ButlerRepository(str(repository))
        with pytest.raises(CertificationError) as caught:
            await port.certify(CERTIFICATION, 60.0)
        assert "readonly" in str(caught.value).replace("-", ""), str(caught.value)
        assert await port.find_conflicts(CERTIFICATION, 60.0) == []


async def test_a_repository_whose_database_is_gone_is_told(tmp_path, repository):
    path = tmp_path / "repo"
    await asyncio.to_thread(shutil.copytree, repository, path)
    (path / "gen3.sqlite3").unlink()
    port = ButlerRepository(str(path))
    for attempt in (
        port.find_images([ImageName(20261123, 1)], 60.0),
        port.find_conflicts(CERTIFICATION, 60.0),
        port.certify(CERTIFICATION, 60.0),
    ):
        with pytest.raises((IngestError, CertificationError)) as caught:
            await attempt
        assert str(path) in str(caught.value) or "certified" in str(caught.value)
