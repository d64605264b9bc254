# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a run of the page."""

__all__ = [
    "PAGE_CODEC",
    "PageJournal",
    "page_directory",
    "read_page_entries",
    "read_page_journal",
]

import logging
import pathlib
from collections.abc import Iterable

from ..journal.codec import Codec, Entry
from ..journal.reading import journal_path, read_entries
from ..journal.recorder import Journal, Observer
from ..journal.storage import Storage
from ..ports import Clock
from .events import PageEvent, StepProgress
from .state import PageState

PAGE_CODEC: Codec[PageEvent] = Codec(PageEvent, version=1, is_numbered=False)
"""The format of the journal of a run of the page."""


class PageJournal(Journal[PageEvent, PageState]):
    """The journal of a run of the page; see `Journal`.

    Parameters
    ----------
    storage : `Storage`
        Where the lines go.
    clock : `Clock`
        For the time of each record.
    observers : `~collections.abc.Iterable` [`Observer`], optional
        Who is told.
    log : `logging.Logger`, optional
        Where trouble with an observer is reported.
    """

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        observers: Iterable[Observer[PageEvent]] = (),
        log: logging.Logger | None = None,
    ) -> None:
        super().__init__(PAGE_CODEC, PageState(), storage, clock, observers=observers, log=log)

    async def record(self, event: PageEvent) -> None:
        """Record an event; progress is told to the observers only. See `Journal.record`."""
        if isinstance(event, StepProgress):
            self.tell(event)
        else:
            await super().record(event)


def page_directory() -> pathlib.Path:
    """Return where the journals of page runs lie, beside those of the script's runs."""
    return journal_path("x").parent / "pages"


def read_page_entries(path: pathlib.Path) -> list[Entry[PageEvent]]:
    """Read the journal of a run of the page with times; see `read_entries`."""
    return read_entries(path, PAGE_CODEC)


def read_page_journal(path: pathlib.Path) -> list[PageEvent]:
    """Read the events of a run of the page; see `read_entries`."""
    return [entry.event for entry in read_page_entries(path)]
