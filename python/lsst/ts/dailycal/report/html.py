# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A report as one HTML file, which needs no network and no script."""

__all__ = ["render_html"]

import base64
import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from ..figures.palette import DARK
from ..figures.pictures import Picture, picture_of
from ..figures.plots import amplifier_multiples, courses, histogram, profiles
from ..model import AmplifierFacts, CalibrationFacts, ImageType, JobStep, format_duration
from .compile import Pixels
from .document import Report, ReportedCalibration
from .headline import headline
from .parts import AMPLIFIER_ORDER, make_environment, read_style, test_maps, warnings_of
from .plots import PLOTS, series_of, table_of
from .readings import instrument_rows, instrument_series


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
    environment = make_environment()
    source = read_style(environment)
    made = {
        job.key.image_type
        for job in report.jobs
        if job.key.step is JobStep.GENERATE and job.status == "done"
    }
    views = [
        _view(item, pixels.get(item.image_type, Pixels()), is_made=item.image_type in made)
        for item in report.calibrations
    ]
    maps = test_maps(report)
    frames = list(_frames(report))
    return environment.get_template("report.html").render(
        report=report,
        headline=headline(report),
        style=source,
        begin=_people(report.begin_utc),
        end=_people(report.end_utc),
        duration=format_duration(report.duration),
        contents=list(_contents(report, views, frames=bool(frames), maps=bool(maps))),
        views=views,
        frames=frames,
        maps=maps,
        instruments=instrument_rows(report.readings),
        courses=_address(courses(instrument_series(report.readings))) if report.readings else "",
        amplifiers=AMPLIFIER_ORDER,
        warnings=warnings_of(report),
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


def _view(item: ReportedCalibration, pixels: Pixels, *, is_made: bool) -> dict[str, object]:
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
        "why": "it cannot be read any more." if is_made else "none was made.",
    }
    if combined is None:
        return view
    unit = combined.facts.unit
    colour = DARK if item.image_type is ImageType.DARK else None
    view |= {
        "image": _shown(
            picture_of(combined.pixels), f"Combined {kind}", unit, "stretched by zscale"
        ),
        "histogram": _address(
            histogram(combined.pixels, unit, **({"colour": colour} if colour else {}))
        ),
        "profiles": _address(profiles(combined.pixels, unit)),
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


def _address(svg: str) -> str:
    """Put a plot into an address: as a document of its own, its names meet nobody else's."""
    content = base64.b64encode(svg.encode("utf-8")).decode("ascii")
    return f"data:image/svg+xml;base64,{content}"


def _amplifiers(
    new: CalibrationFacts | None, old: CalibrationFacts | None
) -> Iterator[tuple[str, ...]]:
    before = {item.name: item for item in old.amplifiers} if old is not None else {}
    for item in new.amplifiers if new is not None else ():
        other = before.get(item.name)
        yield (
            item.name,
            *_compared(_level(item), _level(other) if other else None, ".3f"),
            *_compared(item.noise, other.noise if other else None, ".3f"),
            *_compared(item.hot, other.hot if other else None, "d"),
        )


def _compared(new: float, old: float | None, form: str) -> tuple[str, str, str]:
    """Write a value, the one in use and the difference."""
    if old is None:
        return format(new, form), "–", "–"
    return format(new, form), format(old, form), format(new - old, f"+{form}")


def _level(facts: AmplifierFacts) -> float:
    return float(np.median(facts.patches))


def _frames(report: Report) -> Iterator[tuple[str, str, list[tuple[str, list[str]]]]]:
    for name, (label, _, caption) in PLOTS.items():
        biases, darks, measured = series_of(report, name)
        if measured:
            plot = amplifier_multiples(biases, darks, label, ordered=AMPLIFIER_ORDER)
            yield _address(plot), caption, table_of(report, name, AMPLIFIER_ORDER)
