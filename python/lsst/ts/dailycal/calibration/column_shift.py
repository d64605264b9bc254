# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell whether the pixels of a row come earlier or later than they should.

The columns of an amplifier have offsets of their own, which are the same in every frame. If a
readout begins a column too late they are all in the next one: no level is another, no noise, and
yet each pixel is that of its neighbour.
"""

__all__ = ["MOST_COLUMNS", "ColumnLevels", "Shift", "find_shift", "without_mean"]

import dataclasses
import statistics
import typing
from collections.abc import Sequence

if typing.TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST_COLUMNS = 5
"""By how many columns a shift is looked for, either way."""
_EXPLAINED = 0.75
"""How much of what differs beyond chance a shift must explain."""
_LEAST_PATTERN = 1.0
"""How large a pattern must be for a shift of it to be seen: mean of d squared, in errors."""
_LEAST_COLUMNS = 2 * MOST_COLUMNS
_SHIFTS = (*range(-MOST_COLUMNS, 0), *range(1, MOST_COLUMNS + 1))


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
    items = [item for item in amplifiers if _can_be_told(item)]
    if not items:
        return None
    sums = _sums(items)
    (columns,) = _best(sums.sum(axis=2, keepdims=True), sigmas)
    if columns:
        return Shift(columns, ())
    names = [item.name for item in items]
    single = {name: by for name, by in zip(names, _best(sums, sigmas), strict=True) if by}
    if not single:
        return None
    columns = statistics.mode(single.values())
    return Shift(columns, tuple(name for name, by in single.items() if by == columns))


def _can_be_told(item: ColumnLevels) -> bool:
    return len(item.values) == len(item.reference) > _LEAST_COLUMNS and item.error > 0.0


def _sums(items: Sequence[ColumnLevels]) -> "NDArray[np.float64]":
    """Sum what the filter needs, in units of the error.

    Returns
    -------
    sums : `numpy.ndarray`, (4, shifts, amplifiers)
        The squares of x, the squares of d, x times d, each without what errors add on average;
        and the number of columns.
    """
    import numpy as np

    width = max(len(item.values) for item in items)
    values, reference = np.zeros((2, len(items), width))
    for number, item in enumerate(items):
        values[number, : len(item.values)] = item.values
        reference[number, : len(item.values)] = item.reference
    facts = [(item.error, item.reference_error, len(item.values)) for item in items]
    errors, reference_errors, ends = np.array(facts).T
    shifts = np.array(_SHIFTS)[:, np.newaxis, np.newaxis]
    places = np.arange(width)
    used = (places >= shifts) & (places < ends[:, np.newaxis] + np.minimum(shifts, 0))
    columns = used.sum(axis=2)

    def flat(levels: "NDArray[np.float64]") -> "NDArray[np.float64]":
        mean = levels.sum(axis=2, where=used) / columns
        return np.where(used, levels - mean[:, :, np.newaxis], 0.0)

    x = flat(np.broadcast_to(values - reference, used.shape))
    moved = np.clip(places - shifts, 0, width - 1)
    d = flat(reference[np.arange(len(items))[:, np.newaxis], moved] - reference)
    variance = errors**2 + reference_errors**2
    by_chance = columns * reference_errors**2 / variance
    return np.stack(
        (
            (x * x).sum(axis=2) / variance - columns,
            (d * d).sum(axis=2) / variance - 2.0 * by_chance,
            (x * d).sum(axis=2) / variance - by_chance,
            columns,
        )
    )


def without_mean(values: Sequence[float]) -> list[float]:
    """Take the mean off (`list` [`float`])."""
    mean = statistics.fmean(values)
    return [value - mean for value in values]


def _best(sums: "NDArray[np.float64]", sigmas: float) -> list[int]:
    """Return for each amplifier the shift that leaves least of the differences; 0 if none is sure.

    What is compared with something that is no number is not sure.
    """
    import numpy as np

    differences, pattern, along, columns = sums
    explained = 2.0 * along - pattern
    sure = pattern >= _LEAST_PATTERN * columns
    sure &= along >= sigmas * np.sqrt(np.maximum(pattern + columns, 0.0))
    sure &= explained > _EXPLAINED * np.maximum(differences, 0.0)
    best = np.where(sure, explained / columns, -np.inf).argmax(axis=0).tolist()
    found = sure.any(axis=0).tolist()
    return [_SHIFTS[number] if is_sure else 0 for number, is_sure in zip(best, found, strict=True)]
