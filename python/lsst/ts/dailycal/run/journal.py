# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: the only memory of a run."""

__all__ = [
    "FileStorage",
    "Journal",
    "MemoryStorage",
    "Storage",
    "journal_path",
    "read_entries",
    "read_journal",
]

import asyncio
import contextlib
import json
import logging
import os
import pathlib
import typing
from collections.abc import Iterable

import platformdirs

from ..model import Event, JournalError
from ..ports import Clock, Observer
from .audience import Audience
from .codec import Entry, decode_entry, encode
from .state import RunState

DIRECTORY_VARIABLE = "DAILYCAL_JOURNAL_DIR"
"""Environment variable that names the directory of the journals."""


class Storage(typing.Protocol):
    """Where the lines of a journal go."""

    def append(self, line: str) -> None:
        """Append a line; when this returns, it survives a crash. Blocks."""
        ...


class MemoryStorage:
    """Lines in memory, for runs that need not survive."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def append(self, line: str) -> None:
        """Append a line."""
        self.lines.append(line)


class FileStorage:
    """Lines in a file, each forced to disk before the next thing is done.

    Parameters
    ----------
    path : `pathlib.Path`
        The file; made, with its directory, if it is not there.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def append(self, line: str) -> None:
        """Append a line, and force it to disk.

        Raises
        ------
        JournalError
            If that does not work.
        """
        try:
            is_new = not self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                self._append(descriptor, line)
            finally:
                os.close(descriptor)
            if is_new:
                _sync_directory(self.path.parent)
        except OSError as error:
            raise JournalError(
                f"The journal {self.path} cannot be written: {error.strerror or error}.",
                remedy="Make room on that disk, or set DAILYCAL_JOURNAL_DIR to another one.",
            ) from error

    def _append(self, descriptor: int, line: str) -> None:
        end = os.lseek(descriptor, 0, os.SEEK_END)
        data = self._mend(descriptor, end) + line.encode("ascii") + b"\n"
        try:
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        except OSError:
            # What could not be forced to disk did not happen, so it must not be read again.
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, end)
            raise

    @staticmethod
    def _mend(descriptor: int, end: int) -> bytes:
        """Close a line that a crash cut short, so that it spoils no other."""
        if end == 0 or os.pread(descriptor, 1, end - 1) == b"\n":
            return b""
        return b"\n"


def _sync_directory(path: pathlib.Path) -> None:
    """Force the name of a new file to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Journal:
    """Records events: first on storage, then in the state, then to the observers.

    Parameters
    ----------
    storage : `Storage`
        Where the lines go.
    clock : `Clock`
        For the time of each record.
    observers : `~collections.abc.Iterable` [`Observer`], optional
        Who is told.
    events : `~collections.abc.Iterable` [`Event`], optional
        What is in the storage already.
    log : `logging.Logger`, optional
        Where trouble with an observer is reported.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        observers: Iterable[Observer] = (),
        events: Iterable[Event] = (),
        log: logging.Logger | None = None,
    ) -> None:
        past = list(events)
        self.state = RunState(past)
        self._storage = storage
        self._clock = clock
        self._number = len(past)
        self._lock = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._audience: Audience[Event] = Audience(
            [observer.notify for observer in observers], log or logging.getLogger(__name__)
        )

    async def record(self, event: Event) -> None:
        """Record an event; when this returns, it survives a crash.

        Raises
        ------
        JournalError
            If it cannot be stored. The state is then as if it had not happened.
        """
        async with self._lock:
            line = encode(event, number=self._number, tai=self._clock.tai())
            loop = asyncio.get_running_loop()
            # Shielded, so that a stop cannot leave storage and state different.
            writing = loop.run_in_executor(None, self._storage.append, line)
            cancelled = await _finish(writing)
            self._number += 1
            self.state.apply(event)
        self._audience.tell(event)
        async with self._changed:
            self._changed.notify_all()
        if cancelled is not None:
            raise cancelled

    async def wait_until(self, predicate: typing.Callable[[RunState], bool]) -> None:
        """Wait until the state is as it should be."""
        async with self._changed:
            await self._changed.wait_for(lambda: predicate(self.state))

    async def wake(self) -> None:
        """Let every `wait_until` look again, after something that is not an event."""
        async with self._changed:
            self._changed.notify_all()

    async def settle(self) -> None:
        """Wait a little until the observers have heard everything."""
        await self._audience.settle()


async def _finish(future: asyncio.Future[None]) -> asyncio.CancelledError | None:
    """Wait for a future to the end; return the cancellation that came meanwhile, if any."""
    cancelled = None
    while not future.done():
        try:
            await asyncio.shield(future)
        except asyncio.CancelledError as error:
            if future.cancelled():
                raise
            cancelled = error
    future.result()
    return cancelled


def journal_path(run_id: str) -> pathlib.Path:
    """Return where the journal of a run lies (`pathlib.Path`).

    That is in ``$DAILYCAL_JOURNAL_DIR`` if it is set, else in the user's state directory.
    """
    directory = os.environ.get(DIRECTORY_VARIABLE)
    root = pathlib.Path(directory) if directory else platformdirs.user_state_path("dailycal")
    return root / f"{run_id}.jsonl"


def read_journal(path: pathlib.Path) -> list[Event]:
    """Read the events of a journal; a line that a crash cut short is left out.

    Raises
    ------
    JournalError
        If there is no such file, or a line that was finished is no event.
    """
    return [entry.event for entry in read_entries(path)]


def read_entries(path: pathlib.Path) -> list[Entry]:
    """Read a journal with the time of each event; a line that a crash cut short is left out.

    Raises
    ------
    JournalError
        If there is no such file, or a line that was finished is no event.
    """
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except OSError as error:
        raise JournalError(
            f"There is no journal {path}: {error.strerror or error}.",
            remedy="`dailycal runs` lists the runs that have one.",
        ) from error
    return list(_decode_lines(text, path))


def _decode_lines(text: str, path: pathlib.Path) -> typing.Iterator[Entry]:
    expected = 0
    for line_number, line in enumerate(text.split("\n"), start=1):
        if not line or _is_cut_short(line):
            continue
        try:
            entry = decode_entry(line)
        except JournalError as error:
            raise JournalError(f"{path}, line {line_number}: {error}") from error
        if entry.number != expected:
            raise JournalError(
                f"{path}, line {line_number}: record {entry.number} stands where {expected} should.",
                remedy="The file was damaged or edited; this run cannot be resumed.",
            )
        expected += 1
        yield entry


def _is_cut_short(line: str) -> bool:
    """Tell whether a line is a record that a crash left unfinished, and so did not happen.

    The number of the record after it tells whether one that did happen is missing.
    """
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False
