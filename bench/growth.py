# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a figure that was taken again and again grows."""

from __future__ import annotations

import itertools
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LIMITS = {"memory": 0.1, "threads": 0.02, "files": 0.02, "endpoints": 0.02, "objects": 20.0}
"""By how much a procedure may let each figure grow, in its unit."""
UNITS = {"memory": "MB", "threads": "", "files": "", "endpoints": "", "objects": ""}
FEWEST = 8
"""How many samples it takes to tell growth from the first few, in which caches fill."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How one figure of one process went."""

    first: float
    """After the first procedure."""
    tenth: float
    """After the tenth, or the last if there are fewer."""
    last: float
    """After the last procedure."""
    slope: float
    """Median growth a procedure over the later half."""
    limit: float
    """What it may be."""
    enough: bool
    """Are there samples enough to tell?"""

    @property
    def verdict(self) -> str:
        """What to say of it (`str`)."""
        if not self.enough:
            return "too few to tell"
        return "grows" if self.slope > self.limit else "steady"


def label(figure: str) -> str:
    """Return the name of a figure in `LIMITS` with its unit, if it has one."""
    return f"{figure} ({UNITS[figure]})" if UNITS[figure] else figure


def slope(values: Sequence[float]) -> float:
    """Return the median of the slopes between all pairs (Theil and Sen).

    One sample that stands out, such as a job that has just ended, does not move it.
    """
    pairs = itertools.combinations(enumerate(values), 2)
    return statistics.median((b - a) / (j - i) for (i, a), (j, b) in pairs)


def judge(figure: str, values: Sequence[float]) -> Growth:
    """Judge how a figure went from procedure to procedure.

    Parameters
    ----------
    figure : `str`
        Its name in `LIMITS`.
    values : `~collections.abc.Sequence` [`float`]
        One value a procedure.
    """
    later = values[len(values) // 2 :]
    enough = len(values) >= FEWEST
    return Growth(
        first=values[0],
        tenth=values[min(9, len(values) - 1)],
        last=values[-1],
        slope=slope(later) if len(later) > 1 else 0.0,
        limit=LIMITS[figure],
        enough=enough,
    )
