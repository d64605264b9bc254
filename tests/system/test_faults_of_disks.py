# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Disks that are full or read-only, and databases that somebody holds: real ones."""

import asyncio
import contextlib
import dataclasses
import pathlib
import shutil
import sqlite3
import subprocess
import time

import pytest
from fault_mounts import hanging_disk, mount, mounted
from fault_rig import IMAGES, QUICK, observatory

from lsst.ts.dailycal.butler.port import ButlerRepository
from lsst.ts.dailycal.journal import FileStorage
from lsst.ts.dailycal.model import (
    Certification,
    CertificationError,
    ExposureTaken,
    ImageIngested,
    ImageLost,
    ImageName,
    ImageType,
    IngestError,
    JobFinished,
    JobKey,
    JobStep,
    JournalError,
    Validity,
)
from lsst.ts.dailycal.run import read_journal
from lsst.ts.dailycal.run.journal import RUN_CODEC

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(580),
    pytest.mark.usefixtures("scripts_end"),
]

VERIFY_BIAS = str(JobKey(JobStep.VERIFY, ImageType.BIAS))
CERTIFICATION = Certification(
    "bias",
    "LATISS/calib",
    "LATISS/calib/daily",
    Validity("2026-11-23T12:00:00", "2026-11-24T12:00:00"),
)


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
    journals = rig.journals
    monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(small_disk / "journal"))
    result = await rig.run()
    assert (result.exit_code, result.state) == (1, "FAILED"), result.text
    assert "No space left on device" in result.reason
    assert "DAILYCAL_JOURNAL_DIR" in result.reason, "what to do is said"
    monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(journals))
    journals.mkdir(exist_ok=True)
    for path in (small_disk / "journal").glob("*.jsonl"):
        read_journal(path)
        shutil.copy(path, journals)

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
                storage.append(RUN_CODEC.encode(Message(20, "x" * 500), number=number, tai=1.0))
        assert number > 5
        assert len(read_journal(path)) == number
        assert path.read_bytes().endswith(b"\n")
        assert mount("-o", "remount,size=64k", str(tmp_path / "disk"))
        storage.append(RUN_CODEC.encode(Message(20, "there is room"), number=number, tai=1.0))
        assert len(read_journal(path)) == number + 1


