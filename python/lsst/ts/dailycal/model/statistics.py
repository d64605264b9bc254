# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run-level verification statistics, as cp_verify writes them."""

__all__ = [
    "AmplifierStatistics",
    "ExposureStatistics",
    "ExposureVerdict",
    "FailedTest",
    "RunStatistics",
    "details_dataset_type",
]

import collections
import dataclasses
import math
import typing
from collections.abc import Collection, Mapping

from .dark_fit import DarkFit
from .detector import LATISS_AMPLIFIERS
from .errors import StatisticsError

_READ_NOISES = {item.name: item.read_noise for item in LATISS_AMPLIFIERS}
_MOST_DIGITS = 18  # of an exposure id; those of today have 13


def details_dataset_type(dataset_type: str) -> str:
    """Name the measurements of each detector, of which statistics of a run are the summary."""
    return f"{dataset_type.removesuffix('Stats')}DetStats"


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class FailedTest:
    """One verification test that failed on one amplifier."""

    detector: str
    """Name of the detector, e.g. ``RXX_S00``."""
    amplifier: str
    """Name of the amplifier, e.g. ``C10``; empty for a test of the whole detector."""
    test: str
    """Name of the test, e.g. ``NOISE``."""

    @classmethod
    def parse(cls, text: str) -> typing.Self:
        """Read an entry of FAILURES such as ``RXX_S00 C00 NOISE``.

        The test is the last word; a test of a whole detector has two words.

        Raises
        ------
        StatisticsError
            If the text has fewer than two words.
        """
        words = text.split()
        if len(words) < 2:
            raise StatisticsError(f"A failure must name a detector and a test; got {text!r}.")
        return cls(detector=words[0], amplifier=" ".join(words[1:-1]), test=words[-1])

    def __str__(self) -> str:
        return " ".join(word for word in (self.detector, self.amplifier, self.test) if word)


@dataclasses.dataclass(frozen=True, slots=True)
class ExposureVerdict:
    """What verification says of one exposure."""

    exposure_id: int
    """Id of the exposure."""
    failures: tuple[FailedTest, ...]
    """The tests that failed; empty if all passed."""
    success: bool
    """Did every amplifier pass?"""

    def without(self, amplifiers: Collection[str]) -> "ExposureVerdict":
        """Return the same without what is said of some amplifiers (`ExposureVerdict`)."""
        kept = tuple(item for item in self.failures if item.amplifier not in amplifiers)
        return dataclasses.replace(self, failures=kept, success=self.success or not kept)

    def count_by_test(self) -> dict[str, int]:
        """Count the failures of each test (`dict` [`str`, `int`])."""
        return dict(collections.Counter(failure.test for failure in self.failures))


@dataclasses.dataclass(frozen=True, slots=True)
class AmplifierStatistics:
    """What verification measured in one amplifier of one exposure."""

    name: str
    """C00 to C17."""
    level: float
    """Mean of the image pixels, without outliers if that was measured (electron)."""
    noise: float
    """Standard deviation, clipped (electron)."""
    read_noise: float
    """Read noise that it is compared with (electron)."""
    cr_noise: float = math.nan
    """Standard deviation without clipping, after the repair of cosmic rays (electron)."""


