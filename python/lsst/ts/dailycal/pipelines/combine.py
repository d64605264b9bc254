# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combination of raw frames into one calibration, in strips of rows."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from .clip import ClipOptions, clipped_slope
from .image import CalibImage, ImageAmplifier, Mask
from .isr import IsrOptions, check_shape, correct_rows
from .overscan import parallel_levels
from .repair import fill_from_neighbours
from .threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .raw import RawAmplifier, RawFrame

# Values of all frames that one strip of rows holds; bounds the memory.
_STRIP = 4_000_000


def combine_bias(
    frames: Sequence[RawFrame],
    isr: IsrOptions | None = None,
    clip: ClipOptions | None = None,
) -> CalibImage:
    """Make a combined bias.

    Parameters
    ----------
    frames : sequence of `RawFrame`
        Bias exposures.
    isr, clip : `IsrOptions`, `ClipOptions` or `None`
        How.

    Returns
    -------
    bias : `CalibImage`
        In electrons.

    Raises
    ------
    ValueError
        If there is no frame, or if they differ in size.
    """
    return _combine(frames, _How(None, None, isr or IsrOptions(), clip or ClipOptions()), ())


def combine_dark(
    frames: Sequence[RawFrame],
    bias: CalibImage | None,
    hits: Sequence[NDArray[np.intp]] = (),
    isr: IsrOptions | None = None,
    clip: ClipOptions | None = None,
) -> CalibImage:
    """Make a combined dark.

    Parameters
    ----------
    frames : sequence of `RawFrame`
        Dark exposures.
    bias : `CalibImage` or `None`
        Combined bias to subtract.
    hits : sequence of `numpy.ndarray`
        For each frame the flat indices, in the assembled image, of pixels to leave out
        because a cosmic ray hit them. Empty for none.
    isr, clip : `IsrOptions`, `ClipOptions` or `None`
        How.

    Returns
    -------
    dark : `CalibImage`
        In electron/s.

    Raises
    ------
    ValueError
        If there is no frame, they differ in size, or a dark time is not positive.
    """
    times = np.array([frame.dark_time for frame in frames], np.float32)
    for frame in frames:
        if not frame.dark_time > 0:
            raise ValueError(f"dark exposure {frame.exposure} has no dark time")
    return _combine(frames, _How(times, bias, isr or IsrOptions(), clip or ClipOptions()), hits)


@dataclasses.dataclass(frozen=True, slots=True)
class _How:
    """How frames are combined."""

    times: NDArray[np.float32] | None
    """Dark times (second); None for biases."""
    bias: CalibImage | None
    """Is subtracted."""
    isr: IsrOptions
    clip: ClipOptions