def test_a_limit_on_the_size_of_files_is_told_like_a_full_disk(tmp_path):
    """The same without the right to mount: in a process with a limit of its own."""
    code = """
import pathlib, resource, signal, sys
from lsst.ts.dailycal.model import JournalError, Message
from lsst.ts.dailycal.run import FileStorage, read_journal
from lsst.ts.dailycal.run.journal import RUN_CODEC
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))
path = pathlib.Path(sys.argv[1])
storage = FileStorage(path)
try:
    for number in range(1000):
        storage.append(RUN_CODEC.encode(Message(20, "x" * 500), number=number, tai=1.0))
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


async def test_a_disk_of_the_journal_that_hangs_fails_the_run_and_resume_finishes_it(
    rig, small_disk, tmp_path, monkeypatch
):
    make_room(small_disk / "raw")
    config = {**QUICK, "calib_collection": "LATISS/calib/hung"}
    journals = rig.journals
    with hanging_disk(tmp_path / "hanging") as disk:
        # Every image is accounted for, those of the runs before included.
        shutil.copytree(journals, disk.directory, dirs_exist_ok=True)
        monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(disk.directory))
        script = rig.start(config)
        assert await script.until(
            lambda: script.has_journal() and len(rig.events(ExposureTaken)) == 2
        )
        disk.hang()
        result = await script.end()
        assert (result.exit_code, result.state) == (1, "FAILED"), result.text
        assert "did not answer within 30 s" in result.reason, result.text
        assert "dailycal resume" in result.reason, "what to do is said"
        disk.answer()
        await rig.enable()
        again = await rig.resume(config)
        assert (again.exit_code, again.state) == (0, "DONE"), again.text
        rig.check_accounts(exposures=IMAGES)
        assert rig.statuses() == ["certified", "certified"]
        assert await rig.certifications("LATISS/calib/hung") == {"bias": 1, "dark": 1}
        rig.note_means("the disk of the journal hangs", result, again)
        shutil.copy(rig.journal(), journals)


@contextlib.contextmanager
def held(repository: pathlib.Path):
    """Another writer holds the database."""
    holder = sqlite3.connect(repository / "gen3.sqlite3", isolation_level=None, timeout=5)
    try:
        holder.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        holder.rollback()
        holder.close()


@contextlib.contextmanager
def read_only(repository: pathlib.Path):
    with mounted(repository, "--bind", str(repository)):
        if not mount("-o", "remount,ro,bind", str(repository)):
            pytest.skip("this machine lets nobody mount anything read-only")
        yield


@contextlib.contextmanager
def gone(repository: pathlib.Path):
    """The database is not where it was."""
    database = repository / "gen3.sqlite3"
    away = database.rename(database.with_suffix(".away"))
    try:
        yield
    finally:
        away.rename(database)


WITH_REAL_MEANS = {
    "repository_locked": (held, "within 60 s"),
    "repository_read_only": (read_only, "read"),
    "repository_unreadable": (gone, "unable to open database file"),
}
"""Faults of the repository in memory, what does the same to a real one, and what is said."""


@pytest.mark.parametrize("fault", WITH_REAL_MEANS)
async def test_a_repository_in_trouble_fails_the_run_and_resume_finishes_it(rig, fault):
    trouble, says = WITH_REAL_MEANS[fault]
    collection = f"LATISS/calib/{fault}"
    config = {**QUICK, "calib_collection": collection}
    script = rig.start(config)
    assert await script.until(lambda: verified(script))
    # Everything is there, and nothing certified yet.
    with trouble(rig.observatory.config.repository):
        result = await script.end()
        assert (result.exit_code, result.state) == (1, "FAILED"), result.text
        assert says in result.reason, result.text
        assert rig.statuses() == ["failed", "not attempted"]
    assert await rig.certifications(collection) == {"bias": 0, "dark": 0}
    again = await rig.resume(config)
    assert (again.exit_code, again.state) == (0, "DONE"), again.text
    rig.check_accounts(exposures=IMAGES)
    assert await rig.certifications(collection) == {"bias": 1, "dark": 1}
    rig.note_means(fault, result, again)


def verified(script) -> bool:
    """Has the verification of the biases ended, and is every frame in the Butler?"""
    if not script.has_journal():
        return False
    keys = {str(event.key) for event in script.rig.events(JobFinished)}
    return VERIFY_BIAS in keys and len(script.rig.events(ImageIngested)) == IMAGES


async def test_what_somebody_else_certifies_meanwhile_is_left_alone_and_told(rig):
    collection = "LATISS/calib/another"
    config = {**QUICK, "calib_collection": collection}
    script = rig.start(config)
    # The conflicts were looked for before the first exposure.
    assert await script.until(script.has_journal)
    another = dataclasses.replace(
        CERTIFICATION, calib_collection=collection, validity=Validity("2000-01-01", "2100-01-01")
    )
    await ButlerRepository(str(rig.observatory.config.repository)).certify(another, 60.0)
    result = await script.end()
    for end in (result, again := await rig.resume(config)):
        assert (end.exit_code, end.state) == (1, "FAILED"), end.text
        assert "is certified already" in end.reason
        assert "decertify that one" in end.reason
    assert rig.statuses() == ["failed", "not attempted"]
    assert await rig.certifications(collection) == {"bias": 1, "dark": 0}
    rig.note_means("certified_by_another", result, again)


@pytest.fixture(scope="module")
def repository(template, tmp_path_factory):
    path = tmp_path_factory.mktemp("locked") / "repo"
    shutil.copytree(template, path)
    return path


async def test_a_repository_that_another_writer_holds_is_given_up_at_the_deadline(repository):
    port = ButlerRepository(str(repository))
    with held(repository):
        begin = time.monotonic()
        with pytest.raises(CertificationError) as caught:
            await port.certify(CERTIFICATION, 8.0)
        assert time.monotonic() - begin < 15
        assert "bias" in str(caught.value)
        assert caught.value.remedy
        with pytest.raises(IngestError, match="searched"):
            await port.find_images([ImageName(20261123, 1)], 8.0)
    # Whoever was cut off left nothing half done.
    await port.find_images([ImageName(20261123, 1)], 60.0)
    assert await port.find_conflicts(CERTIFICATION, 60.0) == []


async def test_a_repository_that_is_read_only_is_told_and_stays_readable(repository):
    with read_only(repository):
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
