# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clipped mean, or clipped rate, of many frames, in pieces that stay in the cache.

The quantity that is combined is the slope of the signal over dark time. With all times one,
as for biases, that is the mean. For darks of unequal times it is the least-squares rate; a plain
mean of the rates would give a 5 s frame, six times as noisy in electron/s, the weight of a
30 s frame, and verification of the 30 s frames would then see the noise of the 5 s ones.

Clipping begins at the median (the weighted median of the rates), and its unit is the noise that
all pixels of the amplifier have in common. Neither moves with the outliers, as mean and standard
deviation do: of 12 values, two that are equally far out are never 3 of their own standard
deviations from the mean.
"""

from __future__ import annotations

import dataclasses
import functools
import statistics
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Values of all frames that one pass handles. With half as many, threads wait for the interpreter
# after each of many short steps; with twice as many, nothing is gained.
_CHUNK = 160_000
# Pixels whose values are all within this part of the limit are averaged without a closer look.
_QUICK = 0.85
# A pixel with this many times the noise of its amplifier is clipped by its own noise.
_NOISY = 4.0
# From so many frames on, the variance is that of the values; with fewer it is that of the model.
_FEW = 5
# Pixels that the common noise is taken from.
_SAMPLE = 4_000


@dataclasses.dataclass(frozen=True, slots=True)
class ClipOptions:
    """How outliers are left out of the mean."""

    n_sigma: float = 4.0
    """Values further than this many times the noise from the median, and then from the mean of
    what is left, are left out. Among 20 values, 4 times the noise are the 3 standard deviations
    that the observatory's combination allows: its standard deviation contains the outlier."""
    iterations: int = 3
    """How often the limit is drawn, at most; 0 for a plain mean."""


@dataclasses.dataclass(frozen=True, slots=True)
class Combined:
    """What the values of many frames come to, pixel by pixel."""

    slope: NDArray[np.float32]
    """Mean (electron) or rate (electron/s), (pixels,); NaN where no value is left."""
    variance: NDArray[np.float32]
    """Its variance, (pixels,), from the scatter of the values that were used; of fewer than five
    frames, from the noise."""


