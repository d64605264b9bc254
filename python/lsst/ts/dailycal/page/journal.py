# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is remembered of a run of the page."""

__all__ = ["PageEntry", "PageJournal", "PageObserver", "read_page_entries", "read_page_journal"]

import asyncio
import dataclasses
import functools
import json
import logging
import pathlib
import typing
from collections.abc import Iterable

import cattrs
import cattrs.strategies

from ..journal.disk import DiskCalls
from ..journal.observers import Audience
from ..journal.storage import Storage
from ..model import JournalError
from ..ports import Clock
from ..run.codec import check_version
from .events import PageEvent, StepProgress

PAGE_JOURNAL_VERSION = 1
"""Version of the format."""


class PageObserver(typing.Protocol):
    """Whoever watches a run of the page."""

    def notify(self, event: PageEvent) -> None:
        """Take note of a record, in a thread of its own; what it raises is logged only."""
        ...


class PageJournal:
    """Records events: first on storage, then to the observers.

    Parameters
    ----------
    storage : `Storage`
        Where the lines go.
    clock : `Clock`
        For the time of each record.
    observers : `~collections.abc.Iterable` [`PageObserver`], optional
        Who is told.
    log : `logging.Logger`, optional
        Where trouble with an observer is reported.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        observers: Iterable[PageObserver] = (),
        log: logging.Logger | None = None,
    ) -> None:
        self._storage = storage
        self._disk = DiskCalls(str(storage))
        self._clock = clock
        self._lock = asyncio.Lock()
        self._audience: Audience[PageEvent] = Audience(
            [observer.notify for observer in observers], log or logging.getLogger(__name__)
        )

    async def record(self, event: PageEvent) -> None:
        """Record an event; when this returns, it survives a crash.

        Progress is told to the observers only.

        Raises
        ------
        JournalError
            If it cannot be stored, or the disk does not answer.
        """
        if not isinstance(event, StepProgress):
            body = {
                "version": PAGE_JOURNAL_VERSION,
                "tai": self._clock.tai(),
                "record": _converter().unstructure(event, unstructure_as=PageEvent),
            }
            line = json.dumps(body, separators=(",", ":"), ensure_ascii=True)
            async with self._lock:
                await self._disk.call(functools.partial(self._storage.append, line))
        self._audience.tell(event)

    async def settle(self) -> None:
        """Wait a little until the observers have heard everything."""
        await self._audience.settle()


@functools.cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(detailed_validation=False)
    cattrs.strategies.configure_tagged_union(PageEvent, converter, tag_name="event")
    return converter


@dataclasses.dataclass(frozen=True, slots=True)
class PageEntry:
    """One line of the journal of a run of the page."""

    tai: float
    """When it was recorded, in seconds since 1970-01-01 00:00:00 TAI."""
    event: PageEvent
    """What happened."""


def read_page_journal(path: pathlib.Path) -> list[PageEvent]:
    """Read the events of a run of the page; a line that a crash cut short is left out.

    Raises
    ------
    JournalError
        If there is no such file, or a line is no event.
    """
    return [entry.event for entry in read_page_entries(path)]


def read_page_entries(path: pathlib.Path) -> list[PageEntry]:
    """Read the journal of a run of the page; a line that a crash cut short is left out.

    Raises
    ------
    JournalError
        If there is no such file, or a line is no event.
    """
    try:
        lines = path.read_text(encoding="ascii", errors="replace").split("\n")
    except OSError as error:
        raise JournalError(
            f"There is no journal {path}: {error.strerror or error}.",
            remedy="`dailycal runs` lists the runs that have one.",
        ) from error
    entries: list[PageEntry] = []
    for number, line in enumerate(lines, start=1):
        try:
            body = json.loads(line)
        except (ValueError, RecursionError):
            continue  # nothing, or cut short
        try:
            check_version(body["version"], PAGE_JOURNAL_VERSION)
            event: PageEvent = _converter().structure(body["record"], PageEvent)  # type: ignore[arg-type]
            entries.append(PageEntry(float(body["tai"]), event))
        except JournalError as error:
            raise JournalError(f"{path}, line {number}: {error}") from error
        except Exception as error:  # KeyError and whatever cattrs raises: one meaning
            raise JournalError(f"{path}, line {number}: not an event of a page run.") from error
    return entries
