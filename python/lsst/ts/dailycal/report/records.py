# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A journal with the time of each record."""

__all__ = ["Record", "read_records"]

import dataclasses
import json
import pathlib
import typing

from ..model import Event
from ..run.journal import read_journal


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """An event and when it was recorded."""

    tai: float
    """Seconds since 1970-01-01 00:00:00 TAI."""
    event: Event
    """The event."""


def read_records(path: pathlib.Path) -> list[Record]:
    """Read a journal.

    Parameters
    ----------
    path : `pathlib.Path`
        The file.

    Raises
    ------
    JournalError
        If it is not there or damaged.
    """
    # The journal may grow between the two readings; what comes later is seen next time.
    events = read_journal(path)
    times = list(_times(path.read_text(encoding="ascii", errors="replace")))
    return [Record(tai, event) for tai, event in zip(times, events, strict=False)]


def _times(text: str) -> typing.Iterator[float]:
    """Find the time of each record; a line that a crash cut short is none."""
    for line in text.split("\n"):
        try:
            yield float(json.loads(line)["tai"])
        except (ValueError, RecursionError):
            continue
