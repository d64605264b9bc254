# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cosmic rays: pixels too bright, and too sharp for a point source.

A pixel starts a cosmic ray if it stands out from the background and from the mean of at least
one pair of opposite neighbours, and if at least one pair is fainter than a star there would
make it. Neighbours of such pixels are then tried with half the threshold, the found pixels
counting as replaced by their neighbours. Groups with little charge in all are dropped.
"""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING

import numpy as np

from .image import Mask
from .repair import disc, neighbours
from .threads import in_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .image import CalibImage, ImageAmplifier

# Opposite neighbours, and their distance from the middle (pixel).
_PAIRS: tuple[tuple[tuple[int, int], tuple[int, int], float], ...] = (
    ((0, -1), (0, 1), 1.0),
    ((-1, 0), (1, 0), 1.0),
    ((-1, -1), (1, 1), math.sqrt(2)),
    ((-1, 1), (1, -1), math.sqrt(2)),
)
_EIGHT = [offset for offset in disc(2) if max(map(abs, offset)) == 1]
# Candidates that are judged at once; bounds the memory for a frame full of bright pixels.
_BATCH = 200_000


@dataclasses.dataclass(frozen=True, slots=True)
class CosmicRayOptions:
    """Limits of the cosmic ray finder."""

    min_sigma: float = 6.0
    """A pixel must stand out by this many standard deviations."""
    min_charge: float = 150.0
    """Least charge of a whole cosmic ray (electron)."""
    sharpness_noise: float = 2.5
    """Standard deviations by which peak and neighbours are given the benefit of the doubt."""
    sharpness_psf: float = 0.6
    """Part of a star's profile that the neighbours must stay below."""
    iterations: int = 3
    """How often the neighbours of found pixels are tried."""
    psf_fwhm: float = 3.0
    """Full width at half maximum of the Gaussian star (pixel)."""
    most_pixels: int = 10000
    """More pixels than this in one image: something is wrong with the image."""


@dataclasses.dataclass(frozen=True, slots=True)
class CosmicRays:
    """What was found."""

    flat: NDArray[np.intp]
    """Flat indices of the pixels, sorted."""
    count: int
    """Number of cosmic rays, that is of groups of pixels that touch."""
    too_many: bool
    """The search was given up because more than `most_pixels` were found."""


def find_cosmic_rays(image: CalibImage, options: CosmicRayOptions | None = None) -> CosmicRays:
    """Find the pixels that cosmic rays have hit.

    Parameters
    ----------
    image : `CalibImage`
        An exposure in electrons, bias subtracted.
    options : `CosmicRayOptions` or `None`
        Limits.

    Returns
    -------
    rays : `CosmicRays`
        Bad and saturated pixels are never among them.
    """
    options = options or CosmicRayOptions()
    judge = _Judge(image, options)
    for start in range(0, len(judge.candidates), _BATCH):
        judge.take(judge.candidates[start : start + _BATCH], options.min_sigma)
        if len(judge.found) > options.most_pixels:
            return CosmicRays(judge.found, 0, too_many=True)
    for _ in range(options.iterations):
        indices, inside = neighbours(judge.found, image.shape, _EIGHT)
        around = np.setdiff1d(indices[inside], judge.found)
        if not judge.take(around, options.min_sigma / 2):
            break
        if len(judge.found) > options.most_pixels:
            return CosmicRays(judge.found, 0, too_many=True)
    flat, count = _with_charge(judge, options.min_charge)
    return CosmicRays(flat, count, too_many=False)