def _combine(frames: Sequence[RawFrame], how: _How, hits: Sequence[NDArray[np.intp]]) -> CalibImage:
    if not frames:
        raise ValueError("there is no frame to combine")
    shape = frames[0].shape
    for frame in frames:
        check_shape(frame, how.bias)
        if frame.shape != shape:
            raise ValueError(
                f"exposure {frame.exposure} has {frame.shape} pixels, "
                f"exposure {frames[0].exposure} has {shape}"
            )
    pixels = np.empty(shape, np.float32)
    by_row = [_HitsByRow(flat, shape) for flat in hits]
    work = _Work(pixels, how)
    amplifiers = [
        [frame.amplifiers[number] for frame in frames]
        for number in range(len(frames[0].amplifiers))
    ]

    def levels(raws: list[RawAmplifier]) -> list[NDArray[np.float32]]:
        return [parallel_levels(raw, how.isr.overscan) for raw in raws]

    parallel = in_threads(levels, amplifiers, pixels.size)

    def combine(item: tuple[int, int, int]) -> None:
        number, y0, y1 = item
        work.strip(amplifiers[number], parallel[number], by_row, y0, y1)

    width = frames[0].amplifiers[0].data.width
    rows = max(_STRIP // (width * len(frames)), 1)
    items = [
        (number, y0, min(y0 + rows, raw.data.height))
        for number, raw in enumerate(frames[0].amplifiers)
        for y0 in range(0, raw.data.height, rows)
    ]
    in_threads(combine, items, pixels.size * len(frames))
    mask = np.zeros(shape, np.uint8)
    empty = np.flatnonzero(np.isnan(pixels))
    if len(empty):
        mask.ravel()[empty] = Mask.BAD.value | Mask.INTRP.value
        fill_from_neighbours(pixels, empty)
    if how.bias is not None:
        mask |= how.bias.mask & np.uint8(Mask.BAD)
    return CalibImage(
        pixels,
        mask,
        tuple(
            ImageAmplifier(
                raw.amplifier.name, raw.detector, raw.amplifier.gain, raw.amplifier.read_noise, 0.0
            )
            for raw in frames[0].amplifiers
        ),
        "bias" if how.times is None else "dark",
        "electron" if how.times is None else "electron/s",
        0.0 if how.times is None else 1.0,
        tuple(frame.exposure for frame in frames),
    )


class _HitsByRow:
    """Sparse pixels of an assembled image, found again by amplifier and row."""

    def __init__(self, flat: NDArray[np.intp], shape: tuple[int, int]) -> None:
        self._flat = np.sort(flat)
        self._width = shape[1]

    def blank(self, out: NDArray[np.float32], raw: RawAmplifier, y0: int, y1: int) -> None:
        """Set the pixels in data rows y0 to y1 (readout order) to NaN."""
        place = raw.detector
        low, high = (
            (place.y1 - y1, place.y1 - y0) if place.flip_y else (place.y0 + y0, place.y0 + y1)
        )
        first, last = np.searchsorted(self._flat, (low * self._width, high * self._width))
        y, x = np.divmod(self._flat[first:last], self._width)
        inside = (x >= place.x0) & (x < place.x1)
        y, x = y[inside], x[inside]
        rows = (place.y1 - 1 - y if place.flip_y else y - place.y0) - y0
        out[rows, place.x1 - 1 - x if place.flip_x else x - place.x0] = np.nan


@dataclasses.dataclass(frozen=True, slots=True)
class _Work:
    """What the strips of one combination share."""

    pixels: NDArray[np.float32]
    """The result."""
    how: _How

    def strip(
        self,
        amplifiers: Sequence[RawAmplifier],
        parallel: Sequence[NDArray[np.float32]],
        hits: Sequence[_HitsByRow],
        y0: int,
        y1: int,
    ) -> None:
        """Combine data rows y0 to y1 of one amplifier of all frames."""
        width = amplifiers[0].data.width
        stack = np.empty((len(amplifiers), y1 - y0, width), np.float32)
        bias = (
            None if self.how.bias is None else amplifiers[0].oriented(self.how.bias.pixels)[y0:y1]
        )
        for number, raw in enumerate(amplifiers):
            out = stack[number]
            rows = raw.pixels.read(raw.data.y0 + y0, raw.data.y0 + y1)
            saturated = correct_rows(rows, raw, parallel[number], self.how.isr, out)
            if bias is not None:
                out -= bias
            if saturated is not None:
                out[saturated] = np.nan
            if hits:
                hits[number].blank(out, raw, y0, y1)
        flat = stack.reshape(len(amplifiers), -1)
        # Unequal darks have no common median, but their cosmic rays have been found already.
        if self.how.times is None and self.how.clip.is_few(len(amplifiers)):
            limit = np.float32(self.how.clip.few_limit * amplifiers[0].amplifier.read_noise)
            flat[np.abs(flat - np.median(flat, axis=0)) > limit] = np.nan
        slope = clipped_slope(flat, self.how.times, self.how.clip)
        amplifiers[0].oriented(self.pixels)[y0:y1] = slope.reshape(y1 - y0, width)
