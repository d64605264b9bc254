# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a raw frame as it comes: levels, steps, noise and odd pixels of each amplifier.

Every pixel is looked at for what is rare (saturation, rows that are constant), and the whole
overscan for steps and bursts. Medians are taken of some of the rows; what that costs:

=================  =====================  ================================================
quantity           pixels, full size      standard error at a noise of 8 ADU
=================  =====================  ================================================
level              63 600 of 1 018 000    0.04 ADU (0.01 of all pixels)
region             16 000 of 63 600       0.08 ADU (0.04), beside 0.06 of its overscan
column             2 000 of 2 000         0.22 ADU
data noise         127 000 pairs          0.2 % (0.1 %)
overscan step      a block of 16 rows     0.5 ADU, beside the wander of the electronics
=================  =====================  ================================================
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import time
from typing import TYPE_CHECKING

import numpy as np

from ..model.measurement import MEASURED_COLUMNS, AmplifierMeasurement, ImageMeasurement
from .overscan import OverscanOptions, median_of_rows, parallel_levels, serial_pixels
from .statistics import clipped_stdev

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ..model import ImageName
    from .raw.frame import RawAmplifier, RawFrame

SATURATION = 120_000
"""Saturation that the observatory's reduction of LATISS assumes (ADU)."""
_SAMPLES = 60_000  # pixels of an amplifier for its level, about
_REGION_SAMPLES = 16_000  # pixels of a region, about
_PAIRS = 120_000  # pairs of neighbours for the noise, about


@dataclasses.dataclass(frozen=True, slots=True)
class MeasureOptions:
    """How a frame is measured."""

    grid: tuple[int, int] = (4, 4)
    """Rows and columns of the regions of an amplifier."""
    block: int = 16
    """Rows that are taken together to look for steps and bursts in the overscan."""
    columns: int = MEASURED_COLUMNS
    """Data columns, of those that are read first, whose levels are kept."""
    overscan: OverscanOptions = dataclasses.field(default_factory=OverscanOptions)
    """Which columns of the overscan are used."""


def measure_frame(
    frame: RawFrame,
    name: ImageName,
    *,
    sequencer: str = "",
    options: MeasureOptions | None = None,
) -> ImageMeasurement:
    """Measure a frame, in one thread: who exposes and ingests needs the other cores.

    Parameters
    ----------
    frame : `RawFrame`
        The frame.
    name : `ImageName`
        Name of the image that was asked for.
    sequencer : `str`
        Name and checksum of the sequencer file; empty if that is not known.
    options : `MeasureOptions`, optional
        How.

    Returns
    -------
    measurement : `ImageMeasurement`
        What was measured.

    Raises
    ------
    RawFrameError
        If the file ends before its pixels do.
    """
    begin = time.perf_counter()
    options = options or MeasureOptions()
    digest = hashlib.blake2b(digest_size=16)
    amplifiers = []
    for raw in frame.amplifiers:
        rows = raw.pixels.read(0, raw.height)
        sample = rows[_every((raw.data.height, raw.data.width), _SAMPLES)]
        digest.update(np.ascontiguousarray(sample).data)
        amplifiers.append(_measure_amplifier(raw, rows, options))
    return ImageMeasurement(
        name=name,
        exposure_id=frame.exposure,
        image_type=frame.image_type,
        exposure_time=frame.exposure_time,
        dark_time=frame.dark_time,
        sequencer=sequencer,
        grid=options.grid,
        amplifiers=tuple(amplifiers),
        digest=digest.hexdigest(),
        seconds=round(time.perf_counter() - begin, 3),
    )


