# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as one HTML file, which needs no network and no script."""

__all__ = ["render_html"]

import base64
import dataclasses
import logging
from collections.abc import Iterator, Mapping, Sequence

import jinja2
import markupsafe
import numpy as np

from ..figures.palette import DARK
from ..figures.pictures import Picture, picture_of
from ..figures.plots import Series, amplifier_multiples, histogram, profiles
from ..model import AmplifierFacts, AmplifierMeasurement, CalibrationFacts, ImageType, Severity
from ..model.detector import LATISS_AMPLIFIERS
from ..model.verification import VERIFICATION_TESTS, TestResult
from ..page import format_duration
from .compile import Pixels
from .document import Report, ReportedCalibration
from .headline import headline, status_class

_FATES = {"used": "good", "discarded": "none", "left out": "warning", "retaken": "warning"}
_SEVERITIES = {Severity.REFUSAL: "bad", Severity.WARNING: "warning"}
_PLOTS = (
    ("level (ADU)", lambda item: item.level, "Level of the image above the overscan."),
    ("noise (ADU)", lambda item: item.data_noise, "Noise of the image."),
    ("overscan (ADU)", lambda item: item.overscan, "Level of the overscan."),
)
_ORDER = tuple(
    item.name for item in sorted(LATISS_AMPLIFIERS, key=lambda item: (not item.upper, item.column))
)
"""Amplifiers as they lie on the detector, row by row from the upper left."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Shown:
    """A picture in the page."""

    base64: str
    width: int
    height: int
    alt: str
    caption: str


def render_html(report: Report, pixels: Mapping[ImageType, Pixels]) -> str:
    """Write a report as a page.

    Parameters
    ----------
    report : `Report`
        The report.
    pixels : `~collections.abc.Mapping` [`ImageType`, `Pixels`]
        What its pictures are made of.

    Returns
    -------
    html : `str`
        The page; its pictures are in it.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__package__, "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    source, _, _ = jinja2.PackageLoader(__package__, "templates").get_source(
        environment, "style.css"
    )
    views = [_view(item, pixels.get(item.image_type, Pixels())) for item in report.calibrations]
    maps = [shown for item in report.calibrations for shown in _maps(item)]
    frames = list(_frames(report))
    return environment.get_template("report.html").render(
        report=report,
        headline=headline(report),
        style=markupsafe.Markup(source),  # noqa: S704 - a file of ours
        begin=_people(report.begin_utc),
        end=_people(report.end_utc),
        duration=format_duration(report.duration),
        contents=list(_contents(report, views, frames=bool(frames), maps=bool(maps))),
        views=views,
        frames=frames,
        maps=maps,
        warnings=[
            item
            for item in report.messages
            if logging.getLevelNamesMapping().get(item.level, 0) >= logging.WARNING
        ],
        status_class=status_class,
        fate_class=lambda fate: _FATES.get(fate, "bad"),
        severity_class=lambda severity: _SEVERITIES.get(severity, "good"),
        level_class=lambda level: "warning" if level == "WARNING" else "bad",
    )


def _contents(
    report: Report, views: Sequence[Mapping[str, object]], *, frames: bool, maps: bool
) -> Iterator[tuple[str, str]]:
    yield "result", "Result"
    for view in views:
        yield str(view["anchor"]), f"Combined {view['kind']}"
    if frames:
        yield "frames", "Frames"
    if maps:
        yield "tests", "Verification"
    yield "exposures", "Exposures"
    if report.jobs:
        yield "jobs", "Jobs"
    yield "messages", "Messages"
    yield "asked", "How to reproduce it"


def _people(iso: str) -> str:
    return f"{iso[:10]} {iso[11:19]} UTC"


def _view(item: ReportedCalibration, pixels: Pixels) -> dict[str, object]:
    kind = item.image_type.dataset_type
    combined, in_use = pixels.combined, pixels.in_use
    view: dict[str, object] = {
        "anchor": f"combined-{kind}",
        "kind": kind,
        "image": None,
        "difference": None,
        "differences": item.comparison.differences if item.comparison is not None else (),
        "amplifiers": list(_amplifiers(item.combined, item.in_use)),
        "unit": item.combined.unit if item.combined is not None else "electron",
        "why": "none was made." if item.certification is None else "it is not there any more.",
    }
    if combined is None:
        return view
    unit = combined.facts.unit
    colour = DARK if item.image_type is ImageType.DARK else None
    view |= {
        "image": _shown(
            picture_of(combined.pixels), f"Combined {kind}", unit, "stretched by zscale"
        ),
        "histogram": _markup(
            histogram(combined.pixels, unit, **({"colour": colour} if colour else {}))
        ),
        "profiles": _markup(profiles(combined.pixels, unit)),
    }
    if in_use is not None and in_use.pixels.shape == combined.pixels.shape:
        difference = combined.pixels - in_use.pixels
        view["difference"] = _shown(
            picture_of(difference, differences=True),
            f"Combined {kind} minus the one in use",
            unit,
            "blue below, red above zero",
        )
    return view


