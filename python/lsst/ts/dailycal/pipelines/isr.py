# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instrument signature removal: from raw ADU to assembled, calibrated electrons.

Serial overscan, saturation mask, parallel overscan, gain, bias and dark subtraction, all in
readout order; the assembled image is written through flipped views.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from .image import CalibImage, ImageAmplifier, Mask
from .overscan import (
    OverscanOptions,
    median_of_rows,
    overscan_width,
    parallel_levels,
    serial_pixels,
)
from .statistics import take_moments
from .threads import in_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .raw.frame import RawAmplifier, RawFrame


# Rows that are corrected at once: what stays in the cache between one step and the next.
_STRIP = 256


@dataclasses.dataclass(frozen=True, slots=True)
class IsrOptions:
    """How the instrument's signature is removed."""

    saturation: float = 120000.0
    """Raw values above this are saturated (ADU)."""
    overscan: OverscanOptions = dataclasses.field(default_factory=OverscanOptions)
    """How overscan levels are taken."""


def correct_rows(
    rows: NDArray[np.int32],
    raw: RawAmplifier,
    parallel: NDArray[np.float32],
    options: IsrOptions,
    out: NDArray[np.float32],
    *,
    residual: NDArray[np.float32] | None = None,
) -> NDArray[np.bool_] | None:
    """Correct some rows of one amplifier, in readout order.

    Parameters
    ----------
    rows : `numpy.ndarray`, (rows, NAXIS1)
        Whole raw rows (ADU).
    raw : `RawAmplifier`
        The amplifier that they are of.
    parallel : `numpy.ndarray`, (data columns,)
        Levels of the columns (ADU), from `parallel_levels`.
    options : `IsrOptions`
        How.
    out : `numpy.ndarray`, (rows, data columns)
        Is filled with electrons.
    residual : `numpy.ndarray`, (rows, overscan columns), or `None`
        Is filled with what is left of the serial overscan (ADU), if it is wanted.

    Returns
    -------
    saturated : `numpy.ndarray` or `None`
        Which pixels are saturated; None for none.
    """
    serial = serial_pixels(rows, raw, options.overscan)
    levels = median_of_rows(serial)
    if residual is not None:
        residual[...] = serial
        residual -= levels[:, np.newaxis]
    data = rows[:, raw.data.x0 : raw.data.x1]
    # One pass for each step: numpy's casting ufuncs go through a buffer, and take three times as
    # long as the passes together.
    out[...] = data
    out -= levels[:, np.newaxis]
    out -= parallel
    out *= np.float32(raw.amplifier.gain)
    return data > options.saturation if data.max() > options.saturation else None


def correct_frame(
    frame: RawFrame,
    bias: CalibImage | None = None,
    dark: CalibImage | None = None,
    options: IsrOptions | None = None,
) -> CalibImage:
    """Remove the instrument's signature from one exposure.

    Parameters
    ----------
    frame : `RawFrame`
        The exposure.
    bias : `CalibImage` or `None`
        Combined bias to subtract (electron).
    dark : `CalibImage` or `None`
        Combined dark (electron/s); is subtracted times the dark time.
    options : `IsrOptions` or `None`
        How.

    Returns
    -------
    image : `CalibImage`
        In electrons.

    Raises
    ------
    ValueError
        If a calibration has another size than the frame.
    """
    options = options or IsrOptions()
    for calib in (bias, dark):
        check_shape(frame, calib)
    pixels = np.empty(frame.shape, np.float32)
    mask = np.zeros(frame.shape, np.uint8)

    def correct(raw: RawAmplifier) -> ImageAmplifier:
        parallel = parallel_levels(raw, options.overscan)
        height = raw.data.height
        whole, scaled = np.empty((2, _STRIP, raw.data.width), np.float32)
        residual = np.empty((height, overscan_width(raw, options.overscan)), np.float32)
        for y0 in range(0, height, _STRIP):
            strip = slice(y0, min(y0 + _STRIP, height))
            rows = raw.pixels.read(raw.data.y0 + strip.start, raw.data.y0 + strip.stop)
            work = whole[: strip.stop - y0]
            saturated = correct_rows(rows, raw, parallel, options, work, residual=residual[strip])
            if saturated is not None:
                raw.oriented(mask)[strip][saturated] |= Mask.SAT.value
            # Flipped once, on the way out.
            place = _rows_of(raw, strip)
            turned = work[:: -1 if raw.detector.flip_y else 1, :: -1 if raw.detector.flip_x else 1]
            if bias is None:
                pixels[place] = turned
            else:
                np.subtract(turned, bias.pixels[place], out=pixels[place])
            if dark is not None:
                current = scaled[: len(work)]
                np.multiply(dark.pixels[place], np.float32(frame.dark_time), out=current)
                pixels[place] -= current
        amplifier = raw.amplifier
        return ImageAmplifier(
            amplifier.name,
            raw.detector,
            amplifier.gain,
            amplifier.read_noise,
            take_moments(residual).clipped_stdev,
            math.nan if dark is None else _mean_rate(dark, raw),
        )

    amplifiers = in_threads(correct, frame.amplifiers, pixels.size)
    for calib in (bias, dark):
        if calib is not None and calib.mask.any():
            mask |= calib.mask & np.uint8(Mask.BAD)
    return CalibImage(
        pixels,
        mask,
        tuple(amplifiers),
        frame.image_type.lower(),
        dark_time=frame.dark_time,
        inputs=(frame.exposure,),
    )


def _rows_of(raw: RawAmplifier, strip: slice) -> tuple[slice, slice]:
    """Find data rows of an amplifier, given in readout order, on the assembled detector."""
    place = raw.detector
    y0, y1 = (
        (place.y1 - strip.stop, place.y1 - strip.start)
        if place.flip_y
        else (place.y0 + strip.start, place.y0 + strip.stop)
    )
    return slice(y0, y1), slice(place.x0, place.x1)


def _mean_rate(dark: CalibImage, raw: RawAmplifier) -> float:
    """Take the mean of a dark over an amplifier's good pixels, in every eighth row."""
    values = raw.oriented(dark.pixels)[::8]
    bad = (raw.oriented(dark.mask)[::8] & np.uint8(Mask.BAD)) != 0
    # Taken out first: numpy's mean with a mask takes ten times as long.
    good = values[~bad] if bad.any() else values
    return float(good.mean(dtype=np.float64)) if good.size else math.nan


def check_shape(frame: RawFrame, calib: CalibImage | None) -> None:
    """Raise `ValueError` if a calibration does not fit a frame."""
    if calib is not None and calib.shape != frame.shape:
        raise ValueError(
            f"the combined {calib.kind} has {calib.shape} pixels, exposure {frame.exposure} "
            f"has {frame.shape}: they are not of the same detector"
        )