def _measure_amplifier(
    raw: RawAmplifier, rows: NDArray[np.int32], options: MeasureOptions
) -> AmplifierMeasurement:
    data = rows[raw.data.y0 : raw.data.y1, raw.data.x0 : raw.data.x1]
    serial = serial_pixels(rows, raw, options.overscan)
    sample = data[_every(data.shape, _SAMPLES)]
    overscan = grouped_median(serial[: raw.data.height])
    step, noise, burst = _measure_overscan(serial, options.block)
    pairs = data[_every(data.shape, 2 * _PAIRS)]
    data_noise = difference_noise(pairs)
    lowest, highest = data.min(axis=1), data.max(axis=1)
    low = data[lowest < 0.5 * overscan]
    errors = _standard_errors(data.shape, serial.shape, data_noise, options.grid)
    high = data[highest >= SATURATION]
    return AmplifierMeasurement(
        name=raw.amplifier.name,
        level=round(grouped_median(sample) - overscan, 3),
        overscan=round(overscan, 3),
        overscan_step=round(step, 3),
        overscan_noise=round(noise, 3),
        data_noise=round(data_noise, 3),
        burst=round(burst, 3),
        low=int(np.count_nonzero(low < 0.5 * overscan)),
        saturated=int(np.count_nonzero(high >= SATURATION)),
        not_a_number=_count_nan(data),
        constant=int(np.count_nonzero(lowest == highest)) * data.shape[1],
        stuck_bits=stuck_bits(sample, data_noise),
        pixels=data.size,
        blocks=max(len(serial) // options.block, 1),
        block_pixels=min(options.block, len(serial)) * serial.shape[1],
        level_error=round(errors[0], 4),
        region_error=round(errors[1], 4),
        noise_error=round(errors[2], 5),
        regions=_measure_regions(data, serial, options.grid),
        parallel=tuple(
            round(float(part.mean()), 3)
            for part in np.array_split(parallel_levels(raw, options.overscan), options.grid[1])
        ),
        columns=tuple(
            round(level - overscan, 3)
            for level in grouped_medians(np.ascontiguousarray(data[:, : options.columns].T))
        ),
        column_error=round(data_noise * float(np.sqrt(np.pi / 2 / len(data))), 4),
    )


def grouped_median(values: NDArray[np.int32]) -> float:
    """Median of values that were rounded to integers, to a fraction of an integer.

    The median of integers is an integer, however many there are. Their values are taken as
    spread evenly over the width of the one that the median falls into.

    Parameters
    ----------
    values : `numpy.ndarray`
        Integers of any shape.

    Returns
    -------
    median : `float`
        NaN if there is no value.
    """
    if values.size == 0:
        return float("nan")
    return grouped_medians(values.reshape(1, -1))[0]


def grouped_medians(rows: NDArray[np.int32]) -> list[float]:
    """Take the `grouped_median` of each row, which has a value, at once (`list` [`float`])."""
    size = rows.shape[1]
    centre = np.partition(rows, size // 2, axis=1)[:, size // 2, np.newaxis]
    # For short rows, `numpy.count_nonzero` along an axis costs more than the counting.
    below, equal = (rows < centre).sum(axis=1), (rows == centre).sum(axis=1)
    medians: list[float] = (centre[:, 0] - 0.5 + (0.5 * size - below) / equal).tolist()
    return medians


def difference_noise(rows: NDArray[np.int32]) -> float:
    """Noise of pixels from the differences of neighbours in a row, each pixel in one pair.

    Parameters
    ----------
    rows : `numpy.ndarray`, (rows, columns)
        Pixels.

    Returns
    -------
    noise : `float`
        Clipped standard deviation of the differences over the square root of 2.
    """
    even = rows.shape[1] - rows.shape[1] % 2
    differences = (rows[:, 1:even:2] - rows[:, 0:even:2]).ravel().astype(np.float32)
    return clipped_stdev(differences) / float(np.sqrt(2.0))


def stuck_bits(values: NDArray[np.int32], noise: float) -> int:
    """Find the bits that are the same in all values although the noise should move them.

    A bit is looked at if it is worth at most twice the noise: values that reach 3 standard
    deviations to either side then have it both ways.

    Parameters
    ----------
    values : `numpy.ndarray`
        Pixels (ADU), a thousand or more.
    noise : `float`
        Their noise (ADU).

    Returns
    -------
    mask : `int`
        The stuck bits.
    """
    always = int(np.bitwise_and.reduce(values, axis=None))
    never = ~int(np.bitwise_or.reduce(values, axis=None))
    mask = 0
    while 2 * mask + 1 < 4.0 * noise:
        mask = 2 * mask + 1
    return (always | never) & mask


def _measure_overscan(serial: NDArray[np.int32], block: int) -> tuple[float, float, float]:
    """Largest step of the level, noise about the level, and the noise of the noisiest block."""
    levels = median_of_rows(serial)
    residual = serial - levels[:, np.newaxis]
    noise = clipped_stdev(residual.ravel())
    count = max(len(levels) // block, 1)
    whole = min(count * block, len(levels))
    blocks = levels[:whole].reshape(count, -1).mean(axis=1)
    step = float(np.abs(np.diff(blocks)).max()) if count > 1 else 0.0
    squares = np.square(residual[:whole]).reshape(count, -1).mean(axis=1, dtype=np.float64)
    scale = float(np.median(squares))
    burst = float(np.sqrt(squares.max() / scale)) if scale > 0 else 1.0
    return step, noise, burst


def _measure_regions(
    data: NDArray[np.int32], serial: NDArray[np.int32], grid: tuple[int, int]
) -> tuple[float, ...]:
    rows = np.linspace(0, data.shape[0], grid[0] + 1).astype(int)
    columns = np.linspace(0, data.shape[1], grid[1] + 1).astype(int)
    found = []
    for y0, y1 in itertools.pairwise(rows.tolist()):
        overscan = grouped_median(serial[y0:y1])
        for x0, x1 in itertools.pairwise(columns.tolist()):
            region = data[y0:y1, x0:x1]
            sample = region[_every(region.shape, _REGION_SAMPLES)]
            found.append(round(grouped_median(sample) - overscan, 3))
    return tuple(found)


def _standard_errors(
    data: tuple[int, ...], serial: tuple[int, ...], noise: float, grid: tuple[int, int]
) -> tuple[float, float, float]:
    """Errors of level and region (ADU), and of the noises over the noise.

    The variance of a median of n values is pi/2n of theirs, and that of a standard deviation is
    1/2n of its square (Kendall and Stuart, The Advanced Theory of Statistics, 10.10). Both levels
    have the error of their overscan beside their own.
    """
    region = (data[0] // grid[0], data[1] // grid[1])
    used = (data[0] * serial[1], region[0] * serial[1])
    sampled = (_sampled(data, _SAMPLES), _sampled(region, _REGION_SAMPLES))
    level, local = (
        noise * float(np.sqrt(np.pi / 2 * (1 / pixels + 1 / overscan)))
        for pixels, overscan in zip(sampled, used, strict=True)
    )
    pairs = min(_sampled(data, 2 * _PAIRS) // 2, serial[0] * serial[1])
    # The fourth moment of differences of neighbours is that of independent values.
    return level, local, float(np.sqrt(1 / (2 * pairs)))


def _sampled(shape: tuple[int, ...], wanted: int) -> int:
    return len(range(shape[0])[_every(shape, wanted)]) * shape[1]


def _every(shape: tuple[int, ...], wanted: int) -> slice:
    """Choose as many rows, evenly, as make about so many pixels."""
    return slice(0, shape[0], max(round(shape[0] * shape[1] / wanted), 1))


def _count_nan(data: NDArray[np.int32]) -> int:
    # What is read as integers has none; a reader of floating point pixels may come.
    return int(np.count_nonzero(np.isnan(data))) if data.dtype.kind == "f" else 0
