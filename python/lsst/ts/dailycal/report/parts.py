# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What pages about a run have in common, the report and the live page."""

__all__ = [
    "AMPLIFIER_ORDER",
    "make_environment",
    "read_style",
    "test_maps",
    "warnings_of",
]

import logging
from collections.abc import Iterator, Sequence

import jinja2
import markupsafe

from ..model import Severity, format_duration
from ..model.detector import LATISS_AMPLIFIERS
from ..model.verification import VERIFICATION_TESTS, TestResult
from .document import Report, ReportedCalibration, ReportedMessage
from .headline import status_class

_FATES = {"used": "good", "discarded": "none", "left out": "warning", "retaken": "warning"}
_SEVERITIES = {Severity.REFUSAL: "bad", Severity.WARNING: "warning"}
AMPLIFIER_ORDER = tuple(
    item.name for item in sorted(LATISS_AMPLIFIERS, key=lambda item: (not item.upper, item.column))
)
"""Amplifiers as they lie on the detector, row by row from the upper left."""


def make_environment(*further: jinja2.BaseLoader) -> jinja2.Environment:
    """Make an environment in which everything that comes from outside is escaped.

    Parameters
    ----------
    *further : `jinja2.BaseLoader`
        Where there are more templates than those of the report.
    """
    own = jinja2.PackageLoader(__package__, "templates")
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader([*further, own]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        # A server goes on with the templates that it began with when another version is installed.
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["duration"] = format_duration
    environment.globals |= {
        "status_class": status_class,
        "fate_class": lambda fate: _FATES.get(fate, "bad"),
        "severity_class": lambda severity: _SEVERITIES.get(severity, "good"),
        "level_class": lambda level: "warning" if level == "WARNING" else "bad",
    }
    return environment


def read_style(environment: jinja2.Environment) -> markupsafe.Markup:
    """Return the style sheet of all pages (`markupsafe.Markup`)."""
    assert environment.loader is not None  # noqa: S101 - made above
    source, _, _ = environment.loader.get_source(environment, "style.css")
    return markupsafe.Markup(source)  # noqa: S704 - a file of ours


def warnings_of(report: Report) -> list[ReportedMessage]:
    """Return the messages that are worth more than others (`list` [`ReportedMessage`])."""
    levels = logging.getLevelNamesMapping()
    return [item for item in report.messages if levels.get(item.level, 0) >= logging.WARNING]


def test_maps(report: Report) -> list[dict[str, object]]:
    """Lay the verification tests out as maps of exposures by amplifiers.

    Returns
    -------
    maps : `list` [`dict`]
        One for each test of each image type that was verified.
    """
    return [found for item in report.calibrations for found in _maps(item)]


def _maps(item: ReportedCalibration) -> Iterator[dict[str, object]]:
    by_test: dict[str, list[TestResult]] = {}
    for result in item.tests:
        by_test.setdefault(result.test, []).append(result)
    for test, results in by_test.items():
        known = VERIFICATION_TESTS.get(test)
        unit = known.unit if known is not None else ""
        cells = {(result.exposure_id, result.amplifier): result for result in results}
        exposures = sorted({result.exposure_id for result in results})
        amplifiers = [name for name in AMPLIFIER_ORDER if any(a == name for _, a in cells)]
        limits = [_common_limit(results, name) for name in amplifiers]
        is_common = all(limits)
        yield {
            "title": f"{item.image_type} {test}" + (f" ({unit})" if unit else ""),
            "meaning": f"{known.meaning[:1].upper()}{known.meaning[1:]}." if known else "",
            "failed": sum(not result.passed for result in results),
            "count": len(results),
            "amplifiers": amplifiers,
            "limits": limits if is_common else (),
            "rows": [
                (
                    exposure,
                    [
                        _cell(cells.get((exposure, name)), unit, with_limit=not is_common)
                        for name in amplifiers
                    ],
                )
                for exposure in exposures
            ],
        }


def _common_limit(results: Sequence[TestResult], amplifier: str) -> str:
    """Return the limit of an amplifier in all exposures; empty if it is not the same in all."""
    limits = {_number(item.limit) for item in results if item.amplifier == amplifier}
    return limits.pop() if len(limits) == 1 else ""


def _number(value: float | None) -> str:
    return "?" if value is None else f"{value:.3g}"


def _cell(result: TestResult | None, unit: str, *, with_limit: bool) -> dict[str, object] | None:
    if result is None:
        return None
    value, limit = _number(result.value), _number(result.limit)
    word = "passed" if result.passed else "failed"
    shown = f"{value} {unit}".strip()
    most = "not known" if result.limit is None else f"{limit} {unit}".strip()
    title = f"{result.exposure_id} {result.amplifier}: {shown}, limit {most}, {word}"
    # In print, and for whoever has no mouse, the limit stands beside the value or above all.
    text = value if result.passed or result.limit is None else f"{value} > {limit}"
    below = f"of {limit}" if with_limit and result.passed and result.limit is not None else ""
    return {"passed": result.passed, "text": text, "below": below, "title": title}
