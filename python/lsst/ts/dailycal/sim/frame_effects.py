# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What faults do to the pixels of a frame: one function for each kind, in one table.

Every kind of fault at the injection point ``detector.frame`` has an entry in `EFFECTS`, with the
stage of the readout at which it acts:

``charge``
    The charge of the light-sensitive pixels before noise (electron).
``signal``
    Charge and noise of the raw amplifier before the bias level is added (electron).
``counts``
    The raw amplifier as it is read out (ADU).
``seed``
    What is random in the frame; there is nothing to be done to pixels.
``exposure``
    How long the detector is exposed, whatever the header says.
``header``
    What the header says, whatever the detector did; `SimulatedExposure.in_header` acts on it.

All are in readout order. An effect draws from a generator of its own, so that all else in the
frame is as it would be without the fault.
"""

__all__ = ["EFFECTS", "FRAME_POINT", "FrameEffect", "Scene", "Stage", "act"]

import dataclasses
import enum
import typing
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from ..model.detector import Amplifier, DetectorGeometry
from .faults.frame_kinds import FRAME_POINT
from .faults.kinds import FAULT_KINDS

Pixels = npt.NDArray[typing.Any]


class Stage(enum.Enum):
    """At which stage of the readout an effect acts."""

    CHARGE = "charge"
    SIGNAL = "signal"
    COUNTS = "counts"
    SEED = "seed"
    EXPOSURE = "exposure"
    HEADER = "header"


@dataclasses.dataclass(frozen=True, slots=True)
class FrameEffect:
    """A fault that is in a frame."""

    name: str
    """Name of its kind."""
    values: tuple[tuple[str, float | str], ...] = ()
    """Parameters that are not the default, by name."""
    number: int = 1
    """How many frames it has struck, this one included."""

    def number_of(self, name: str) -> float:
        """Value of a numerical parameter (`float`)."""
        return float(self._value(name))

    def text_of(self, name: str) -> str:
        """Value of a parameter as text (`str`)."""
        return str(self._value(name))

    def _value(self, name: str) -> float | str:
        defaults = {item.name: item.default for item in FAULT_KINDS[self.name].parameters}
        return {**defaults, **dict(self.values)}[name]

    def strikes(self, amplifier: Amplifier) -> bool:
        """Tell whether it is about an amplifier: its parameter is ``all``, or C10+C11."""
        names = self.text_of("amplifier").split("+")
        return names == ["all"] or amplifier.name in names


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What an effect may look at."""

    effect: FrameEffect
    """The fault."""
    geometry: DetectorGeometry
    """Sizes of the detector's parts."""
    amplifier: Amplifier
    """The amplifier that is read."""
    generator: np.random.Generator
    """For what is random in the effect."""
    seconds: float
    """Exposure and readout time (s)."""

    @property
    def axes(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Rows and columns of the data on the detector, from 0 to 1, in readout order."""
        section = self.geometry.detector_section(self.amplifier)
        y = np.arange(section.y0, section.y1) / self.geometry.height
        x = np.arange(section.x0, section.x1) / self.geometry.width
        return y[:: -1 if section.flip_y else 1], x[:: -1 if section.flip_x else 1]

    def rows(self, pixels: Pixels) -> slice:
        """Rows that the parameters ``first`` and ``last`` name, as shares of all."""
        first, last = self.effect.number_of("first"), self.effect.number_of("last")
        return slice(int(first * len(pixels)), max(int(last * len(pixels)), 1))


def _glow(charge: Pixels, scene: Scene) -> None:
    y, x = scene.axes
    effect = scene.effect
    width = effect.number_of("width")
    rows = np.exp(-((y - effect.number_of("y")) ** 2) / width)
    columns = np.exp(-((x - effect.number_of("x")) ** 2) / width)
    charge += effect.number_of("strength") * np.outer(rows, columns)


def _light_leak(charge: Pixels, scene: Scene) -> None:
    y, _ = scene.axes
    gradient = scene.effect.number_of("gradient")
    shape = (1.0 - gradient + 2.0 * gradient * y)[:, np.newaxis]
    charge += scene.effect.number_of("light") * scene.seconds * shape


def _settling(signal: Pixels, scene: Scene) -> None:
    effect, data = scene.effect, scene.geometry.data_section
    left = np.exp(-(effect.number - 1) / effect.number_of("frames"))
    rows = np.linspace(1.0, 0.5, data.height, dtype=np.float32)[:, np.newaxis]
    signal[data.y0 : data.y1, data.x0 : data.x1] += effect.number_of("strength") * left * rows


def _level_step(signal: Pixels, scene: Scene) -> None:
    rows, where = scene.rows(signal), scene.effect.text_of("where")
    overscan = scene.geometry.serial_section.x0
    columns = {"data": slice(0, overscan), "overscan": slice(overscan, None)}
    signal[rows, columns.get(where, slice(None))] += scene.effect.number_of("strength")


def _amplifier_shifted(signal: Pixels, scene: Scene) -> None:
    data = scene.geometry.data_section
    signal[data.y0 : data.y1, data.x0 : data.x1] += scene.effect.number_of("strength")


def _noise(signal: Pixels, scene: Scene) -> None:
    signal += scene.generator.normal(0.0, scene.effect.number_of("noise"), signal.shape)


def _noise_burst(signal: Pixels, scene: Scene) -> None:
    count = min(int(scene.effect.number_of("rows")), len(signal))
    first = int(scene.generator.integers(0, len(signal) - count + 1))
    _noise(signal[first : first + count], scene)


def _gain_lost(signal: Pixels, scene: Scene) -> None:
    signal *= scene.effect.number_of("factor")


def _oscillation(signal: Pixels, scene: Scene) -> None:
    read = np.arange(signal.size).reshape(signal.shape)  # one pixel after the other
    turns = read / scene.effect.number_of("period") + scene.generator.random()
    signal += scene.effect.number_of("strength") * np.sin(2.0 * np.pi * turns)


def _overscan_bleed(signal: Pixels, scene: Scene) -> None:
    """Let charge decay along a row, over as many pixels as the overscan has."""
    count, place = int(scene.effect.number_of("rows")), scene.geometry.serial_section
    y = int(scene.generator.integers(0, max(scene.geometry.data_height - count, 1)))
    x = max(place.x0 - int(scene.generator.uniform(0.5, 3.0) * place.width), 0)
    trail = np.exp((place.x0 - np.arange(x, signal.shape[1])) / place.width)
    signal[y : y + count, x:] += scene.effect.number_of("strength") * trail


def _readout_shifted(counts: Pixels, scene: Scene) -> None:
    counts[...] = np.roll(counts, int(scene.effect.number_of("columns")), axis=1)


def _amplifier_dead(counts: Pixels, scene: Scene) -> None:
    counts[...] = scene.effect.number_of("value")


def _stuck_bit(counts: Pixels, scene: Scene) -> None:
    bit = 1 << int(scene.effect.number_of("bit"))
    if scene.effect.number_of("value"):
        counts |= bit
    else:
        counts &= ~bit


def _nothing(pixels: Pixels, scene: Scene) -> None:
    """Do nothing: the seed, the exposure or the header is another one."""


EFFECTS: dict[str, tuple[Stage, Callable[[Pixels, Scene], None]]] = {
    "glow": (Stage.CHARGE, _glow),
    "light_leak": (Stage.CHARGE, _light_leak),
    "settling": (Stage.SIGNAL, _settling),
    "level_step": (Stage.SIGNAL, _level_step),
    "amplifier_shifted": (Stage.SIGNAL, _amplifier_shifted),
    "amplifier_noisy": (Stage.SIGNAL, _noise),
    "noise_burst": (Stage.SIGNAL, _noise_burst),
    "gain_lost": (Stage.SIGNAL, _gain_lost),
    "amplifier_dead": (Stage.COUNTS, _amplifier_dead),
    "stuck_bit": (Stage.COUNTS, _stuck_bit),
    "oscillation": (Stage.SIGNAL, _oscillation),
    "overscan_bleed": (Stage.SIGNAL, _overscan_bleed),
    "readout_shifted": (Stage.COUNTS, _readout_shifted),
    "exposure_wrong": (Stage.EXPOSURE, _nothing),
    "frame_identical": (Stage.SEED, _nothing),
    "header_wrong": (Stage.HEADER, _nothing),
}
"""Stage and function of each kind (`dict` [`str`, `tuple`])."""


def act(stage: Stage, pixels: Pixels, scenes: Sequence[Scene]) -> None:
    """Do to the pixels of an amplifier what the effects of a stage do.

    Parameters
    ----------
    stage : `Stage`
        How far the readout has come.
    pixels : `numpy.ndarray`
        The pixels; they are changed.
    scenes : `~collections.abc.Sequence` [`Scene`]
        The effects that are in the frame.
    """
    for scene in scenes:
        at, function = EFFECTS[scene.effect.name]
        if at is stage and scene.effect.strikes(scene.amplifier):
            function(pixels, scene)
