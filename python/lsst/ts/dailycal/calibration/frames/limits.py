# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far a frame may be from the others before it is called bad.

A frame is held against the median of its own run, quantity by quantity. It may differ by a
tolerance, which is what does no harm or what electronics do, and beyond it by as many standard
errors as make false alarms rare.

**False alarms.** A run of N planned frames makes at most ``6 N 16 (grid + 17)`` comparisons: 16
amplifiers, their regions, six other quantities, and ten shifts of their columns by themselves and
of all together. A frame is judged at most six times, when it comes and again while its pool has
six frames or fewer. The standard errors are those of a normal distribution whose tails, both
together, hold ``FALSE_ALARMS`` over that number (Bonferroni), so that a healthy run has a false
alarm with a probability below ``FALSE_ALARMS``, 0.0005, even if it needed the whole tolerance.
Normal are the errors of medians of thousands of pixels, and the standard error is the larger one
of that of the pixels and of the scatter that the run itself shows, from five frames on.
"""

__all__ = ["FALSE_ALARMS", "Reference", "burst_limit", "count_comparisons", "n_sigma", "step_limit"]

import dataclasses
import functools
import math
import statistics
import typing
from collections.abc import Sequence

FALSE_ALARMS = 5e-4
"""Probability that a healthy run has a frame that is called bad."""
JUDGEMENTS = 6
"""How often a frame is judged at most; pools of up to as many frames are judged again."""
_SIGMA_PER_MAD = 1.4826
_ENOUGH_FOR_SCATTER = 5
_BURST_TOLERANCE = 0.15
_STEP_TOLERANCE = 3.0  # ADU
_STEP_FACTOR = 1.3  # the wander of the electronics may be so much larger than in other frames


def count_comparisons(frames: int, regions: int, amplifiers: int = 16) -> int:
    """Count the comparisons of a run at most (`int`)."""
    return JUDGEMENTS * max(frames, 1) * amplifiers * (regions + 17)


@functools.cache
def n_sigma(comparisons: int) -> float:
    """Return how many standard errors a healthy frame stays within (`float`).

    Parameters
    ----------
    comparisons : `int`
        How many comparisons there are in all.
    """
    return statistics.NormalDist().inv_cdf(1.0 - FALSE_ALARMS / comparisons / 2.0)


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """A quantity in the frames of a pool."""

    low: float
    """Lower median; with an even number of frames, the lower one of the two in the middle."""
    high: float
    """Upper median. A frame between the two is never odd: of two frames, neither is."""
    scatter: float
    """Robust standard deviation; 0 if the frames are too few to tell."""
    count: int
    """How many frames."""

    @classmethod
    def of(cls, values: Sequence[float]) -> typing.Self:
        """Make the reference of the values of a pool."""
        ordered, count = sorted(values), len(values)
        low, high = ordered[(count - 1) // 2], ordered[count // 2]
        scatter = 0.0
        if count >= _ENOUGH_FOR_SCATTER:
            middle = (low + high) / 2
            scatter = _SIGMA_PER_MAD * sorted(abs(value - middle) for value in ordered)[count // 2]
        return cls(low, high, scatter, count)

    def margin(self, error: float, tolerance: float, sigmas: float) -> float:
        """Return how far outside of the medians a healthy frame may be (`float`).

        Parameters
        ----------
        error : `float`
            Standard error of the value of one frame.
        tolerance : `float`
            What is allowed beyond chance.
        sigmas : `float`
            How many standard errors.
        """
        # The variance of a median of n values is pi/2n of theirs.
        whole = max(error, self.scatter) * math.sqrt(1.0 + math.pi / 2.0 / self.count)
        return tolerance + sigmas * whole


@functools.cache
def _sigmas_of_middle(count: int) -> float:
    return statistics.NormalDist().inv_cdf(0.5 + 0.5 ** (1.0 / count) / 2.0)


def step_limit(usual: float, blocks: int, comparisons: int) -> float:
    """Return the largest step of the overscan that is no alarm (ADU).

    Parameters
    ----------
    usual : `float`
        Median of the largest steps in the frames of the run (ADU).
    blocks : `int`
        Between how many blocks of rows the largest step is looked for.
    comparisons : `int`
        How many comparisons there are in the run.

    Notes
    -----
    The largest of n steps of a normal distribution is below x with the probability
    ``(1 - 2 Q(x))**n``: its median gives the standard deviation, and that the limit.
    """
    count = max(blocks - 1, 1)
    middle = _sigmas_of_middle(count)
    return _STEP_TOLERANCE + _STEP_FACTOR * usual / middle * n_sigma(comparisons * count)


@functools.cache
def burst_limit(blocks: int, block_pixels: int, comparisons: int) -> float:
    """Return the largest noise of a block of rows, over that of all, that is no alarm (`float`).

    The sum of the squares of n residuals is chi-square of n degrees of freedom, whose tail is
    that of Wilson and Hilferty (1931).
    """
    sigmas = n_sigma(comparisons * max(blocks, 1))
    spread = 2.0 / (9.0 * block_pixels)
    return _BURST_TOLERANCE + math.sqrt((1.0 - spread + sigmas * math.sqrt(spread)) ** 3)
