# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""A first look at the frames of a combination: their levels, and which of them do not fit.

A glow in three of twenty frames is below the clipping limit of single pixels in most of its area,
and yet is an electron or more in the mean. Over a block of a thousand pixels it stands out.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from .clip import common_noise
from .lines import median_line

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

_COLUMNS = 8
"""Blocks of columns that an amplifier is looked at in."""
_BANDS = {"BIAS": (4, 12), "DARK": (8, 16)}
"""Bands of rows, and rows of each, which are read twice. The line through darks wants more."""
_SIGMA_PER_MAD = 1.4826


@dataclasses.dataclass(frozen=True, slots=True)
class SurveyOptions:
    """When a frame is left out of a combination."""

    level_limit: float = 0.25
    """An amplifier's level may differ from that of the other frames by this part of its read
    noise. What a quarter of the frames may add to the mean is a quarter of it."""
    block_limit: float = 0.5
    """The same for a block of pixels, of which more than one must differ."""
    n_sigma: float = 6.0
    """Differences below this many times the usual scatter among frames are none."""
    level_beyond_doubt: float = 1.0
    """A level that differs by this part of the read noise does, whatever the scatter: verification
    fails such a frame for its MEAN."""
    least_frames: int = 5
    """With fewer, none is left out: there is no saying which are right."""


@dataclasses.dataclass(frozen=True, slots=True)
class AmplifierSurvey:
    """What the first look at one amplifier of all frames found."""

    name: str
    """C00 to C17."""
    read_noise: float
    """Of the camera model (electron)."""
    noise: float
    """Noise that its pixels have in common (electron)."""
    blocks: NDArray[np.float64]
    """Median of each block, (frames, blocks) (electron)."""
    pixels: int
    """Pixels in all blocks."""

    def only(self, numbers: Sequence[int]) -> AmplifierSurvey:
        """Leave all other frames out."""
        return dataclasses.replace(self, blocks=self.blocks[numbers])

    @property
    def levels(self) -> NDArray[np.float64]:
        """Level of each frame (`numpy.ndarray`, (frames,), electron); NaN if none is known."""
        known = ~np.isnan(self.blocks)
        count = np.count_nonzero(known, axis=1)
        total = np.sum(self.blocks, axis=1, where=known)
        return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def bands(height: int, kind: str) -> list[tuple[int, int]]:
    """Choose the rows that are looked at (`list` of first row and row after the last)."""
    count, most = _BANDS[kind]
    count = min(count, height)
    rows = min(max(height // count, 1), most)
    return [(y0, y0 + rows) for y0 in (height * n // count for n in range(count))]


def survey_amplifier(
    name: str,
    read_noise: float,
    height: int,
    read: Callable[[int, int], NDArray[np.float32]],
    times: NDArray[np.float32] | None,
) -> AmplifierSurvey:
    """Look at one amplifier of all frames.

    Parameters
    ----------
    name : `str`
        Name of the amplifier.
    read_noise : `float`
        Read noise of the camera model (electron).
    height : `int`
        Its data rows.
    read : callable
        Gives corrected rows of all frames, (frames, rows, columns) (electron).
    times : `numpy.ndarray` or `None`
        Dark times (second); None for biases.
    """
    medians, samples = [], []
    chosen = bands(height, "BIAS" if times is None else "DARK")
    for y0, y1 in chosen:
        stack = read(y0, y1)
        samples.append(stack[:, 0])
        for part in np.array_split(stack, min(_COLUMNS, stack.shape[2]), axis=2):
            medians.append(_medians(part.reshape(len(stack), -1)))
    noise = common_noise(np.concatenate(samples, axis=1), times)
    # A dead amplifier has none; what the converter rounds off is left of any other.
    noise = max(noise, 0.3) if np.isfinite(noise) else read_noise
    rows = sum(y1 - y0 for y0, y1 in chosen)
    return AmplifierSurvey(
        name, read_noise, noise, np.stack(medians, axis=1), rows * samples[0].shape[1]
    )


def _medians(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Take the median of each row, NaN left out; the sort puts NaN last."""
    values = np.sort(values, axis=1)
    count = np.count_nonzero(~np.isnan(values), axis=1)
    every = np.arange(len(values))
    middle = values[every, np.maximum(count - 1, 0) // 2] + values[every, count // 2 - (count == 0)]
    return np.asarray(np.where(count > 0, middle / 2, np.nan), np.float64)


def find_deviating(
    surveys: Sequence[AmplifierSurvey],
    times: NDArray[np.float32] | None,
    options: SurveyOptions | None = None,
) -> dict[int, str]:
    """Find frames whose level or large-scale structure is not that of the others.

    Parameters
    ----------
    surveys : sequence of `AmplifierSurvey`
        All amplifiers.
    times : `numpy.ndarray`, (frames,), or `None`
        Dark times (second), with which levels may rise in a straight line; None for biases.
    options : `SurveyOptions` or `None`
        Limits.

    Returns
    -------
    reasons : `dict` [`int`, `str`]
        Number of the frame among all, and what is wrong with it.
    """
    options = options or SurveyOptions()
    frames = len(surveys[0].blocks)
    if frames < options.least_frames:
        return {}
    units = np.array([survey.read_noise for survey in surveys])
    residual = np.stack([_residual(s.blocks, times) / s.read_noise for s in surveys], axis=1)
    levels = np.median(residual, axis=2)
    worst_level = _beyond(levels, options.level_limit, options.n_sigma)
    worst_level |= np.abs(levels) > options.level_beyond_doubt
    blocks = _beyond(residual, options.block_limit, options.n_sigma)
    reasons = {}
    for number in range(frames):
        if worst_level[number].any():
            place = int(np.argmax(np.abs(levels[number])))
            reasons[number] = (
                f"level of {surveys[place].name} differs by "
                f"{levels[number, place] * units[place]:.1f} electron from the other frames"
            )
        elif (blocks[number].sum(axis=1) > 1).any():
            place = int(np.argmax(blocks[number].sum(axis=1)))
            worst = residual[number, place][np.argmax(np.abs(residual[number, place]))]
            reasons[number] = (
                f"{surveys[place].name} has structure of up to {worst * units[place]:.1f} electron "
                "that the other frames do not have"
            )
    return reasons


def _residual(
    blocks: NDArray[np.float64], times: NDArray[np.float32] | None
) -> NDArray[np.float64]:
    blocks = np.nan_to_num(blocks)
    if times is None:
        return np.asarray(blocks - np.median(blocks, axis=0))
    t = times.astype(np.float64)
    intercept, rate = median_line(t, blocks)
    return np.asarray(blocks - intercept - t[:, np.newaxis] * rate)


def _beyond(residual: NDArray[np.float64], limit: float, n_sigma: float) -> NDArray[np.bool_]:
    scatter = _SIGMA_PER_MAD * float(np.median(np.abs(residual)))
    return np.abs(residual) > max(limit, n_sigma * scatter)