def _shown(picture: Picture, title: str, unit: str, note: str) -> _Shown:
    size = picture.binning
    binned = f" A point is the mean of {size} by {size} pixels." if size > 1 else ""
    caption = (
        f"{title}, {picture.low:.3g} to {picture.high:.3g} {unit}; {note}. C10 is at the upper "
        f"left.{binned}"
    )
    content = base64.b64encode(picture.png).decode("ascii")
    return _Shown(content, picture.width, picture.height, title, caption)


def _markup(svg: str) -> markupsafe.Markup:
    return markupsafe.Markup(svg)  # noqa: S704 - matplotlib escapes the text in it


def _amplifiers(
    new: CalibrationFacts | None, old: CalibrationFacts | None
) -> Iterator[tuple[str, ...]]:
    before = {item.name: item for item in old.amplifiers} if old is not None else {}
    for item in new.amplifiers if new is not None else ():
        other = before.get(item.name)
        yield (
            item.name,
            f"{_level(item):.3f}",
            f"{_level(other):.3f}" if other else "–",
            f"{item.noise:.3f}",
            f"{other.noise:.3f}" if other else "–",
            str(item.hot),
            str(other.hot) if other else "–",
        )


def _level(facts: AmplifierFacts) -> float:
    return float(np.median(facts.patches))


def _frames(report: Report) -> Iterator[tuple[markupsafe.Markup, str]]:
    for label, value, caption in _PLOTS:
        series = {
            kind: list(_series(report, kind, value)) for kind in (ImageType.BIAS, ImageType.DARK)
        }
        if any(series.values()):
            plot = amplifier_multiples(
                series[ImageType.BIAS], series[ImageType.DARK], label, ordered=_ORDER
            )
            yield _markup(plot), caption


def _series(report: Report, kind: ImageType, value: object) -> Iterator[Series]:
    assert callable(value)  # noqa: S101 - of the table above
    found = [
        (item.image.seq_num, item.measurement, item.fate not in ("used", "discarded"))
        for item in report.exposures
        if item.image is not None and item.measurement is not None and item.image_type is kind
    ]
    by_name: dict[str, list[tuple[int, AmplifierMeasurement, bool]]] = {}
    for number, measurement, bad in found:
        for amplifier in measurement.amplifiers:
            by_name.setdefault(amplifier.name, []).append((number, amplifier, bad))
    for name, rows in by_name.items():
        yield Series(
            name,
            [number for number, _, _ in rows],
            [value(amplifier) for _, amplifier, _ in rows],
            [bad for _, _, bad in rows],
        )


def _maps(item: ReportedCalibration) -> Iterator[dict[str, object]]:
    by_test: dict[str, list[TestResult]] = {}
    for result in item.tests:
        by_test.setdefault(result.test, []).append(result)
    for test, results in by_test.items():
        known = VERIFICATION_TESTS.get(test)
        unit = known.unit if known is not None else ""
        cells = {(result.exposure_id, result.amplifier): result for result in results}
        exposures = sorted({result.exposure_id for result in results})
        amplifiers = [name for name in _ORDER if any(a == name for _, a in cells)]
        yield {
            "title": f"{item.image_type} {test}" + (f" ({unit})" if unit else ""),
            "meaning": f"{known.meaning[:1].upper()}{known.meaning[1:]}." if known else "",
            "failed": sum(not result.passed for result in results),
            "count": len(results),
            "amplifiers": amplifiers,
            "rows": [
                (exposure, [_cell(cells.get((exposure, name)), unit) for name in amplifiers])
                for exposure in exposures
            ],
        }


def _cell(result: TestResult | None, unit: str) -> dict[str, object] | None:
    if result is None:
        return None
    value = "?" if result.value is None else f"{result.value:.3g}"
    limit = "not known" if result.limit is None else f"{result.limit:.3g} {unit}".strip()
    word = "passed" if result.passed else "failed"
    title = f"{result.exposure_id} {result.amplifier}: {value} {unit}, limit {limit}, {word}"
    return {"passed": result.passed, "text": value, "title": title}