class _Judge:
    """The pixel test, on an image in which the pixels found so far count as replaced."""

    def __init__(self, image: CalibImage, options: CosmicRayOptions) -> None:
        self.shape = image.shape
        self.found: NDArray[np.intp] = np.empty(0, np.intp)
        self._replaced: NDArray[np.float32] = np.empty(0, np.float32)
        self._pixels = image.pixels
        self._values = image.pixels.reshape(-1)
        self._mask = image.mask.reshape(-1)
        self._options = options
        sigma = options.psf_fwhm / math.sqrt(8 * math.log(2))
        self._star = [math.exp(-0.5 * (distance / sigma) ** 2) for *_, distance in _PAIRS]
        parts = in_threads(self._look, image.amplifiers, image.pixels.size)
        self._levels = [
            (amplifier.section, level, amplifier.read_noise**2)
            for amplifier, (level, _) in zip(image.amplifiers, parts, strict=True)
        ]
        self.candidates = self._usable(np.concatenate([bright for _, bright in parts]))

    def _look(self, amplifier: ImageAmplifier) -> tuple[float, NDArray[np.intp]]:
        """Take the background of an amplifier, and the flat indices of its bright pixels."""
        place = amplifier.section
        part = self._pixels[place.y0 : place.y1, place.x0 : place.x1]
        level = float(np.median(part[:: max(place.height // 100, 1)]))
        limit = level + self._options.min_sigma * amplifier.read_noise
        # Hardly any row has one, and the largest value of a row is found quickly.
        rows = np.flatnonzero(part.max(axis=1) > np.float32(limit))
        y, x = np.nonzero(part[rows] > np.float32(limit))
        y = rows[y]
        return level, (y + place.y0) * self.shape[1] + x + place.x0

    def _usable(self, flat: NDArray[np.intp]) -> NDArray[np.intp]:
        unusable = Mask.BAD | Mask.SAT | Mask.NO_DATA
        usable: NDArray[np.intp] = flat[(self._mask[flat] & np.uint8(unusable)) == 0]
        return usable

    def _level_and_noise(
        self, flat: NDArray[np.intp]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        y, x = np.divmod(flat, self.shape[1])
        level = np.zeros(len(flat), np.float32)
        noise = np.zeros(len(flat), np.float32)
        for place, background, variance in self._levels:
            inside = (y >= place.y0) & (y < place.y1) & (x >= place.x0) & (x < place.x1)
            level[inside] = background
            noise[inside] = variance
        return level, noise

    def above_background(self, flat: NDArray[np.intp]) -> NDArray[np.float32]:
        """Charge of pixels over the background of their amplifier (electron)."""
        return self._values[flat] - self._level_and_noise(flat)[0]

    def _current(self, indices: NDArray[np.intp]) -> NDArray[np.float32]:
        values = self._values[indices]
        if len(self.found):
            place = np.minimum(np.searchsorted(self.found, indices), len(self.found) - 1)
            values = np.where(self.found[place] == indices, self._replaced[place], values)
        return values

    def take(self, flat: NDArray[np.intp], min_sigma: float) -> bool:
        """Judge pixels and keep those that are cosmic rays; say whether there were any."""
        flat = self._usable(flat)
        level, noise = self._level_and_noise(flat)
        value = self._values[flat] - level
        variance = noise + np.maximum(value, 0)
        sigma = np.sqrt(variance)
        doubt = np.float32(self._options.sharpness_noise)
        stands_out = np.zeros(len(flat), np.bool_)
        sharp = np.zeros(len(flat), np.bool_)
        lowest = np.full(len(flat), np.inf, np.float32)
        for (first, second, _), star in zip(_PAIRS, self._star, strict=True):
            indices, inside = neighbours(flat, self.shape, [first, second])
            both = inside.all(axis=0)
            pair = self._current(indices) - level
            mean = pair.mean(axis=0)
            mean_sigma = np.sqrt((2 * noise + np.maximum(pair, 0).sum(axis=0)) / 4)
            stands_out |= both & (value > mean + min_sigma * sigma)
            peak = np.float32(self._options.sharpness_psf * star) * (value - doubt * sigma)
            sharp |= both & (peak > mean + doubt * mean_sigma)
            lowest = np.where(both, np.minimum(lowest, mean), lowest)
        hit = stands_out & sharp & (value > min_sigma * np.sqrt(noise))
        if not hit.any():
            return False
        found = np.concatenate((self.found, flat[hit]))
        replaced = np.concatenate((self._replaced, lowest[hit] + level[hit]))
        order = np.argsort(found)
        self.found, self._replaced = found[order], replaced[order]
        return True


def _with_charge(judge: _Judge, least: float) -> tuple[NDArray[np.intp], int]:
    charge = dict(
        zip(judge.found.tolist(), judge.above_background(judge.found).tolist(), strict=True)
    )
    height, width = judge.shape
    kept: list[int] = []
    count = 0
    left = set(charge)
    while left:
        group = [left.pop()]
        for pixel in group:  # the list grows while it is walked
            y, x = divmod(pixel, width)
            for dy, dx in _EIGHT:
                near = pixel + dy * width + dx
                if near in left and 0 <= y + dy < height and 0 <= x + dx < width:
                    left.remove(near)
                    group.append(near)
        if sum(charge[pixel] for pixel in group) >= least:
            kept.extend(group)
            count += 1
    return np.array(sorted(kept), np.intp), count
