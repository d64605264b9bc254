# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Temperatures and pressures of LATISS, with the slow wandering that real ones have."""

__all__ = ["HEALTHY", "ConditionReadings", "Conditions", "ConditionsModel"]

import dataclasses
import math
import typing
from collections.abc import Mapping

import numpy as np

from ..model import ConfigurationError

_WAVES = 3
_SHORTEST, _LONGEST = 180.0, 3600.0  # periods, in seconds


@dataclasses.dataclass(frozen=True, slots=True)
class Conditions:
    """Mean of each quantity; the defaults are those of a healthy dewar."""

    ccd: float = -104.0
    """Temperature of the CCD, in degree Celsius."""
    ccd_set_point: float = -104.0
    """Its set point, in degree Celsius."""
    cold_plate: float = -112.0
    """Temperature of the cold plate, in degree Celsius."""
    cryo_head: float = -134.0
    """Temperature of the cryo head, in degree Celsius."""
    vacuum: float = 2.5e-6
    """Pressure in the dewar, in Torr."""
    board: float = 27.5
    """Temperature of the WREB board (``temp2``), in degree Celsius."""

    @classmethod
    def from_mapping(cls, raw: object) -> typing.Self:
        """Read conditions as JSON gives them; what is missing is healthy.

        Raises
        ------
        ConfigurationError
            If a key is unknown or a value is not a number.
        """
        if not isinstance(raw, Mapping):
            raise ConfigurationError([f"conditions must be an object; got {raw!r}."])
        known = {field.name for field in dataclasses.fields(cls)}
        problems = [f"Unknown condition {key!r}." for key in raw if key not in known]
        problems += [
            f"Condition {key} must be a number; got {value!r}."
            for key, value in raw.items()
            if isinstance(value, bool)
            or not isinstance(value, int | float)
            or not math.isfinite(value)
        ]
        if problems:
            raise ConfigurationError(problems)
        return cls(**{key: float(value) for key, value in raw.items()})


HEALTHY = Conditions()
"""What a healthy dewar shows (`Conditions`)."""


@dataclasses.dataclass(frozen=True, slots=True)
class ConditionReadings(Conditions):
    """What the instruments say at one moment; the same quantities and units."""

    boards: tuple[float, ...] = ()
    """All six temperatures of the WREB board, ``temp1`` to ``temp6``, in degree Celsius."""


class ConditionsModel:
    """Conditions as a smooth function of time, the same for the same seed in every process.

    Parameters
    ----------
    means : `Conditions`
        Mean of each quantity.
    seed : `int`
        Seed of the wandering.
    """

    _AMPLITUDES: typing.ClassVar[Mapping[str, float]] = {
        "ccd": 0.08,
        "ccd_set_point": 0.0,
        "cold_plate": 0.25,
        "cryo_head": 0.4,
        "board": 0.15,
    }
    _BOARD_OFFSETS = (-0.8, 0.0, 0.6, 1.1, 0.3, -0.4)

    def __init__(self, means: Conditions, seed: int) -> None:
        self._means = means
        generator = np.random.default_rng([seed, 0xC0DE])
        names = [field.name for field in dataclasses.fields(Conditions)]
        shape = (len(names), _WAVES)
        periods = np.exp(generator.uniform(math.log(_SHORTEST), math.log(_LONGEST), shape))
        phases = generator.uniform(0.0, 2.0 * np.pi, shape)
        self._waves = {
            name: (2.0 * np.pi / periods[row], phases[row]) for row, name in enumerate(names)
        }

    def read(self, tai: float, **changes: float) -> ConditionReadings:
        """Read the instruments.

        Parameters
        ----------
        tai : `float`
            When, in Unix seconds of TAI.
        **changes : `float`
            Means that a fault has changed.
        """
        means = dataclasses.replace(self._means, **changes)
        values = {
            name: getattr(means, name) + amplitude * self._wander(name, tai)
            for name, amplitude in self._AMPLITUDES.items()
        }
        vacuum = means.vacuum * math.exp(0.05 * self._wander("vacuum", tai))
        boards = tuple(values["board"] + offset for offset in self._BOARD_OFFSETS)
        return ConditionReadings(**values, vacuum=vacuum, boards=boards)

    def _wander(self, name: str, tai: float) -> float:
        """Sum of slow waves, between -1 and 1."""
        frequencies, phases = self._waves[name]
        return float(np.sin(frequencies * tai + phases).mean())
