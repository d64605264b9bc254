# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Signal of darks over their dark time: a straight line for each amplifier."""

__all__ = ["AmplifierLine", "DarkFit"]

import dataclasses
import math
import typing
from collections.abc import Collection, Mapping

from .errors import StatisticsError


@dataclasses.dataclass(frozen=True, slots=True)
class AmplifierLine:
    """Mean signal of one amplifier: intercept plus rate times dark time.

    A value that could not be measured is NaN, and so is its error: intercept and rate apart need
    two dark times that differ by a fifth of the longest, the nonlinearity needs three.
    """

    intercept: float
    """Signal at dark time zero, after the bias is subtracted (electron). What is in all darks
    alike: a bias level that drifted between biases and darks."""
    intercept_error: float
    """Its standard error (electron)."""
    rate: float
    """Signal per dark time (electron/s): dark current, and light that leaks in."""
    rate_error: float
    """Its standard error (electron/s)."""
    nonlinearity: float
    """Distance from the line of the median signal at one dark time: the one for which this is most
    standard errors (electron)."""
    nonlinearity_error: float
    """Its standard error (electron)."""
    reference_rate: float = math.nan
    """Mean rate of the combined dark that the frames were compared with (electron/s); NaN if they
    were compared with none."""

    @property
    def excess(self) -> float:
        """Rate over that of the reference (`float`, electron/s)."""
        return self.rate - self.reference_rate


@dataclasses.dataclass(frozen=True, slots=True)
class DarkFit:
    """The lines of all amplifiers of a detector.

    It is written as ``RUN: DARK_FIT: <detector>: <amplifier>: {INTERCEPT, INTERCEPT_ERROR, RATE,
    RATE_ERROR, NONLINEARITY, NONLINEARITY_ERROR, REFERENCE_RATE}`` into ``verifyDarkStats``, beside
    the exposures; values that could not be measured are left out. ``RUN: SUCCESS: true`` is for
    readers that take every key for an exposure, and judges nothing.
    """

    amplifiers: Mapping[str, AmplifierLine]
    """By name, C00 to C17."""

    def without(self, amplifiers: Collection[str]) -> "DarkFit":
        """Return the same without the lines of some amplifiers (`DarkFit`)."""
        return DarkFit({name: x for name, x in self.amplifiers.items() if name not in amplifiers})

    def to_dict(self) -> dict[str, dict[str, float]]:
        """Lay it out for a dataset (`dict`, by amplifier and by name of the value)."""
        return {
            name: {
                field.upper(): float(value)
                for field, value in dataclasses.asdict(line).items()
                if math.isfinite(value)
            }
            for name, line in self.amplifiers.items()
        }

    @classmethod
    def from_dict(cls, raw: object) -> typing.Self:
        """Read what `to_dict` laid out.

        Raises
        ------
        StatisticsError
            If it is something else.
        """
        if not isinstance(raw, Mapping):
            raise StatisticsError(f"A fit of darks should be a dictionary, not {raw!r}.")
        return cls({str(name): _line(name, values) for name, values in raw.items()})

    @classmethod
    def find(cls, stats: Mapping[typing.Any, typing.Any]) -> "DarkFit | None":
        """Find it in ``verifyDarkStats``.

        Parameters
        ----------
        stats : mapping
            Content of the dataset.

        Returns
        -------
        fit : `DarkFit` or `None`
            That of the only detector; None if there is none, as in statistics of cp_verify.

        Raises
        ------
        StatisticsError
            If it is not laid out as said above.
        """
        run = stats.get("RUN")
        detectors = run.get("DARK_FIT") if isinstance(run, Mapping) else None
        if not detectors:
            return None
        if not isinstance(detectors, Mapping) or len(detectors) != 1:
            raise StatisticsError("A fit of darks should be that of one detector.")
        return cls.from_dict(next(iter(detectors.values())))


def _line(name: object, values: object) -> AmplifierLine:
    fields = {field.name.upper(): field.name for field in dataclasses.fields(AmplifierLine)}
    try:
        given = {fields[str(key)]: float(value) for key, value in dict(values).items()}  # type: ignore[call-overload]
    except (KeyError, TypeError, ValueError) as error:
        raise StatisticsError(f"The fit of darks of {name} cannot be read: {values!r}.") from error
    return AmplifierLine(**(dict.fromkeys(fields.values(), math.nan) | given))
