# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drifts and steps in a series of measurements, with a probability of a false alarm."""

__all__ = ["Trend", "find_trend", "scatter"]

import dataclasses
import math
import statistics
from collections.abc import Sequence

_NORMAL = statistics.NormalDist()
_MAD_TO_SIGMA = 1.4826
_LEAST = 8  # values: with fewer the errors are not known well enough


@dataclasses.dataclass(frozen=True, slots=True)
class Trend:
    """A step or a drift that chance does not explain."""

    change: float
    """By how much the values are higher at the end than at the begin, in their own unit."""
    start: int
    """Index of the first value after a step; 0 for a drift over all of them."""


def scatter(values: Sequence[float]) -> float:
    """Estimate a standard deviation from the median of the distances from the median (`float`)."""
    middle = statistics.median(values)
    return _MAD_TO_SIGMA * statistics.median(abs(value - middle) for value in values)


def find_trend(values: Sequence[float], series: int, false_alarm: float) -> Trend | None:
    """Look for a drift or a step in one of several series.

    Parameters
    ----------
    values : `~collections.abc.Sequence` [`float`]
        Measurements in the order of time.
    series : `int`
        How many series are looked at together.
    false_alarm : `float`
        Probability that a trend is found in any of the series if all of their values are
        independent and normally distributed. It is divided by the number of tests (Bonferroni),
        which makes it an upper limit.

    Returns
    -------
    trend : `Trend` or `None`
        The most significant one; `None` if there is none, or there are fewer than 8 values.

    Notes
    -----
    A drift is tested with Student's t of the slope, and a step at each place with Student's t of
    the difference of means. A t of so many degrees of freedom is turned into a normal deviate by
    the formula of D. L. Wallace (1959), Annals of Mathematical Statistics 30, 1121.
    """
    n = len(values)
    if n < _LEAST:
        return None
    times = [float(number) for number in range(n)]
    found = [(_deviate(times, values), 0)]
    # Of a single value at either end nothing can be said but that it is an outlier.
    for start in range(2, n - 1):
        found.append((_deviate([float(number >= start) for number in range(n)], values), start))
    limit = _NORMAL.inv_cdf(1.0 - false_alarm / (2 * series * len(found)))
    deviate, start = max(found)
    if deviate <= limit:
        return None
    if start == 0:
        return Trend(_slope(times, values)[0] * (n - 1), 0)
    return Trend(statistics.fmean(values[start:]) - statistics.fmean(values[:start]), start)


def _slope(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Fit a line; return its slope and the standard error of the slope."""
    mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
    spread = sum((a - mean_x) ** 2 for a in x)
    slope = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    rest = sum((b - mean_y - slope * (a - mean_x)) ** 2 for a, b in zip(x, y, strict=True))
    return slope, math.sqrt(rest / (len(x) - 2) / spread)


def _deviate(x: Sequence[float], y: Sequence[float]) -> float:
    """Return the normal deviate that is as improbable as Student's t of a slope."""
    slope, error = _slope(x, y)
    if slope == 0.0:
        return 0.0
    if error == 0.0:
        return math.inf
    freedom = len(x) - 2
    t = slope / error
    return (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(freedom * math.log1p(t * t / freedom))
