# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a calibration run."""

__all__ = ["RUN_CODEC", "RunJournal", "read_journal", "read_run_entries"]

import logging
import pathlib
from collections.abc import Iterable

from ..journal.codec import Codec, Entry
from ..journal.disk import DiskCalls
from ..journal.reading import read_entries
from ..journal.recorder import Journal, Observer
from ..journal.storage import Storage
from ..model import Event
from ..ports import Clock
from .state import RunState

RUN_CODEC: Codec[Event] = Codec(Event, version=1)
"""The format of the journal of a run."""


class RunJournal(Journal[Event, RunState]):
    """The journal of a run; see `Journal`.

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
        observers: Iterable[Observer[Event]] = (),
        *,
        events: Iterable[Event] = (),
        log: logging.Logger | None = None,
        disk: DiskCalls | None = None,
    ) -> None:
        past = list(events)
        super().__init__(
            RUN_CODEC,
            RunState(past),
            storage,
            clock,
            observers=observers,
            number=len(past),
            log=log,
            disk=disk,
        )


def read_run_entries(path: pathlib.Path) -> list[Entry[Event]]:
    """Read the journal of a run with the time of each event; see `read_entries`."""
    return read_entries(path, RUN_CODEC)


def read_journal(path: pathlib.Path) -> list[Event]:
    """Read the events of a run; see `read_entries`."""
    return [entry.event for entry in read_run_entries(path)]
