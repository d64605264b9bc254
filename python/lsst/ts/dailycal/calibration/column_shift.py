# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell whether the pixels of a row come earlier or later than they should.

The columns of an amplifier have offsets of their own, which are the same in every frame. If a
readout begins a column too late they are all in the next one: no level is another, no noise, and
yet each pixel is that of its neighbour.
"""

__all__ = ["MOST_COLUMNS", "ColumnLevels", "Shift", "find_shift", "without_mean"]

import dataclasses
import math
import operator
import statistics
import typing
from collections.abc import Sequence

MOST_COLUMNS = 5
"""By how many columns a shift is looked for, either way."""
_EXPLAINED = 0.75
"""How much of what differs beyond chance a shift must explain."""
_LEAST_PATTERN = 1.0
"""How large a pattern must be for a shift of it to be seen: mean of d squared, in errors."""
_LEAST_COLUMNS = 2 * MOST_COLUMNS


@dataclasses.dataclass(frozen=True, slots=True)
class ColumnLevels:
    """The same columns of an amplifier, in a frame and in what it is held against."""

    name: str
    """Name of the amplifier."""
    values: Sequence[float]
    """Levels in the frame, in readout order."""
    reference: Sequence[float]
    """Levels that they should have, in the same unit."""
    error: float
    """Standard error of a value."""
    reference_error: float
    """Standard error of a level of the reference."""


class Shift(typing.NamedTuple):
    """What was found."""

    columns: int
    """By how many columns the pixels come late; negative for early."""
    amplifiers: tuple[str, ...]
    """Where; empty for all."""

    def __str__(self) -> str:
        many = "s" * (abs(self.columns) > 1)
        return (
            f"pixels come {abs(self.columns)} column{many} too "
            f"{'late' if self.columns > 0 else 'early'} in their rows"
        )


def find_shift(amplifiers: Sequence[ColumnLevels], sigmas: float) -> Shift | None:
    """Look for a shift that explains how columns differ from what they should be.

    Parameters
    ----------
    amplifiers : `~collections.abc.Sequence` [`ColumnLevels`]
        All amplifiers that can be looked at.
    sigmas : `float`
        How many standard errors are chance.

    Returns
    -------
    shift : `Shift` or `None`
        The one that explains most, of all amplifiers together, or of single ones if all together
        have none.

    Notes
    -----
    A matched filter: if x is the difference and d that which a shift by so many columns would
    make, the share of d in x is ``x d / d d`` with the standard error ``error / |d|``: 1 for a
    shift, 0 without. The errors of the reference are in both, and what they add on average is
    taken off. So are means, so that light and levels have no say.
    """
    sums = [_Sums.of(item) for item in amplifiers if _can_be_told(item)]
    columns = _best([item.sums for item in sums], sigmas)
    if columns:
        return Shift(columns, ())
    single = {item.name: _best([item.sums], sigmas) for item in sums}
    names = tuple(name for name, columns in single.items() if columns)
    if not names:
        return None
    columns = statistics.mode(single[name] for name in names)
    return Shift(columns, tuple(name for name in names if single[name] == columns))


class _Sum(typing.NamedTuple):
    """What the filter needs of one amplifier and shift, in units of the error.

    What errors add on average has been taken off.
    """

    differences: float
    """Sum of the squares of x."""
    pattern: float
    """Sum of the squares of d."""
    along: float
    """Sum of x times d."""
    columns: int
    """How many columns."""


class _Sums(typing.NamedTuple):
    """Those of one amplifier."""

    name: str
    """Its name."""
    sums: dict[int, _Sum]
    """By shift."""

    @classmethod
    def of(cls, item: ColumnLevels) -> typing.Self:
        shifts = (*range(-MOST_COLUMNS, 0), *range(1, MOST_COLUMNS + 1))
        return cls(item.name, {columns: _sum(item, columns) for columns in shifts})


def _can_be_told(item: ColumnLevels) -> bool:
    return len(item.values) == len(item.reference) > _LEAST_COLUMNS and item.error > 0.0


def _sum(item: ColumnLevels, columns: int) -> _Sum:
    late, early, end = max(columns, 0), max(-columns, 0), len(item.values)
    values = without_mean(item.values[late : end - early])
    right = without_mean(item.reference[late : end - early])
    wrong = without_mean(item.reference[early : end - late])
    x = [value - level for value, level in zip(values, right, strict=True)]
    d = [level - other for level, other in zip(wrong, right, strict=True)]
    variance = item.error**2 + item.reference_error**2
    by_chance = len(x) * item.reference_error**2 / variance
    return _Sum(
        _product(x, x) / variance - len(x),
        _product(d, d) / variance - 2.0 * by_chance,
        _product(x, d) / variance - by_chance,
        len(x),
    )


def _product(a: Sequence[float], b: Sequence[float]) -> float:
    return math.fsum(map(operator.mul, a, b))


def without_mean(values: Sequence[float]) -> list[float]:
    """Take the mean off (`list` [`float`])."""
    mean = statistics.fmean(values)
    return [value - mean for value in values]


def _best(amplifiers: Sequence[dict[int, _Sum]], sigmas: float) -> int:
    """Return the shift that leaves least of the differences; 0 if none is sure."""
    found: dict[int, float] = {}
    for columns in amplifiers[0] if amplifiers else ():
        items = [sums[columns] for sums in amplifiers]
        pattern, along = sum(i.pattern for i in items), sum(i.along for i in items)
        count = sum(i.columns for i in items)
        differences = max(sum(i.differences for i in items), 0.0)
        explained = 2.0 * along - pattern
        if pattern < _LEAST_PATTERN * count or along < sigmas * math.sqrt(pattern + count):
            continue
        if explained > _EXPLAINED * differences:
            found[columns] = explained / count
    return max(found, key=found.__getitem__, default=0)
