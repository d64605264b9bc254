# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics of many pixels: means in double precision, standard deviations with clipping."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The first clipping takes its width from quartiles of a sample of about this many values.
_SAMPLE = 4_000
# Standard deviation of a normal distribution over its interquartile range.
_SIGMA_PER_IQR = 0.7413011
# Values that are handled at once: what stays in the cache between one step and the next, and is
# enough for threads not to wait for each other all the time.
_STRIP = 256_000
# Part of the first clipping's width up to which values are only summed, and never looked at again.
_NEAR = 0.9
# Rows and columns of a patch whose pixels tell how certain its median is.
_ROWS_OF_A_PATCH = 64
# Slope of the logistic function that is most like a normal distribution.
_LOGISTIC = 1.702


@dataclasses.dataclass(frozen=True, slots=True)
class Moments:
    """Mean and standard deviation of values, with and without outliers; NaN for no value."""

    mean: float
    """Of all values."""
    stdev: float
    """Of all values."""
    clipped_mean: float
    """Without outliers."""
    clipped_stdev: float
    """Without outliers."""


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
    values: NDArray[np.float32], n_sigma: float = 5.0, iterations: int = 3
) -> tuple[float, float]:
    """Take mean and standard deviation without outliers, as `clipped_stdev` does."""
    if values.size == 0:
        return float("nan"), float("nan")
    centre, width = _first_clip(values, n_sigma)
    stdev = float("nan")
    for number in range(iterations):
        kept = _within(values, centre, width)
        if number > 0 and len(kept) == len(values):
            break
        centre, stdev = mean_and_stdev(kept)
        values = kept
        width = n_sigma * stdev
    return centre, stdev


def take_moments(values: NDArray[np.float32], n_sigma: float = 5.0, iterations: int = 3) -> Moments:
    """Take what `mean_and_stdev` and `clipped_mean_and_stdev` take, in one pass.

    Values near the middle are summed piece by piece. Clipping then only has to deal with the few
    that are far from it.

    Parameters
    ----------
    values : `numpy.ndarray`, (n,) or (rows, columns)
        Values; a view of a larger image will do.
    n_sigma, iterations
        As for `clipped_stdev`.

    Returns
    -------
    moments : `Moments`
        As the other functions give them, but for the rounding of sums.
    """
    if values.size == 0:
        return Moments(*[float("nan")] * 4)
    centre, width = _first_clip(values, n_sigma)
    near = _NEAR * width
    total, squares, far = _sums(values, np.float32(centre), near)
    number = values.size - len(far)
    middle = float(np.float32(centre))

    def of(some: NDArray[np.float64]) -> tuple[float, float]:
        count = number + len(some)
        if count == 0:
            return float("nan"), float("nan")
        mean = (total + float(some.sum())) / count
        variance = (squares + float(some @ some)) / count - mean * mean
        return middle + mean, float(np.sqrt(np.maximum(variance, 0.0)))

    everything = of(far)
    clipped = everything
    for iteration in range(iterations):
        shift = centre - middle
        if iteration > 0 and not width - abs(shift) >= near:
            # Values that were only summed would have to go: a sharp peak on a broad foot.
            exact = clipped_mean_and_stdev(np.ravel(values), n_sigma, iterations)
            return Moments(*everything, *exact)
        kept = far[np.abs(far - shift) <= width]
        if iteration > 0 and len(kept) == len(far):
            break
        clipped = of(kept)
        far, centre, width = kept, clipped[0], n_sigma * clipped[1]
    return Moments(*everything, *clipped)


def _sums(
    values: NDArray[np.float32], centre: np.float32, near: float
) -> tuple[float, float, NDArray[np.float64]]:
    """Sum distances from the centre, and their squares; give those that are not near apart."""
    rows = max(_STRIP * len(values) // values.size, 1)
    work = np.empty((2, rows, *values.shape[1:]), np.float32)
    limit = np.float32(near * near)
    total = squares = 0.0
    far: list[NDArray[np.float32]] = []
    for y0 in range(0, len(values), rows):
        part = values[y0 : y0 + rows]
        distance, square = (buffer[: len(part)].ravel() for buffer in work)
        np.subtract(part, centre, out=distance.reshape(part.shape))
        np.multiply(distance, distance, out=square)
        if square.max() > limit:
            where = np.flatnonzero(square > limit)
            far.append(distance[where])
            distance[where] = square[where] = 0.0
        total += float(np.add.reduce(distance))
        squares += float(np.add.reduce(square))
    return total, squares, np.concatenate([*far, np.empty(0)]).astype(np.float64)


def _first_clip(values: NDArray[np.float32], n_sigma: float) -> tuple[float, float]:
    """Take middle and width of the first clipping from the quartiles of a sample."""
    # Not by flattening, which would copy a view.
    places = np.arange(0, values.size, max(values.size // _SAMPLE, 1))
    sample = values[np.unravel_index(places, values.shape)]
    low, centre, high = _quartiles(sample)
    return centre, n_sigma * _SIGMA_PER_IQR * (high - low)


def _quartiles(values: NDArray[np.float32]) -> tuple[float, ...]:
    """Take them as `numpy.percentile` does, which costs more than all else does in small frames."""
    places = np.array((0.25, 0.5, 0.75)) * (len(values) - 1)
    below = places.astype(np.intp)
    above = np.minimum(below + 1, len(values) - 1)
    ordered = np.partition(values, np.concatenate((below, above)))
    found: list[float] = (
        ordered[below] + (places - below) * (ordered[above] - ordered[below])
    ).tolist()
    return tuple(found)


def _within(values: NDArray[np.float32], centre: float, width: float) -> NDArray[np.float32]:
    if values.size == 0 or (values.max() <= centre + width and values.min() >= centre - width):
        return values
    inside: NDArray[np.float32] = values[np.abs(values - np.float32(centre)) <= np.float32(width)]
    return inside


def median_error(patch: NDArray[np.float32], median: float, noise: float) -> float:
    """Estimate the standard error of the median of a patch of an image.

    The more certain, the more pixels are near it: where the pattern is steep, they are few.

    Parameters
    ----------
    patch : `numpy.ndarray`, (rows, columns)
        Values.
    median : `float`
        Their median.
    noise : `float`
        Noise of a value, in the unit of the values.

    Returns
    -------
    error : `float`
        In the unit of the values; 0 if there is no noise.

    Notes
    -----
    Of values that each have a mean of their own and the same noise, half are expected below the
    median m. With F the probability of each to be below m, and f the density there, its variance is
    sum(F (1 - F)) / sum(f)^2: the binomial variance of how many are below, over the square of how
    quickly that changes with m. Where all means are alike, that is pi/2n of the noise's variance.
    Means are those of 3 by 3 pixels; F is taken for a logistic function, which is off by 0.01.
    """
    if noise == 0.0 or min(patch.shape) < 3:  # one value, mostly
        return 0.0
    height, width = patch.shape
    down, across = (max(1, size // _ROWS_OF_A_PATCH) for size in patch.shape)
    means = np.mean(
        [patch[y : height - 2 + y : down, x : width - 2 + x : across]
         for y in range(3) for x in range(3)],
        axis=0,
    )  # fmt: skip
    sigmas = np.clip((means - median) / noise, -20.0, 20.0)
    below = 1.0 / (1.0 + np.exp(_LOGISTIC * sigmas))
    density = float(np.mean(np.exp(-0.5 * sigmas**2))) / math.sqrt(2.0 * math.pi) / noise
    return math.sqrt(float(np.mean(below * (1.0 - below))) / patch.size) / max(density, 1e-9)
