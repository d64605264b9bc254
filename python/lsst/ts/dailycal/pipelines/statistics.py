# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics of many pixels: means in double precision, standard deviations with clipping."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The first clipping takes its width from quartiles of a sample of about this many values.
_SAMPLE = 10_000
# Standard deviation of a normal distribution over its interquartile range.
_SIGMA_PER_IQR = 0.7413011


def mean_and_stdev(values: NDArray[np.float32]) -> tuple[float, float]:
    """Take mean and standard deviation.

    Parameters
    ----------
    values : `numpy.ndarray`
        Values of any shape.

    Returns
    -------
    mean, stdev : `float`
        NaN if there is no value.
    """
    if values.size == 0:
        return float("nan"), float("nan")
    mean = float(np.mean(values, dtype=np.float64))
    residual = values - np.float32(mean)
    np.multiply(residual, residual, out=residual)
    return mean, float(np.sqrt(np.mean(residual, dtype=np.float64)))


def clipped_stdev(values: NDArray[np.float32], n_sigma: float = 5.0, iterations: int = 3) -> float:
    """Take the standard deviation without outliers.

    The first clipping is about the median, with a width from the quartiles, so that a few
    enormous values do not hide each other.

    Parameters
    ----------
    values : `numpy.ndarray`, (n,)
        Values.
    n_sigma : `float`
        Values further out than this many standard deviations are left out.
    iterations : `int`
        How often.

    Returns
    -------
    stdev : `float`
        NaN if there is no value.
    """
    return clipped_mean_and_stdev(values, n_sigma, iterations)[1]


def clipped_mean_and_stdev(
    values: NDArray[np.float32],
    n_sigma: float = 5.0,
    iterations: int = 3,
    unclipped: tuple[float, float] | None = None,
) -> tuple[float, float]:
    """Take mean and standard deviation without outliers, as `clipped_stdev` does.

    Of what is known already, mean and standard deviation of all values may be given.
    """
    if values.size == 0:
        return float("nan"), float("nan")
    sample = values[:: max(values.size // _SAMPLE, 1)]
    low, centre, high = (float(x) for x in np.percentile(sample, (25, 50, 75)))
    width = n_sigma * _SIGMA_PER_IQR * (high - low)
    stdev = float("nan")
    for number in range(iterations):
        kept = _within(values, centre, width)
        if number > 0 and len(kept) == len(values):
            break
        if number == 0 and unclipped is not None and len(kept) == len(values):
            centre, stdev = unclipped
        else:
            centre, stdev = mean_and_stdev(kept)
        values = kept
        width = n_sigma * stdev
    return centre, stdev


def _within(values: NDArray[np.float32], centre: float, width: float) -> NDArray[np.float32]:
    if values.size == 0 or (values.max() <= centre + width and values.min() >= centre - width):
        return values
    inside: NDArray[np.float32] = values[np.abs(values - np.float32(centre)) <= np.float32(width)]
    return inside
