# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The clipped mean, or clipped rate, of many frames, in pieces that stay in the cache.

The quantity that is combined is the slope of the signal over dark time. With all times one,
as for biases, that is the mean. For darks of unequal times it is the least-squares rate; a plain
mean of the rates would give a 5 s frame, six times as noisy in electron/s, the weight of a
30 s frame, and verification of the 30 s frames would then see the noise of the 5 s ones.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Values of all frames that one pass handles: what fits a core's second-level cache.
_CHUNK = 80_000


@dataclasses.dataclass(frozen=True, slots=True)
class ClipOptions:
    """How outliers are left out of the mean."""

    n_sigma: float = 3.0
    """Values further than this many standard deviations from the mean are left out."""
    iterations: int = 3
    """How often, at most."""
    few_limit: float = 6.0
    """With few frames, values further than this many times the read noise from the median are
    left out first."""

    def is_few(self, frames: int) -> bool:
        """Say whether a value can never be left out by its standard deviation.

        Of N values, one is at most (N - 1) / sqrt(N) standard deviations from the mean.
        """
        return frames > 2 and (frames - 1) ** 2 <= self.n_sigma**2 * frames


def clipped_slope(
    stack: NDArray[np.float32],
    times: NDArray[np.float32] | None = None,
    options: ClipOptions | None = None,
) -> NDArray[np.float32]:
    """Combine frames pixel by pixel: the clipped mean, or the clipped rate.

    Parameters
    ----------
    stack : `numpy.ndarray`, (frames, pixels)
        Values; NaN is left out.
    times : `numpy.ndarray`, (frames,), or `None`
        What the signal of each frame is proportional to (second). The rate is the sum of
        time times value over the sum of the squared times, which is best for a noise that is
        the same in all frames. None for all one: the mean.
    options : `ClipOptions` or `None`
        Which values are left out.

    Returns
    -------
    slope : `numpy.ndarray`, (pixels,)
        Of float32; NaN where no value is left.
    """
    options = options or ClipOptions()
    frames, pixels = stack.shape
    slope = np.empty(pixels, np.float32)
    width = max(_CHUNK // frames, 64)
    work = np.empty((frames, width), np.float32)
    doubtful = [np.empty(0, np.intp)]
    for x0 in range(0, pixels, width):
        part = stack[:, x0 : x0 + width]
        out = slope[x0 : x0 + width]
        doubtful.append(x0 + _average_chunk(part, times, options, work[:, : part.shape[1]], out))
    # All doubtful pixels together: piece by piece, they would be too few for the calls they cost.
    left = np.concatenate(doubtful)
    for start in range(0, len(left), width):
        some = left[start : start + width]
        slope[some] = _clip_exactly(stack[:, some].astype(np.float64), times, options)
    return slope


def _average_chunk(
    stack: NDArray[np.float32],
    times: NDArray[np.float32] | None,
    options: ClipOptions,
    work: NDArray[np.float32],
    out: NDArray[np.float32],
) -> NDArray[np.intp]:
    """Combine without clipping; say which pixels may have a value to leave out."""
    frames = len(stack)
    if times is None:
        np.add.reduce(stack, axis=0, out=out)
        out /= np.float32(frames)
        np.subtract(stack, out, out=work)
    else:
        weights = times / np.sum(times * times)
        np.matmul(weights, stack, out=out)
        np.multiply(times[:, np.newaxis], out, out=work)
        np.subtract(stack, work, out=work)
    np.multiply(work, work, out=work)
    variance = np.add.reduce(work, axis=0)
    # The bound is drawn a little tight, and the test is turned round to catch NaN, so that what
    # is doubtful is decided in double precision.
    variance *= np.float32(options.n_sigma**2 / frames * (1 - 1e-5))
    return np.flatnonzero(~(np.maximum.reduce(work, axis=0) <= variance))


def _clip_exactly(
    values: NDArray[np.float64], times: NDArray[np.float32] | None, options: ClipOptions
) -> NDArray[np.float64]:
    weights = np.ones(len(values)) if times is None else times.astype(np.float64)
    weights = weights[:, np.newaxis]
    good = np.isfinite(values)
    values = np.where(good, values, 0.0)
    slope = _slope(values, weights, good)
    for _ in range(options.iterations):
        residual = values - slope * weights
        count = np.maximum(np.add.reduce(good, axis=0), 1)
        variance = np.add.reduce(np.where(good, residual * residual, 0.0), axis=0) / count
        kept = good & (residual * residual <= options.n_sigma**2 * variance)
        if np.array_equal(kept, good):
            break
        good = kept
        slope = _slope(values, weights, good)
    return slope


def _slope(
    values: NDArray[np.float64], weights: NDArray[np.float64], good: NDArray[np.bool_]
) -> NDArray[np.float64]:
    norm = np.add.reduce(np.where(good, weights * weights, 0.0), axis=0)
    total = np.add.reduce(np.where(good, weights * values, 0.0), axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(norm > 0, total, np.nan) / np.where(norm > 0, norm, 1.0))
