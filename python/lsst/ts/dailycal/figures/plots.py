# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Plots as SVG, to be put into a page."""

__all__ = ["Course", "Series", "amplifier_multiples", "courses", "histogram", "profiles"]

import dataclasses
import datetime
import io
import math
import typing
from collections.abc import Iterable, Iterator, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import DateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from .palette import BIAS, DARK, GREY, LIMIT, PALETTE

_STYLE: dict[typing.Any, typing.Any] = {
    # Text stays text: small, searchable, and read aloud.
    "svg.fonttype": "none",
    "svg.hashsalt": "dailycal",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": GREY,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "text.color": GREY,
    "axes.formatter.useoffset": False,
}
# A picture follows the scheme of the page that it stands in; its ground is that of the page.
_AT_NIGHT = (
    "@media (prefers-color-scheme: dark) { text { fill: #b4b4ae !important } "
    '[style*="stroke: #000000"] { stroke: #f0f0ec !important } }'
)
_BINS = 200
_COLUMNS = 8
_ACROSS = 4


@dataclasses.dataclass(frozen=True, slots=True)
class Series:
    """Values of one amplifier over the exposures."""

    name: str
    """Name of the amplifier."""
    numbers: Sequence[int]
    """Sequence number of each exposure."""
    values: Sequence[float]
    """Value of each exposure."""
    marked: Sequence[bool]
    """Which exposures have something wrong."""


@dataclasses.dataclass(frozen=True, slots=True)
class Course:
    """Values of an instrument over time."""

    title: str
    """What is measured, with its unit."""
    times: Sequence[datetime.datetime]
    """When (UTC)."""
    values: Sequence[float]
    """What it said."""
    limits: Sequence[float]
    """What it should not pass."""


def courses(found: Sequence[Course]) -> str:
    """Draw what instruments said over time, against their limits.

    Parameters
    ----------
    found : `~collections.abc.Sequence` [`Course`]
        One for each instrument.

    Returns
    -------
    svg : `str`
        A plot for each, with its limits as broken lines.
    """
    rows = -(-len(found) // _ACROSS)
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(9.6, 1.7 * rows + 0.4), layout="constrained")
        panels = figure.subplots(rows, _ACROSS, sharex=True, squeeze=False)
        for axes in panels.flat[len(found) :]:
            axes.set_visible(False)
        for axes, course in zip(panels.flat, found, strict=False):
            axes.set_title(course.title, fontsize=9.0)
            axes.plot(course.times, course.values, ".-", color=BIAS, linewidth=0.8)
            for limit in course.limits:
                axes.axhline(limit, color=LIMIT, linestyle="--", linewidth=1.2)
            axes.xaxis.set_major_locator(MaxNLocator(3))
            axes.xaxis.set_major_formatter(DateFormatter("%H:%M"))  # type: ignore[no-untyped-call]
            axes.tick_params(labelbottom=True)
        figure.supxlabel("time (UTC)")
        return _svg(figure)


def histogram(pixels: NDArray[np.float32], unit: str, *, colour: str = BIAS) -> str:
    """Draw how many pixels have which value.

    Parameters
    ----------
    pixels : `numpy.ndarray`
        The pixels, of any shape.
    unit : `str`
        Their unit.
    colour : `str`, optional
        Colour of the line.

    Returns
    -------
    svg : `str`
        The plot; what lies beyond the ends is counted in the first and last bin.
    """
    finite = pixels[np.isfinite(pixels)]
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(4.2, 2.4), layout="constrained")
        axes = figure.add_subplot()
        if finite.size:
            middle = float(np.median(finite))
            spread = float(np.percentile(np.abs(finite - middle), 99.0)) or 1.0
            low, high = middle - 3.0 * spread, middle + 3.0 * spread
            edges = _edges(low, high, whole=unit == "ADU")
            counts, _ = np.histogram(np.clip(finite, edges[0], edges[-1]), edges)
            axes.stairs(counts, edges, color=colour)
            axes.set_yscale("symlog", linthresh=1.0)
            axes.set_ylim(bottom=0)
        axes.set_xlabel(f"value ({unit})")
        axes.set_ylabel("pixels")
        return _svg(figure)


