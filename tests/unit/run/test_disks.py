# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A disk that is full or hangs: for the journal at any record, and for what is printed."""

import asyncio
import contextlib
import os
import pathlib
import resource
import subprocess
import sys
import threading

import pytest
from fault_matrix import DISKS
from rigs import carry_out, certified, make_rig, statuses

from lsst.ts.dailycal.journal import FileStorage, MemoryStorage
from lsst.ts.dailycal.model import ExposureTaken, JournalError, Message
from lsst.ts.dailycal.run import RunFiles, RunJournal, read_journal
from lsst.ts.dailycal.testing.loop import FastEventLoop, run_fast

CASES = {case.fault: case for case in DISKS}
PARTS = 6


class FileLines(FileStorage):
    """A journal on a disk whose records can be looked at."""

    @property
    def lines(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []


@contextlib.contextmanager
def room_for(size: int):
    """Let no file grow beyond a size, as on a disk that is full. The kernel does it."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


async def _fill_up(path: pathlib.Path, size: int) -> str:
    """Carry out a run whose journal has so much room, make room, and resume it."""
    rig = make_rig()
    rig.storage = FileLines(path)
    async with rig.observatory:
        run = rig.make()
        with room_for(size):
            with pytest.raises(JournalError) as caught:
                await run.execute()
            # There is nowhere to write that it was cleaned up; the jobs are aborted first.
            with contextlib.suppress(JournalError):
                await run.clean_up()
        assert not rig.observatory.pipelines._running, "a job goes on, and nobody knows"
        assert path.stat().st_size <= size  # noqa: ASYNC240
        read_journal(path)
        outcome = await carry_out(rig)
        assert statuses(outcome) == ("certified", "certified")
        assert set(certified(rig)) == {"bias", "dark"}
        assert len(rig.of(ExposureTaken)) == 7
    return str(caught.value)


async def _size(path: pathlib.Path) -> list[int]:
    """Tell where the records of a run end in its journal, in bytes."""
    rig = make_rig()
    rig.storage = FileLines(path)
    async with rig.observatory:
        await carry_out(rig)
    ends, end = [], 0
    for line in rig.storage.lines:
        end += len(line) + 1
        ends.append(end)
    return ends


@pytest.mark.parametrize("part", range(PARTS))
def test_a_disk_that_is_full_at_any_record_ends_the_run_and_loses_nothing(
    part, tmp_path, record_property
):
    ends = run_fast(_size(tmp_path / "whole.jsonl"))
    case = CASES["the disk of the journal is full"]
    count = 0
    # The last record is about the end: without it there is nothing left to resume.
    for number, end in list(enumerate(ends[1:-2], start=1))[part::PARTS]:
        # Half of the next record fits; nothing of it may be left.
        size = end + (ends[number + 1] - end) // 2
        reason = run_fast(_fill_up(tmp_path / f"{number}.jsonl", size))
        assert case.says in reason
        assert "Make room on that disk" in reason
        count += 1
    record_property("full_disks", count)
    record_property("fault", [case.fault, reason])


class HangingStorage(MemoryStorage):
    """The disk of a journal that hangs at one record, until it is to answer again."""

    def __init__(self, loop: FastEventLoop, lives: int) -> None:
        super().__init__()
        self.answers = threading.Event()
        self.has_answered = threading.Event()
        self._loop = loop
        self._lives = lives

    def append(self, line: str) -> None:
        if self._lives == 0:
            with self._loop.hanging():
                self.answers.wait()
        self._lives -= 1
        super().append(line)
        if self._lives < 0:
            self.has_answered.set()


async def _hang(number: int, *, comes_late: bool) -> str:
    """Carry out a run whose journal hangs at a record, and resume it."""
    loop = asyncio.get_running_loop()
    rig = make_rig()
    storage = HangingStorage(loop, number)
    async with rig.observatory:
        run = rig.make(storage)
        begin = loop.time()
        with pytest.raises(JournalError) as caught:
            await run.execute()
        with contextlib.suppress(JournalError):
            await run.clean_up()
        assert loop.time() - begin <= rig.longest, "it took longer than its deadlines allow"
        assert not rig.observatory.pipelines._running, "a job goes on, and nobody knows"
        lines = list(storage.lines)
        assert len(lines) == number
        storage.answers.set()
        await asyncio.to_thread(storage.has_answered.wait, 60.0)
        assert len(storage.lines) == number + 1, "nothing was written behind what hung"
        left = MemoryStorage()
        left.lines = list(storage.lines) if comes_late else lines
        outcome = await carry_out(rig, left)
        assert statuses(outcome) == ("certified", "certified")
        assert set(certified(rig)) == {"bias", "dark"}
        assert len(rig.of(ExposureTaken)) == 7
    return str(caught.value)


@pytest.mark.parametrize("comes_late", [True, False], ids=["written later", "never written"])
@pytest.mark.parametrize("part", range(PARTS))
def test_a_disk_that_hangs_at_any_record_ends_the_run_and_loses_nothing(
    part, comes_late, tmp_path, record_property
):
    records = len(run_fast(_size(tmp_path / "whole.jsonl")))
    case = CASES["the disk of the journal hangs"]
    count = 0
    for number in range(1 + part, records - 1, PARTS):
        reason = run_fast(_hang(number, comes_late=comes_late))
        assert case.says in reason
        assert "Look whether that file system hangs" in reason
        count += 1
    record_property("hung_disks", count)
    record_property("fault", [case.fault, reason])


def test_a_lock_on_a_disk_that_hangs_is_given_up_and_the_process_goes_on(tmp_path, monkeypatch):
    monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(tmp_path))
    answers = threading.Event()

    async def release() -> None:
        files = RunFiles("run", timeout=0.1)
        assert await files.open(resume=False) == []
        monkeypatch.setattr(type(files.path), "unlink", lambda *_, **__: answers.wait())
        with pytest.raises(JournalError, match=r"run\.jsonl did not answer within 0\.1 s"):
            await files.close()
        with pytest.raises(JournalError, match="did not answer"):
            await files.disk.call(bool)

    try:
        asyncio.run(release())
    finally:
        answers.set()


async def test_a_device_that_takes_nothing_is_told_as_such():
    class Clock:
        def tai(self):
            return 0.0

    journal = RunJournal(FileStorage(pathlib.Path("/dev/full")), Clock())
    with pytest.raises(JournalError, match="No space left on device"):
        await journal.record(Message(20, "hello"))


@pytest.mark.parametrize("arguments", [["faults"], ["faults", "--json"], ["runs"]])
def test_what_cannot_be_printed_fails_in_a_sentence(arguments, tmp_path, record_property):
    case = CASES["the disk of what is printed is full"]
    journal = tmp_path / "run.jsonl"
    journal.write_text("")
    with pathlib.Path("/dev/full").open("w") as full:
        program = pathlib.Path(sys.executable).parent / "dailycal"
        result = subprocess.run(
            [program, *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
            env=os.environ | {"DAILYCAL_JOURNAL_DIR": str(tmp_path)},
        )
    assert result.returncode not in (0, 120), result.stderr
    assert case.says in result.stderr
    assert "Traceback" not in result.stderr
    record_property("fault", [case.fault, result.stderr.strip()])