def clipped_slope(
    stack: NDArray[np.float32],
    times: NDArray[np.float32] | None = None,
    options: ClipOptions | None = None,
    noise: float | None = None,
) -> Combined:
    """Combine frames pixel by pixel: the clipped mean, or the clipped rate.

    Parameters
    ----------
    stack : `numpy.ndarray`, (frames, pixels)
        Values (electron); NaN is left out.
    times : `numpy.ndarray`, (frames,), or `None`
        What the signal of each frame is proportional to (second). The rate is the sum of
        time times value over the sum of the squared times, which is best for a noise that is
        the same in all frames; of pixels with an outlier, and of hot ones, each value is
        weighted by the noise of its own charge. None for all one: the mean.
    options : `ClipOptions` or `None`
        Which values are left out.
    noise : `float` or `None`
        Noise of one value without signal (electron); None to take it from the values.

    Returns
    -------
    combined : `Combined`
        Slope and variance.
    """
    options = options or ClipOptions()
    if noise is None:
        noise = common_noise(stack, times)
    frames, pixels = stack.shape
    result = Combined(np.empty(pixels, np.float32), np.empty(pixels, np.float32))
    width = max(_CHUNK // frames, 64)
    work = np.empty((frames, width), np.float32)
    doubtful = [np.empty(0, np.intp)]
    for x0 in range(0, pixels, width):
        part = slice(x0, min(x0 + width, pixels))
        values = stack[:, part]
        chunk = Combined(result.slope[part], result.variance[part])
        found = _average_chunk(values, times, noise * options.n_sigma, chunk, work)
        doubtful.append(x0 + found)
    if frames < _FEW:
        result.variance[:] = noise**2 / (frames if times is None else np.sum(times * times))
    # All doubtful pixels together: piece by piece, they would be too few for the calls they cost.
    left = np.concatenate(doubtful)
    for start in range(0, len(left), width):
        some = left[start : start + width]
        exact = _clip_exactly(stack[:, some].astype(np.float64), times, options, noise)
        result.slope[some], result.variance[some] = exact
    return result


def _average_chunk(
    stack: NDArray[np.float32],
    times: NDArray[np.float32] | None,
    limit: float,
    out: Combined,
    work: NDArray[np.float32],
) -> NDArray[np.intp]:
    """Combine without clipping; say which pixels may have a value to leave out."""
    frames = len(stack)
    work = work[:, : stack.shape[1]]
    if times is None:
        norm = np.float32(frames)
        np.add.reduce(stack, axis=0, out=out.slope)
        out.slope[:] /= norm
        np.subtract(stack, out.slope, out=work)
    else:
        norm = np.sum(times * times)
        np.matmul(times / norm, stack, out=out.slope)
        np.multiply(times[:, np.newaxis], out.slope, out=work)
        np.subtract(stack, work, out=work)
    np.multiply(work, work, out=work)
    np.add.reduce(work, axis=0, out=out.variance)
    out.variance[:] /= norm * np.float32(max(frames - 1, 1))
    # The test is turned round to catch NaN.
    bound = np.float32((_QUICK * limit) ** 2)
    return np.flatnonzero(~(np.maximum.reduce(work, axis=0) <= bound))


def _clip_exactly(
    values: NDArray[np.float64],
    times: NDArray[np.float32] | None,
    options: ClipOptions,
    noise: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    t = np.ones((len(values), 1)) if times is None else times.astype(np.float64)[:, np.newaxis]
    good = np.isfinite(values)
    values = np.where(good, values, 0.0)
    kept = good
    slope = _median_slope(values, t, good) if options.iterations else _slope(values, t, good)
    sigma = _sigma(slope, t, noise, poisson=times is not None)
    scale = _own_scale(np.abs(values - slope * t) / sigma, good)
    for number in range(options.iterations):
        sigma = _sigma(slope, t, noise, poisson=times is not None)
        within = good & (np.abs(values - slope * t) <= options.n_sigma * scale * sigma)
        # Two values far apart: nobody knows which is right.
        within |= good & ~within.any(axis=0)
        slope = _slope(values, t / sigma**2, within, t)
        # The first time, the limit was about the median, and not yet about the mean.
        if number > 0 and np.array_equal(within, kept):
            break
        kept = within
    sigma = _sigma(slope, t, noise, poisson=times is not None)
    residual = np.where(kept, (values - slope * t) / sigma, 0.0)
    count = np.add.reduce(kept, axis=0)
    norm = np.add.reduce(np.where(kept, (t / sigma) ** 2, 0.0), axis=0)
    scatter = np.add.reduce(residual**2, axis=0) / np.maximum(count - 1, 1)
    scatter = np.where(count < _FEW, scale**2, scatter)
    with np.errstate(divide="ignore", invalid="ignore"):
        return slope, np.where(count > 0, scatter / norm, np.nan)


def _sigma(
    slope: NDArray[np.float64], t: NDArray[np.float64], noise: float, *, poisson: bool
) -> NDArray[np.float64]:
    """Noise of each value, of which the charge of a dark is a part."""
    if not poisson:
        return np.full((1, 1), noise)
    return np.sqrt(noise**2 + np.maximum(np.nan_to_num(slope) * t, 0.0))


def _slope(
    values: NDArray[np.float64],
    weights: NDArray[np.float64],
    good: NDArray[np.bool_],
    t: NDArray[np.float64] | None = None,
) -> NDArray[np.float64]:
    norm = np.add.reduce(np.where(good, weights * (weights if t is None else t), 0.0), axis=0)
    total = np.add.reduce(np.where(good, weights * values, 0.0), axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(norm > 0, total, np.nan) / np.where(norm > 0, norm, 1.0))


def _median_slope(
    values: NDArray[np.float64], t: NDArray[np.float64], good: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Median of the rates, each with its time for weight: the line of least absolute residuals."""
    rates = np.where(good, values / t, np.inf).T
    if np.ptp(t) == 0:
        rates = np.sort(rates)
        count = np.add.reduce(good, axis=0)
        every = np.arange(len(rates))
        low = rates[every, np.maximum(count - 1, 0) // 2]
        high = rates[every, np.where(count > 0, count // 2, 0)]
    else:
        order = np.argsort(rates)
        rates = np.take_along_axis(rates, order, axis=1)
        weights = np.take_along_axis(np.where(good, t, 0.0).T, order, axis=1)
        total = np.add.accumulate(weights, axis=1)
        half, every = total[:, -1:] / 2, np.arange(len(rates))
        # Equal weights meet the half exactly, but for rounding.
        low = rates[every, (total >= half * (1 - 1e-9)).argmax(axis=1)]
        high = rates[every, (total > half * (1 + 1e-9)).argmax(axis=1)]
    with np.errstate(invalid="ignore"):
        return np.where(good.any(axis=0), (low + high) / 2, np.nan)


def _own_scale(distance: NDArray[np.float64], good: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Say by how much pixels are noisier than the noise; 1 unless it is a lot.

    A quarter of the values has no say, because it may be wrong.
    """
    scale = np.ones(distance.shape[1])
    counts = np.add.reduce(good, axis=0)
    for count in np.unique(counts[counts > 0]).tolist():
        expected = _expected_distance(count)
        far = np.add.reduce(good & (distance > _NOISY * expected), axis=0)
        noisy = np.flatnonzero((counts == count) & (far > count // 4))
        if len(noisy):
            ordered = np.sort(np.where(good, distance, np.inf)[:, noisy], axis=0)
            scale[noisy] = ordered[count - 1 - count // 4] / expected
    return scale


@functools.lru_cache
def _expected_distance(count: int) -> float:
    """Distance from the middle, in units of the noise, within which three quarters of them are."""
    rank = count - count // 4
    return statistics.NormalDist().inv_cdf(0.5 + 0.5 * (rank - 0.5) / count)


def common_noise(stack: NDArray[np.float32], times: NDArray[np.float32] | None = None) -> float:
    """Take the noise that the values of all pixels have in common.

    Parameters
    ----------
    stack : `numpy.ndarray`, (frames, pixels)
        Values of the pixels of one amplifier (electron); NaN is left out.
    times : `numpy.ndarray`, (frames,), or `None`
        As for `clipped_slope`.

    Returns
    -------
    noise : `float`
        Standard deviation of a value (electron), of which a quarter of the frames may be wrong;
        NaN if there are not two frames.

    Notes
    -----
    The median distance from the medians gives the first estimate; then, three times, the root of
    the summed squares over the summed degrees of freedom of the values within 3 to 4 times the
    last one.
    """
    frames, pixels = stack.shape
    if frames < 2 or pixels == 0:
        return float("nan")
    values = stack[:, :: max(pixels // _SAMPLE, 1)].astype(np.float64)
    t = np.ones((frames, 1)) if times is None else times.astype(np.float64)[:, np.newaxis]
    good = np.isfinite(values)
    values = np.where(good, values, 0.0)
    slope = np.nan_to_num(_median_slope(values, t, good))
    distance = np.abs(values - slope * t)
    if not good.any():
        return float("nan")
    noise = float(np.median(distance[good])) / statistics.NormalDist().inv_cdf(0.75)
    # The median distance is up to 1.4 times too long if a quarter of the frames is wrong.
    for limit in (3.0, 3.5, 4.0):
        kept = good & (distance <= limit * noise)
        slope = np.nan_to_num(_slope(values, t, kept))
        degrees = np.maximum(np.add.reduce(kept, axis=0) - 1, 0).sum()
        distance = np.abs(values - slope * t)
        noise = float(np.sqrt(np.sum(np.where(kept, distance**2, 0.0)) / max(degrees, 1)))
    return noise