def _edges(low: float, high: float, *, whole: bool) -> NDArray[np.float64]:
    """Lay bins out; of whole numbers each bin has as many as the next, or they would look odd."""
    if not whole:
        return np.linspace(low, high, _BINS + 1)
    width = math.ceil((high - low) / _BINS)
    return np.arange(math.floor(low) - 0.25, high + width, width)


def profiles(pixels: NDArray[np.float32], unit: str) -> str:
    """Draw the medians of all rows and of all columns of an image.

    Parameters
    ----------
    pixels : `numpy.ndarray`, (height, width)
        The image.
    unit : `str`
        Unit of the pixels.

    Returns
    -------
    svg : `str`
        Two plots, one above the other.
    """
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(8.6, 3.4), layout="constrained")
        panels = figure.subplots(2, 1)
        for axes, axis, name in zip(panels, (1, 0), ("row", "column"), strict=True):
            line = np.median(pixels, axis=axis)
            step = max(1, line.size // 1000)
            line = line[: line.size // step * step].reshape(-1, step).mean(axis=1)
            axes.plot(np.arange(line.size) * step, line, color=BIAS, linewidth=0.7)
            axes.set_xlabel(f"{name} (pixel)")
            axes.set_ylabel(f"median ({unit})")
            axes.margins(x=0)
        return _svg(figure)


def amplifier_multiples(
    biases: Sequence[Series], darks: Sequence[Series], label: str, *, ordered: Sequence[str]
) -> str:
    """Draw one small plot an amplifier, all at the same scale.

    Parameters
    ----------
    biases, darks : `~collections.abc.Sequence` [`Series`]
        What was measured; an amplifier need not be in both.
    label : `str`
        What is drawn, with its unit.
    ordered : `~collections.abc.Sequence` [`str`]
        Names of the amplifiers, row by row from the upper left, eight in a row.

    Returns
    -------
    svg : `str`
        The plots; exposures with something wrong are marked by a cross.
    """
    rows = -(-len(ordered) // _COLUMNS)
    with matplotlib.rc_context(_STYLE | {"font.size": 7.0}):
        # Laid out by hand, with axes and titles where they are read: matplotlib's own ways take a
        # second for so many panels.
        figure = Figure(figsize=(9.6, 1.5 * rows + 0.5))
        figure.subplots_adjust(0.07, 0.14, 0.995, 0.94, wspace=0.06, hspace=0.25)
        panels = figure.subplots(rows, _COLUMNS, sharex=True, sharey=True, squeeze=False)
        panels[0, 0].xaxis.set_major_locator(MaxNLocator(3, integer=True))  # that of all
        for axes in panels[:-1].flat:
            axes.xaxis.set_visible(False)
        for axes in panels[:, 1:].flat:
            axes.yaxis.set_visible(False)
        for axes, name in zip(panels.flat, ordered, strict=False):
            axes.text(0.5, 1.02, name, fontsize=8.0, ha="center", transform=axes.transAxes)
            for series, colour in _of(name, (biases, BIAS), (darks, DARK)):
                _draw(axes, series, colour)
        figure.supxlabel("sequence number of the exposure")
        figure.supylabel(label)
        return _svg(figure)


def _of(name: str, *groups: tuple[Sequence[Series], str]) -> Iterator[tuple[Series, str]]:
    for group, colour in groups:
        yield from ((series, colour) for series in group if series.name == name)


def _draw(axes: Axes, series: Series, colour: str) -> None:
    axes.plot(series.numbers, series.values, ".", color=colour, markersize=4.0)
    marked = [(n, v) for n, v, bad in _rows(series) if bad]
    if marked:
        axes.plot(*zip(*marked, strict=True), "x", color=PALETTE["black"], markersize=5.0)


def _rows(series: Series) -> Iterable[tuple[int, float, bool]]:
    return zip(series.numbers, series.values, series.marked, strict=True)


def _svg(figure: Figure) -> str:
    """Write a figure without what only a file needs, and without a date."""
    stream = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(stream, format="svg", transparent=True, metadata=nothing)
    text = stream.getvalue()
    return text[text.index("<svg") :].replace(">", f"><style>{_AT_NIGHT}</style>", 1)
