# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verification measures in each amplifier of a corrected exposure."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from .cosmics import CosmicRayOptions, find_cosmic_rays
from .image import Mask
from .raw.frame import oriented
from .repair import fill_from_neighbours
from .statistics import take_moments
from .threads import in_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .image import CalibImage, ImageAmplifier
    from .statistics import Moments

_LEFT_OUT = np.uint8(Mask.DETECTED | Mask.BAD | Mask.NO_DATA)
_MOST_SATURATED = 0.01
"""Part of a bias or a dark that may be saturated: hot pixels and columns are far fewer."""


@dataclasses.dataclass(frozen=True, slots=True)
class AmplifierMetrics:
    """Measurements of one amplifier."""

    name: str
    """C00 to C17."""
    mean: float
    """Mean of the image pixels (electron)."""
    noise: float
    """Standard deviation, clipped at 5 sigma (electron)."""
    cr_noise: float
    """Standard deviation without clipping, after the repair of cosmic rays (electron)."""
    corner: float
    """Mean of the box at the readout corner (electron)."""
    read_noise: float
    """Read noise of the camera model (electron)."""
    gain: float
    """Gain (electron/ADU)."""
    overscan_noise: float
    """Dispersion of the serial overscan after correction (ADU); 0 if not measured."""
    level: float = math.nan
    """Mean of the image pixels, clipped at 5 sigma: cosmic rays have no part in it (electron)."""
    dark_rate: float = math.nan
    """Mean rate of the dark that was subtracted (electron/s); NaN for none."""


@dataclasses.dataclass(frozen=True, slots=True)
class ExposureMetrics:
    """Measurements of one exposure."""

    exposure: int
    """Exposure id."""
    amplifiers: tuple[AmplifierMetrics, ...]
    """In the order of the FITS extensions."""
    cosmic_rays: int
    """Number of cosmic rays found."""
    cosmic_ray_pixels: int
    """Number of pixels in them."""
    force_failure: bool
    """Nothing of it can be trusted: more cosmic ray or saturated pixels than there can be."""
    dark_time: float = 0.0
    """Dark time (second); 0 for a bias."""


def measure_exposure(
    image: CalibImage, cosmics: CosmicRayOptions | None = None, corner: int = 200
) -> ExposureMetrics:
    """Measure a corrected exposure.

    Parameters
    ----------
    image : `CalibImage`
        In electrons, bias (and dark) subtracted. Is changed while it is measured, and is as
        before afterwards.
    cosmics : `CosmicRayOptions` or `None`
        Limits of the cosmic ray finder.
    corner : `int`
        Edge of the box at the readout corner (pixel).

    Returns
    -------
    metrics : `ExposureMetrics`
        For each amplifier.
    """

    def plain(amplifier: ImageAmplifier) -> tuple[Moments, float]:
        moments = take_moments(_used(image, amplifier))
        box = oriented(image.pixels, amplifier.section)[:corner, :corner]
        used = (oriented(image.mask, amplifier.section)[:corner, :corner] & _LEFT_OUT) == 0
        return moments, float(np.mean(box[used], dtype=np.float64)) if used.any() else math.nan

    measured = in_threads(plain, image.amplifiers, image.pixels.size)
    rays = find_cosmic_rays(image, cosmics)
    repaired = _stdev_after_repair(image, rays.flat)
    return ExposureMetrics(
        image.inputs[0],
        tuple(
            AmplifierMetrics(
                amplifier.name,
                moments.mean,
                moments.clipped_stdev,
                repaired.get(amplifier.name, moments.stdev),
                box,
                amplifier.read_noise,
                amplifier.gain,
                amplifier.overscan_noise,
                moments.clipped_mean,
                amplifier.dark_rate,
            )
            for amplifier, (moments, box) in zip(image.amplifiers, measured, strict=True)
        ),
        rays.count,
        len(rays.flat),
        # Overscan correction leaves a flat zero of a saturated frame, which every test passes.
        rays.too_many or _part_saturated(image) > _MOST_SATURATED,
        image.dark_time,
    )


def _part_saturated(image: CalibImage) -> float:
    if not (image.mask & np.uint8(Mask.SAT)).any():
        return 0.0
    # Of what is masked nothing is wanted.
    flags = image.mask & np.uint8(Mask.SAT | Mask.BAD)
    return float(np.count_nonzero(flags == np.uint8(Mask.SAT))) / image.mask.size


def _stdev_after_repair(image: CalibImage, flat: NDArray[np.intp]) -> dict[str, float]:
    """Take the standard deviation of the amplifiers that were hit, as if they had not been."""
    values = image.pixels.reshape(-1)
    y, x = np.divmod(flat, image.shape[1])
    before = values[flat]
    fill_from_neighbours(image.pixels, flat)
    stdev = {}
    for amplifier in image.amplifiers:
        place = amplifier.section
        if ((y >= place.y0) & (y < place.y1) & (x >= place.x0) & (x < place.x1)).any():
            stdev[amplifier.name] = take_moments(_used(image, amplifier)).stdev
    values[flat] = before
    return stdev


def _used(image: CalibImage, amplifier: ImageAmplifier) -> NDArray[np.float32]:
    """Give the pixels that count, (rows, columns) or in any order (n,)."""
    place = amplifier.section
    part = image.pixels[place.y0 : place.y1, place.x0 : place.x1]
    left_out = image.mask[place.y0 : place.y1, place.x0 : place.x1] & _LEFT_OUT
    # Hardly any pixel has a flag, and that is found out much more quickly than which.
    return _without(part, np.flatnonzero(left_out != 0)) if left_out.any() else part


def _without(part: NDArray[np.float32], places: NDArray[np.intp]) -> NDArray[np.float32]:
    """Copy all pixels but some: the last fill the gaps, much more quickly than all move up."""
    values = part.flatten()
    kept = len(values) - len(places)
    gaps, beyond = np.split(places, [np.searchsorted(places, kept)])
    values[gaps] = np.delete(values[kept:], beyond - kept)
    return values[:kept]
