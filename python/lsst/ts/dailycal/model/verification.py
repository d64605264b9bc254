# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Value and limit of each verification test, as they stand in the measurements of an exposure."""

__all__ = ["VERIFICATION_TESTS", "TestResult", "results_of_exposure"]

import dataclasses
import math
import typing
from collections.abc import Callable, Iterator, Mapping

from .errors import StatisticsError

_TOLERANCE = 0.05
"""Relative difference of noises that cp_verify allows unless it is told otherwise."""

Amplifier = Mapping[str, float]


@dataclasses.dataclass(frozen=True, slots=True)
class TestResult:
    """One verification test of one amplifier of one exposure."""

    __test__ = False  # or pytest would take it for a test

    exposure_id: int
    """Id of the exposure."""
    amplifier: str
    """C00 to C17."""
    test: str
    """Name of the test, e.g. NOISE."""
    value: float | None
    """What is held against the limit, in the unit of the test; `None` if it is not known."""
    limit: float | None
    """The largest value that passes; `None` if it is not known."""
    passed: bool
    """Did it pass?"""


class VerificationTest(typing.NamedTuple):
    """What a test compares."""

    unit: str
    """Unit of value and limit; empty for a ratio."""
    meaning: str
    """What the value is, and when it passes."""
    value: Callable[[Amplifier], float]
    """Works out the value."""
    limit: Callable[[Amplifier], float]
    """Works out the limit."""


VERIFICATION_TESTS: Mapping[str, VerificationTest] = {
    "MEAN": VerificationTest(
        "electron",
        "absolute mean of the corrected pixels; less than their noise",
        lambda amplifier: abs(amplifier["MEAN"]),
        lambda amplifier: amplifier["NOISE"],
    ),
    "NOISE": VerificationTest(
        "electron",
        "noise of the corrected pixels; at most the read noise of the camera plus the tolerance",
        lambda amplifier: amplifier["NOISE"],
        lambda amplifier: amplifier["READ_NOISE"] * (1.0 + amplifier["TOLERANCE"]),
    ),
    "CR_NOISE": VerificationTest(
        "",
        "relative difference of the noise with and without cosmic rays; at most the tolerance",
        lambda amplifier: (
            abs(amplifier["NOISE"] - amplifier["CR_NOISE"]) / amplifier["CR_NOISE"]
            if amplifier["CR_NOISE"] > 0
            else math.nan
        ),
        lambda amplifier: amplifier["TOLERANCE"],
    ),
    "READ_NOISE_CONSISTENT": VerificationTest(
        "electron",
        "noise of the overscan; at most the read noise of the camera plus the tolerance; "
        "makes no exposure bad",
        lambda amplifier: amplifier["GAIN"] * amplifier["READ_NOISE_ADU"],
        lambda amplifier: amplifier["READ_NOISE"] * (1.0 + amplifier["TOLERANCE"]),
    ),
}
"""The tests of DMTN-101 (sections 4 and 5), by name."""


def results_of_exposure(
    exposure_id: int, details: Mapping[str, typing.Any]
) -> tuple[TestResult, ...]:
    """Read the result of every test from what the Butler has for one detector of an exposure.

    Parameters
    ----------
    exposure_id : `int`
        Id of the exposure.
    details : `dict`
        A ``verifyBiasDetStats`` or ``verifyDarkDetStats``. What cp_verify does not write down
        (read noise, gain, tolerance) makes the values that need it unknown, or its default.

    Returns
    -------
    results : `tuple` [`TestResult`]
        Also of the tests that passed, in the order of the amplifiers.

    Raises
    ------
    StatisticsError
        If it is laid out otherwise.
    """
    try:
        return tuple(_results(exposure_id, details))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StatisticsError(
            f"The tests of exposure {exposure_id} cannot be read: {error!r}."
        ) from error


def _results(exposure_id: int, details: Mapping[str, typing.Any]) -> Iterator[TestResult]:
    metadata = details.get("METADATA", {})
    tolerance = float(details.get("DET", {}).get("TOLERANCE", _TOLERANCE))
    for name, verdicts in details["VERIFY"]["AMP"].items():
        facts = {key: float(value) for key, value in details["AMP"][name].items()}
        for key in ("READ_NOISE", "READ_NOISE_ADU", "GAIN"):
            values = metadata.get(key)
            facts[key] = float(values[name]) if isinstance(values, Mapping) else math.nan
        facts["TOLERANCE"] = tolerance
        for test, passed in verdicts.items():
            if test == "SUCCESS":
                continue
            known = VERIFICATION_TESTS.get(test)
            value = known.value(facts) if known is not None else math.nan
            limit = known.limit(facts) if known is not None else math.nan
            yield TestResult(exposure_id, name, test, _known(value), _known(limit), bool(passed))


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None
