# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated detector: frames that are the same for the same seed and image name."""

__all__ = ["READOUT_TIME", "Frame", "FrameRequest", "SimulatedDetector"]

import concurrent.futures
import dataclasses
import hashlib

import numpy as np
import numpy.typing as npt

from ..model import ImageName
from ..model.detector import DetectorGeometry
from .cosmic_rays import CosmicRays, make_cosmic_rays
from .frame_effects import EFFECTS, FrameEffect, Scene, Stage, act
from .patterns import AmplifierPattern, Floats, make_pattern

READOUT_TIME = 2.0
"""Time to read the detector out, in seconds."""
_THREADS = 2
_LEVEL_DRIFT = 6.0  # electron, between frames
_WANDER_STEP = 0.6  # electron, from row to row
_WANDER_PULL = 0.98  # of the last row's wander is still there


@dataclasses.dataclass(frozen=True, slots=True)
class FrameRequest:
    """What makes one frame differ from another."""

    name: ImageName
    """Name of the image; the source of all that is random in it."""
    exposure_time: float
    """Exposure time (s)."""
    dark_time: float
    """Time from the last clear to the start of readout (s)."""
    light: float = 0.0
    """Light that falls on every pixel (electron/s)."""
    sequencer_change: float = 0.0
    """How much the bias structure differs from that of the usual sequencer file."""
    effects: tuple[FrameEffect, ...] = ()
    """What is wrong with the pixels."""


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A frame as it is read out."""

    request: FrameRequest
    """What was asked for."""
    geometry: DetectorGeometry
    """Sizes of the detector's parts."""
    pixels: npt.NDArray[np.int32]
    """Raw amplifiers in the order of the FITS extensions, in readout order,
    shape (16, raw_height, raw_width) (ADU)."""
    cosmic_rays: CosmicRays
    """The truth on its cosmic rays."""


class SimulatedDetector:
    """A detector with a fixed pattern of its own.

    Parameters
    ----------
    seed : `int`
        Which detector.
    geometry : `DetectorGeometry`
        Sizes of its parts.
    dark_current : `float`
        Mean dark current (electron/s).
    cosmic_ray_rate : `float`
        Cosmic rays in a second on a square centimetre.
    """

    def __init__(
        self, seed: int, geometry: DetectorGeometry, dark_current: float, cosmic_ray_rate: float
    ) -> None:
        self.geometry = geometry
        self._seed = seed
        self._dark_current = dark_current
        self._cosmic_ray_rate = cosmic_ray_rate

    def read(self, request: FrameRequest) -> Frame:
        """Expose and read a frame. Blocks for about 0.2 s at full size: use a thread.

        Parameters
        ----------
        request : `FrameRequest`
            What is asked for.
        """
        pattern = make_pattern(
            self._seed, self.geometry, self._dark_current, request.sequencer_change
        )
        root = np.random.SeedSequence([self._seed, *_digest(request)])
        asked, request = request, _as_exposed(request)
        own, *seeds = root.spawn(1 + len(pattern.amplifiers))
        rays = make_cosmic_rays(
            np.random.Generator(np.random.SFC64(own)),
            self.geometry,
            self._cosmic_ray_rate,
            request.exposure_time + READOUT_TIME,
        )
        shape = (len(pattern.amplifiers), self.geometry.raw_height, self.geometry.raw_width)
        pixels = np.empty(shape, np.int32)

        def read(number: int) -> None:
            amplifier = pattern.amplifiers[number]
            generator = np.random.Generator(np.random.SFC64(seeds[number]))
            _read_amplifier(
                pixels[number], generator, amplifier, self.geometry, request=request, rays=rays
            )

        if pixels.size < 1_000_000:
            for number in range(len(seeds)):
                read(number)
        else:
            # numpy lets go of the interpreter's lock in all that takes time here.
            with concurrent.futures.ThreadPoolExecutor(_THREADS) as pool:
                list(pool.map(read, range(len(seeds))))
        return Frame(asked, self.geometry, pixels, rays)


def _as_exposed(request: FrameRequest) -> FrameRequest:
    """Change the times to those of the exposure, if they are not those that were asked for."""
    for effect in request.effects:
        if EFFECTS[effect.name][0] is Stage.EXPOSURE:
            seconds = effect.number_of("seconds")
            overhead = request.dark_time - request.exposure_time
            request = dataclasses.replace(
                request, exposure_time=seconds, dark_time=seconds + overhead
            )
    return request


