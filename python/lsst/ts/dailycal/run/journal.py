# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: the only memory of a run."""

__all__ = ["Journal", "journal_path", "read_entries", "read_journal"]

import asyncio
import functools
import json
import logging
import os
import pathlib
import typing
from collections.abc import Iterable

import platformdirs

from ..journal.disk import DiskCalls
from ..journal.observers import Audience
from ..journal.storage import Storage
from ..model import Event, JournalError
from ..ports import Clock, Observer
from .codec import Entry, decode_entry, encode
from .state import RunState

DIRECTORY_VARIABLE = "DAILYCAL_JOURNAL_DIR"
"""Environment variable that names the directory of the journals."""


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
    disk : `DiskCalls`, optional
        Through which the storage is written, if others use it as well.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        observers: Iterable[Observer] = (),
        events: Iterable[Event] = (),
        log: logging.Logger | None = None,
        disk: DiskCalls | None = None,
    ) -> None:
        past = list(events)
        self.state = RunState(past)
        self._storage = storage
        self._disk = disk or DiskCalls(str(storage))
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
            If it cannot be stored, or the disk does not answer. The state is then as if it had
            not happened; after the latter nothing can be recorded any more.
        """
        async with self._lock:
            line = encode(event, number=self._number, tai=self._clock.tai())
            append = functools.partial(self._storage.append, line)
            # Finished also when a stop comes, which cannot leave storage and state different.
            _, cancelled = await self._disk.finish(append)
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
