# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run as HTML: the whole page, or the parts of it that change."""

__all__ = ["PARTS", "Renderer"]

import dataclasses
import typing
from collections.abc import Mapping, Sequence

import jinja2

from ..model.verification import TestResult
from ..report.document import Report, ReportedExposure
from ..report.listing import ListedRun
from ..report.parts import AMPLIFIER_ORDER, make_environment, read_style, test_maps, warnings_of
from ..report.plots import PLOTS, table_of
from ..report.readings import instrument_rows
from ..report.times import people_utc
from .view import RunView

PARTS = (
    "headline", "progress", "steps", "timeline", "frame", "multiples", "result", "tests",
    "exposures", "jobs", "conditions", "messages",
)  # fmt: skip
"""Names of the parts of the page, in their order; each is a block of its template."""
_SIGNS = {
    "used": ("✓", "good", "used"),
    "discarded": ("○", "none", "not used, as planned"),
    "left out": ("✗", "bad", "left out"),
    "retaken": ("↻", "warning", "another one was taken in its place"),
    "lost": ("✗", "bad", "lost"),
    "failed": ("✗", "bad", "failed"),
    "not known": ("?", "warning", "not known"),
    "not taken": ("·", "none", "not taken"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Cell:
    """One exposure in the timeline."""

    sign: str
    """A sign, for those who do not see the colour."""
    status: str
    """Gives the colour."""
    title: str
    """What is known of it."""
    image: str
    """Name of the image in the Butler; empty if there is none."""


class Renderer:
    """Renders runs."""

    def __init__(self) -> None:
        self._environment = make_environment(jinja2.PackageLoader(__package__, "templates"))
        self._parts = self._environment.get_template("parts.html").module
        self.style = str(read_style(self._environment))

    def page(
        self,
        view: RunView,
        tests: Mapping[str, Sequence[TestResult]],
        *,
        pictures: bool,
        state: str = "",
    ) -> str:
        """Render the whole page of a run (`str`), which is in some state."""
        return self._environment.get_template("run.html").render(
            **self._context(view, tests, pictures=pictures), state=state
        )

    def parts(
        self, view: RunView, tests: Mapping[str, Sequence[TestResult]], *, pictures: bool
    ) -> dict[str, str]:
        """Render the parts of the page of a run (`dict` [`str`, `str`])."""
        template = self._environment.get_template("run.html")
        context = template.new_context(self._context(view, tests, pictures=pictures))
        return {name: "".join(template.blocks[name](context)) for name in PARTS}

    def _context(
        self, view: RunView, tests: Mapping[str, Sequence[TestResult]], *, pictures: bool
    ) -> dict[str, typing.Any]:
        report = view.report
        if report is not None and tests:
            report = dataclasses.replace(
                report,
                calibrations=tuple(
                    dataclasses.replace(item, tests=tuple(tests.get(str(item.image_type), ())))
                    for item in report.calibrations
                ),
            )
        # An image that the Butler does not have yet has no picture.
        seen = [str(item.image) for item in report.exposures if item.ingested] if report else []
        measured = sum(item.measurement is not None for item in report.exposures) if report else 0
        return {
            "parts": self._parts,
            "view": view,
            "report": report,
            "timeline": _timeline(view, report),
            "latest": seen[-1] if seen else "",
            "amplifiers": AMPLIFIER_ORDER,
            "measured": measured,
            "multiples": [
                (name, plot[2], table_of(report, name, AMPLIFIER_ORDER))
                for name, plot in PLOTS.items()
                if report is not None
            ],
            "maps": test_maps(report) if report is not None else [],
            "instruments": instrument_rows(report.readings) if report is not None else [],
            "warnings": warnings_of(report) if report is not None else [],
            "pictures": pictures,
        }

    def index(self, runs: Sequence[ListedRun], problems: Sequence[str]) -> str:
        """Render the list of runs (`str`)."""
        rows = [(run, people_utc(run.begin)) for run in runs]
        return self._environment.get_template("index.html").render(rows=rows, problems=problems)

    def frame(self, **facts: typing.Any) -> str:
        """Render the page of one image (`str`)."""
        return self._environment.get_template("frame.html").render(
            parts=self._parts, amplifiers=AMPLIFIER_ORDER, **facts
        )

    def problem(self, title: str, text: str) -> str:
        """Render a page that says what is wrong (`str`)."""
        return self._environment.get_template("problem.html").render(title=title, text=text)


def _timeline(view: RunView, report: Report | None) -> list[tuple[str, list[Cell]]]:
    """Lay the exposures of each type out in a row."""
    rows: dict[str, list[Cell]] = {}
    measures = any(count.measured is not None for count in view.counts)
    for item in report.exposures if report is not None else ():
        label = f"{item.image_type} {item.number}"
        sign, status, words = _SIGNS.get(item.fate, ("?", "none", item.fate))
        if item.fate == "used" and item.reason:
            sign, status, words = "✗", "bad", "used"
        elif item.fate == "used" and not view.is_over:
            sign, status, words = _way(item, measures=measures)
        reason = item.reason
        if item.fate == "not known" and not view.is_over:
            sign, status, words, reason = "▶", "running", "being exposed", ""
        name = str(item.image) if item.image is not None else ""
        why = f": {reason}" if reason else ""
        title = f"{label}, {item.exposure_time:g} s, {name or 'no image'}, {words}{why}"
        rows.setdefault(str(item.image_type), []).append(
            Cell(sign, status, title, name if item.ingested else "")
        )
    return list(rows.items())


def _way(item: ReportedExposure, *, measures: bool) -> tuple[str, str, str]:
    """Tell how far an image is on its way from the camera to the numbers."""
    if not item.ingested:
        return "◔", "running", "read out, not in the Butler yet"
    if measures and item.measurement is None:
        return "◑", "running", "in the Butler, not measured yet"
    return _SIGNS["used"]
