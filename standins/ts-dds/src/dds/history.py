# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until the samples that were written before a reader came have come to it.

`Discovery` knows how many samples each writer has to give; when all of them have come to a
reader, its history is complete. Samples can be fewer: when two writers write one instance,
a reader keeps the last ones of both together. Then it is complete when every writer was
heard and nothing more has come for a while, a longer one on a machine that is busy, which
the length of short pauses shows.
"""

from __future__ import annotations

__all__ = ["HistoryReader", "wait_for_history"]

import time
from collections import Counter
from collections.abc import Iterable
from typing import Protocol, TypeVar

from .discovery import Discovery

_PAUSE = 0.001
_QUIET = 0.2
"""How long nothing must have come (s)."""
_QUIET_PAUSES = 20
"""And how many times the longest pause seen."""
_DELIVERY = 2.0
"""How long a writer may take to give what it has announced (s)."""


class HistoryReader(Protocol):
    """What must be known of a reader that history comes to."""

    received: Counter[int]
    """How many samples have come from each writer, by publication handle."""

    def matched(self) -> set[int]:
        """Return the publication handles of the writers that match."""

    def collect(self) -> bool:
        """Fetch what has come, to be taken later; return whether there was something."""


Reader = TypeVar("Reader", bound=HistoryReader)


def wait_for_history(
    readers: Iterable[Reader], discovery: Discovery, deadline: float
) -> dict[Reader, bool]:
    """Collect history into readers until nothing more is to come.

    Parameters
    ----------
    readers : iterable of `HistoryReader`
        Readers that want history.
    discovery : `Discovery`
        Who is there, and what they have.
    deadline : `float`
        When to give up (s, of `time.monotonic`).

    Returns
    -------
    complete : `dict` [`HistoryReader`, `bool`]
        Whether each reader has received samples of all writers that had something to give.
    """
    readers = list(readers)
    if not discovery.wait_until_complete(deadline):
        return dict.fromkeys(readers, False)
    samples = discovery.writers_with_history()
    wanted = {
        reader: {writer: samples[writer] for writer in reader.matched() & samples.keys()}
        for reader in readers
    }
    waiting = {reader for reader, writers in wanted.items() if writers}
    last_arrival = time.monotonic()
    limit = min(deadline, last_arrival + _DELIVERY)
    longest_pause = 0.0
    while waiting:
        now = time.monotonic()
        arrived = [reader.collect() for reader in waiting]
        if any(arrived):
            last_arrival = now
        waiting = {
            reader
            for reader in waiting
            if any(reader.received[writer] < count for writer, count in wanted[reader].items())
        }
        silent = {
            reader for reader in waiting if any(not reader.received[one] for one in wanted[reader])
        }
        quiet = now - last_arrival >= max(_QUIET, _QUIET_PAUSES * longest_pause)
        if (quiet and not silent) or now >= limit:
            return {reader: reader not in silent for reader in readers}
        if waiting:
            time.sleep(_PAUSE)
            longest_pause = max(longest_pause, time.monotonic() - now)
    return dict.fromkeys(readers, True)