def _digest(request: FrameRequest) -> list[int]:
    same = any(EFFECTS[effect.name][0] is Stage.SEED for effect in request.effects)
    name = "the same" if same else str(request.name)
    text = f"{name} {request.exposure_time} {request.dark_time}"
    digest = hashlib.blake2s(text.encode(), digest_size=16).digest()
    return [int.from_bytes(digest[start : start + 4], "little") for start in range(0, 16, 4)]


def _read_amplifier(
    pixels: npt.NDArray[np.int32],
    generator: np.random.Generator,
    pattern: AmplifierPattern,
    geometry: DetectorGeometry,
    *,
    request: FrameRequest,
    rays: CosmicRays,
) -> None:
    """Fill the pixels of one amplifier."""
    gain = pattern.amplifier.gain
    signal = np.empty(pixels.shape, np.float32)
    generator.standard_normal(out=signal, dtype=np.float32)
    section = geometry.data_section
    data = signal[section.y0 : section.y1, section.x0 : section.x1]
    charge = _collect(pattern, geometry, request)
    scenes = _scenes(pattern, geometry, request)
    act(Stage.CHARGE, charge, scenes)
    _add_rays(charge, rays, pattern, geometry)
    # One draw for read noise and shot noise: at the few electrons of a dark, a normal
    # distribution cannot be told from Poisson's under the read noise.
    noise = np.float32(pattern.noise)
    data *= np.sqrt(charge / noise**2 + np.float32(1.0))
    signal *= noise
    data += charge
    np.minimum(data, np.float32(pattern.saturation * gain), out=data)
    data += pattern.bias_structure()
    act(Stage.SIGNAL, signal, scenes)
    level = pattern.level + generator.normal(0.0, _LEVEL_DRIFT)
    signal += _row_wander(generator, pixels.shape[0])[:, np.newaxis]
    signal += (pattern.columns + np.float32(level))[np.newaxis, :]
    signal *= np.float32(1.0 / gain)
    np.rint(signal, out=signal)
    np.clip(signal, 0, geometry.adc_maximum, out=signal)
    pixels[...] = signal
    act(Stage.COUNTS, pixels, scenes)


def _scenes(
    pattern: AmplifierPattern, geometry: DetectorGeometry, request: FrameRequest
) -> list[Scene]:
    hdu = pattern.amplifier.hdu
    return [
        Scene(
            effect,
            geometry,
            pattern.amplifier,
            np.random.default_rng([*_digest(request), hdu, number]),
            request.exposure_time + READOUT_TIME,
        )
        for number, effect in enumerate(request.effects)
    ]


def _collect(
    pattern: AmplifierPattern, geometry: DetectorGeometry, request: FrameRequest
) -> Floats:
    """Mean charge of each pixel of the data section (electron)."""
    charge = pattern.dark_rate()
    # Rows that are read later collect dark current for longer.
    waiting = np.linspace(0.0, READOUT_TIME, geometry.data_height, dtype=np.float32)
    charge *= (np.float32(request.dark_time) + waiting)[:, np.newaxis]
    if request.light:
        charge += np.float32(request.light * (request.exposure_time + READOUT_TIME))
    return charge


def _add_rays(
    charge: Floats, rays: CosmicRays, pattern: AmplifierPattern, geometry: DetectorGeometry
) -> None:
    """Add the cosmic rays that fell on this amplifier, from the detector's axes to its own."""
    section = geometry.detector_section(pattern.amplifier)
    here = (
        (rays.x >= section.x0)
        & (rays.x < section.x1)
        & (rays.y >= section.y0)
        & (rays.y < section.y1)
    )
    x, y = rays.x[here] - section.x0, rays.y[here] - section.y0
    if section.flip_x:
        x = section.width - 1 - x
    if section.flip_y:
        y = section.height - 1 - y
    charge[y, x] += rays.charge[here]


def _row_wander(generator: np.random.Generator, rows: int) -> Floats:
    """Slow wander of the level while the rows are read: an autoregressive walk (electron)."""
    steps = generator.normal(0.0, _WANDER_STEP, rows)
    wander = np.empty(rows, np.float32)
    last = 0.0
    for row, step in enumerate(steps.tolist()):
        last = _WANDER_PULL * last + step
        wander[row] = last
    return wander
