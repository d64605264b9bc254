# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A journal with the time of each record."""

__all__ = ["Record", "read_records"]

import dataclasses
import pathlib

from ..model import Event
from ..run.journal import read_entries


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
    return [Record(entry.tai, entry.event) for entry in read_entries(path)]
