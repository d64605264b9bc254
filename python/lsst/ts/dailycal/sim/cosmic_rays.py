# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Cosmic rays: straight muons and the wriggling electrons of ambient radiation."""

__all__ = ["CosmicRays", "make_cosmic_rays"]

import dataclasses
import math

import numpy as np
import numpy.typing as npt

from ..model.detector import DetectorGeometry

_DEPTH = 100.0  # micrometre of silicon
_CHARGE = 80.0  # electron a micrometre, most probable for a muon
_DIFFUSION = 4.0  # micrometre, rms sideways spread of the charge
_STEP = 2.5  # micrometre along the track
_MUONS = 0.6  # fraction; the others are electrons
_LOG_LENGTHS = (math.log(20.0), math.log(400.0))  # of micrometre, of an electron


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class CosmicRays:
    """The pixels that cosmic rays hit in one frame, on the assembled detector."""

    count: int
    """How many rays hit the detector."""
    x: npt.NDArray[np.intp]
    """Column of each pixel hit, shape (n,)."""
    y: npt.NDArray[np.intp]
    """Row of each pixel hit, shape (n,)."""
    charge: npt.NDArray[np.float32]
    """Charge left in it, shape (n,) (electron)."""


def make_cosmic_rays(
    generator: np.random.Generator, geometry: DetectorGeometry, rate: float, seconds: float
) -> CosmicRays:
    """Let cosmic rays fall on the detector.

    Parameters
    ----------
    generator : `numpy.random.Generator`
        Where chance comes from.
    geometry : `DetectorGeometry`
        The detector.
    rate : `float`
        Rays in a second on a square centimetre.
    seconds : `float`
        How long charge is collected: exposure and readout.
    """
    area = geometry.width * geometry.height * (geometry.pixel_size * 1e-4) ** 2
    count = int(generator.poisson(rate * area * seconds))
    if count == 0:
        none = np.zeros(0, np.intp)
        return CosmicRays(0, none, none, np.zeros(0, np.float32))
    tracks = [_make_track(generator, geometry) for _ in range(count)]
    positions = np.concatenate([points for points, _ in tracks]) / geometry.pixel_size
    charges = np.concatenate([charges for _, charges in tracks])
    pixels = np.floor(positions).astype(np.intp)
    inside = (
        (pixels[:, 0] >= 0)
        & (pixels[:, 0] < geometry.width)
        & (pixels[:, 1] >= 0)
        & (pixels[:, 1] < geometry.height)
    )
    flat = pixels[inside, 1] * geometry.width + pixels[inside, 0]
    hit, where = np.unique(flat, return_inverse=True)
    charge = np.bincount(where, weights=charges[inside], minlength=hit.size)
    y, x = np.divmod(hit, geometry.width)
    return CosmicRays(count, x, y, charge.astype(np.float32))


def _make_track(
    generator: np.random.Generator, geometry: DetectorGeometry
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Points of one track, shape (n, 2) (micrometre), and the charge of each (electron)."""
    size = np.array([geometry.width, geometry.height]) * geometry.pixel_size
    start = generator.uniform(0.0, 1.0, 2) * size
    direction = generator.uniform(0.0, 2.0 * np.pi)
    if generator.random() < _MUONS:
        # Muons come with the square of the cosine of the zenith angle.
        cosine = max(generator.random() ** (1.0 / 3.0), 0.17)
        length = _DEPTH / cosine
        sideways = np.sqrt(1.0 - cosine**2)
        steps = max(int(length / _STEP), 4)
        turns = np.full(steps, direction)
    else:
        length = float(np.exp(generator.uniform(_LOG_LENGTHS[0], _LOG_LENGTHS[1])))
        sideways = 1.0
        steps = max(int(length / _STEP), 4)
        turns = direction + np.cumsum(generator.normal(0.0, 0.25, steps))
    step = length / steps
    moves = step * sideways * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    path = start + np.cumsum(moves, axis=0)
    # Energy loss fluctuates with a tail to large values.
    charge = _CHARGE * step * generator.lognormal(0.0, 0.5, steps)
    # Each step spreads as a small cloud of four parts.
    cloud = np.repeat(path, 4, axis=0) + generator.normal(0.0, _DIFFUSION, (4 * steps, 2))
    return cloud, np.repeat(charge / 4.0, 4)
