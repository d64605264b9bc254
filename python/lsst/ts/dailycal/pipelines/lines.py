# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Straight lines through the signal of darks over their dark time, that outliers do not bend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..model.dark_fit import AmplifierLine

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_LEVER = 0.2
"""Part of the longest dark time by which two must differ to tell intercept and rate apart."""
_BISQUARE = 4.685
"""Tuning constant of Tukey's biweight, for 95 % of the efficiency of least squares."""
_ROUNDS = 30
_SURE = 6.0
"""An intercept of fewer standard errors is taken for none: in amplifiers of few pixels, four come
by chance in one set of twenty-five."""
_LEAST_INTERCEPT = 0.2
"""As is one of less than this (electron)."""
_SIGMA_PER_MAD = 1.4826


def median_line(times: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """Lay a line through each column, of whose values a quarter may be wrong.

    Parameters
    ----------
    times : `numpy.ndarray`, (frames,)
        Dark times (second).
    levels : `numpy.ndarray`, (frames, n)
        Signals (electron).

    Returns
    -------
    intercept, rate : `numpy.ndarray`, (n,)
        In electron and electron/s. If no two times are far enough apart, the rate is zero and
        the intercept the median.

    Notes
    -----
    The rate is the median of the rates of all pairs (Theil 1950, Sen 1968).
    """
    first, second = np.triu_indices(len(times), 1)
    lever = times[second] - times[first]
    far = np.abs(lever) > _LEVER * times.max()
    rate = np.zeros(levels.shape[1])
    if far.any():
        first, second, lever = first[far], second[far], lever[far]
        rate = np.median((levels[second] - levels[first]) / lever[:, np.newaxis], axis=0)
    return np.median(levels - times[:, np.newaxis] * rate, axis=0), rate


def fit_line(
    times: Floats, levels: Floats, variances: Floats, reference_rate: float = math.nan
) -> AmplifierLine:
    """Fit intercept and rate to the signals of one amplifier.

    Parameters
    ----------
    times : `numpy.ndarray`, (frames,)
        Dark times (second).
    levels : `numpy.ndarray`, (frames,)
        Mean signals, bias subtracted (electron); NaN is left out.
    variances : `numpy.ndarray`, (frames,)
        Their variances, as far as they are known (electron^2); the rest, as the wander of the
        level from frame to frame, is found from the scatter and added.
    reference_rate : `float`
        Is handed on.

    Returns
    -------
    line : `AmplifierLine`
        The fit.

    Notes
    -----
    Least squares, weighted by variance and by Tukey's biweight of the residual, which begins at
    the line of `median_line`. With fewer than three frames, or times that are all alike, there
    is nothing to fit: the rate is then that of a line through zero.
    """
    good = np.isfinite(levels)
    times, levels, variances = times[good], levels[good], variances[good]
    nan = math.nan
    if len(times) < 3 or np.ptp(times) <= _LEVER * times.max():
        if len(times) == 0 or times.max() <= 0:
            return AmplifierLine(nan, nan, nan, nan, nan, nan, reference_rate)
        rate, error = _through_zero(times, levels, variances)
        return AmplifierLine(nan, nan, rate, error, nan, nan, reference_rate)
    intercept, rate = (float(value[0]) for value in median_line(times, levels[:, np.newaxis]))
    residual = levels - intercept - rate * times
    scatter = _SIGMA_PER_MAD * float(np.median(np.abs(residual)))
    # Two of the values are spent on the line.
    total = np.maximum(variances, scatter**2 * len(times) / (len(times) - 2))
    total = np.maximum(total, 1e-12)
    design = np.stack([np.ones_like(times), times], axis=1)
    for _ in range(_ROUNDS):
        u = residual / np.sqrt(total) / _BISQUARE
        weights = np.where(np.abs(u) < 1, (1 - u**2) ** 2, 0.0)
        normal = design.T @ (design * (weights / total)[:, np.newaxis])
        if np.linalg.matrix_rank(normal) < 2:
            break
        solved = np.linalg.solve(normal, design.T @ (levels * weights / total))
        change, (intercept, rate) = np.abs(solved - (intercept, rate)).max(), solved
        residual = levels - intercept - rate * times
        if change < 1e-9:
            break
    kept = np.abs(residual) < _BISQUARE * np.sqrt(total)
    covariance = np.linalg.pinv(design[kept].T @ (design[kept] / total[kept, np.newaxis]))
    chi2 = float(np.sum(residual[kept] ** 2 / total[kept])) / max(int(kept.sum()) - 2, 1)
    errors = np.sqrt(np.diag(covariance) * max(chi2, 1.0))
    # With those that had no say: a whole exposure time that is off the line is what is looked for.
    deviation = _nonlinearity(times, residual, total)
    return AmplifierLine(
        float(intercept),
        float(errors[0]),
        float(rate),
        float(errors[1]),
        *deviation,
        reference_rate,
    )


def sure_intercept(line: AmplifierLine) -> float:
    """Give the intercept if it is one, and zero if it may as well be none.

    Parameters
    ----------
    line : `AmplifierLine`
        A fit. If the levels of one exposure time are significantly off the line, an intercept that
        is not larger than that is none.

    Returns
    -------
    intercept : `float`
        Electron.
    """
    sure = max(_SURE * line.intercept_error, _LEAST_INTERCEPT)
    if abs(line.nonlinearity) > _SURE * line.nonlinearity_error:
        sure = max(sure, abs(line.nonlinearity))
    return line.intercept if math.isfinite(sure) and abs(line.intercept) > sure else 0.0


def _through_zero(times: Floats, levels: Floats, variances: Floats) -> tuple[float, float]:
    rates = levels / times
    rate = float(np.median(rates))
    scatter = _SIGMA_PER_MAD * float(np.median(np.abs(rates - rate)))
    error = np.sqrt(max(scatter**2, float(np.mean(variances / times**2))) / len(times))
    return rate, float(error)


def _nonlinearity(times: Floats, residual: Floats, total: Floats) -> tuple[float, float]:
    """Find the dark time whose frames are most significantly off the line."""
    order = np.argsort(times)
    groups = np.split(order, np.flatnonzero(np.diff(times[order]) > _LEVER / 2 * times.max()) + 1)
    if len(groups) < 3:
        return math.nan, math.nan
    # The median of many has 1.25 times the error of the mean.
    middles = [
        (float(np.median(residual[g])), 1.25 * float(np.sqrt(total[g].mean() / len(g))))
        for g in groups
    ]
    return max(middles, key=lambda middle: abs(middle[0] / middle[1]))