@dataclasses.dataclass(frozen=True, slots=True)
class ExposureStatistics:
    """What verification measured in one exposure: one ``verifyBiasDetStats``."""

    exposure_id: int
    """Id of the exposure."""
    amplifiers: tuple[AmplifierStatistics, ...]
    """One an amplifier."""
    dark_time: float = math.nan
    """Dark time (second); NaN if nobody wrote it down."""

    @classmethod
    def parse(cls, exposure_id: int, raw: Mapping[typing.Any, typing.Any]) -> typing.Self:
        """Read the dictionary that the Butler returns for one detector of an exposure.

        Parameters
        ----------
        exposure_id : `int`
            Id of the exposure.
        raw : `dict`
            With AMP, METADATA and DET. LEVEL among METADATA is ours; cp_verify has MEAN.

        Raises
        ------
        StatisticsError
            If it is laid out otherwise.
        """
        try:
            metadata = raw.get("METADATA", {})
            levels, noises = metadata.get("LEVEL", {}), metadata.get("READ_NOISE", _READ_NOISES)
            return cls(
                exposure_id,
                tuple(
                    AmplifierStatistics(
                        str(name),
                        float(levels.get(name, amplifier["MEAN"])),
                        float(amplifier["NOISE"]),
                        float(noises[name]),
                        float(amplifier["CR_NOISE"]),
                    )
                    for name, amplifier in raw["AMP"].items()
                ),
                float(raw.get("DET", {}).get("DARK_TIME", math.nan)),
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise StatisticsError(
                f"The measurements of exposure {exposure_id} cannot be read: {error!r}."
            ) from error


@dataclasses.dataclass(frozen=True, slots=True)
class RunStatistics:
    """Dataset ``verifyBiasStats`` or ``verifyDarkStats``."""

    exposures: tuple[ExposureVerdict, ...]
    """One verdict an exposure, in the order of the ids."""
    success: bool
    """Did every exposure pass?"""
    measurements: tuple[ExposureStatistics, ...] = ()
    """What was measured, in the order of the ids; empty if it could not be found."""
    darks: DarkFit | None = None
    """Signal over dark time of each amplifier; `None` for biases, and if nobody worked it out."""

    @classmethod
    def parse(
        cls,
        raw: Mapping[typing.Any, typing.Any],
        details: Mapping[int, Mapping[typing.Any, typing.Any]] | None = None,
    ) -> typing.Self:
        """Read the dictionaries that the Butler returns.

        Parameters
        ----------
        raw : `dict`
            Keys are exposure ids (as integers or as text), ``SUCCESS``,
            and optionally others such as ``RUN`` that are not exposures.
        details : `dict`, optional
            The measurements of the detector, by exposure id.

        Raises
        ------
        StatisticsError
            If ``SUCCESS`` is missing or an entry is not what cp_verify writes.
        """
        if not isinstance(raw, Mapping) or not isinstance(raw.get("SUCCESS"), bool):
            raise StatisticsError("Verification statistics need a boolean SUCCESS at the top.")
        verdicts = [_parse_exposure(int(key), value) for key, value in raw.items() if _is_id(key)]
        if len({verdict.exposure_id for verdict in verdicts}) < len(verdicts):
            raise StatisticsError("Verification statistics name an exposure twice.")
        return cls(
            exposures=tuple(sorted(verdicts, key=lambda verdict: verdict.exposure_id)),
            success=raw["SUCCESS"],
            measurements=tuple(
                ExposureStatistics.parse(exposure_id, detail)
                for exposure_id, detail in sorted((details or {}).items())
                if any(verdict.exposure_id == exposure_id for verdict in verdicts)
            ),
            darks=DarkFit.find(raw),
        )

    def without(self, amplifiers: Collection[str]) -> "RunStatistics":
        """Return the same without what is said of some amplifiers (`RunStatistics`)."""
        if not amplifiers:
            return self
        verdicts = tuple(verdict.without(amplifiers) for verdict in self.exposures)
        return dataclasses.replace(
            self,
            exposures=verdicts,
            success=all(verdict.success for verdict in verdicts),
            measurements=tuple(
                dataclasses.replace(
                    item,
                    amplifiers=tuple(a for a in item.amplifiers if a.name not in amplifiers),
                )
                for item in self.measurements
            ),
            darks=self.darks and self.darks.without(amplifiers),
        )

    @property
    def exposure_ids(self) -> tuple[int, ...]:
        """Ids of the exposures that were verified (`tuple` [`int`])."""
        return tuple(verdict.exposure_id for verdict in self.exposures)


def _is_id(key: object) -> bool:
    return (isinstance(key, int) and not isinstance(key, bool)) or (
        isinstance(key, str) and key.isascii() and key.isdigit() and len(key) <= _MOST_DIGITS
    )


def _parse_exposure(exposure_id: int, value: object) -> ExposureVerdict:
    if not isinstance(value, Mapping):
        raise StatisticsError(f"Exposure {exposure_id}: expected a dictionary, got {value!r}.")
    failures = value.get("FAILURES", [])
    if not isinstance(failures, list) or not all(isinstance(item, str) for item in failures):
        raise StatisticsError(f"Exposure {exposure_id}: FAILURES must be a list of texts.")
    parsed = tuple(FailedTest.parse(text) for text in failures)
    # Real samples of failing exposures lack SUCCESS and show FAILURES alone.
    success = value.get("SUCCESS", not parsed)
    if not isinstance(success, bool):
        raise StatisticsError(f"Exposure {exposure_id}: SUCCESS must be true or false.")
    return ExposureVerdict(exposure_id=exposure_id, failures=parsed, success=success)
