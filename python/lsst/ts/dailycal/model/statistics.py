# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run-level verification statistics, as cp_verify writes them."""

__all__ = ["ExposureVerdict", "FailedTest", "RunStatistics"]

import collections
import dataclasses
import typing
from collections.abc import Mapping

from .errors import StatisticsError

_MOST_DIGITS = 18  # of an exposure id; those of today have 13


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

    def count_by_test(self) -> dict[str, int]:
        """Count the failures of each test (`dict` [`str`, `int`])."""
        return dict(collections.Counter(failure.test for failure in self.failures))


@dataclasses.dataclass(frozen=True, slots=True)
class RunStatistics:
    """Dataset ``verifyBiasStats`` or ``verifyDarkStats``."""

    exposures: tuple[ExposureVerdict, ...]
    """One verdict an exposure, in the order of the ids."""
    success: bool
    """Did every exposure pass?"""

    @classmethod
    def parse(cls, raw: Mapping[typing.Any, typing.Any]) -> typing.Self:
        """Read the dictionary that the Butler returns.

        Parameters
        ----------
        raw : `dict`
            Keys are exposure ids (as integers or as text), ``SUCCESS``,
            and optionally others such as ``RUN`` that are not exposures.

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
