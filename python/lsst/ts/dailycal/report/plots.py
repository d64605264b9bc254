# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is drawn of each amplifier over the exposures of a run."""

__all__ = ["PLOTS", "series_of", "table_of"]

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..figures.plots import Series
from ..model import AmplifierMeasurement, ImageType
from .document import Report

PLOTS: Mapping[str, tuple[str, Callable[[AmplifierMeasurement], float], str]] = {
    "level": (
        "level (ADU)", lambda item: item.level, "Level of the image above the overscan.",
    ),
    "noise": ("noise (ADU)", lambda item: item.data_noise, "Noise of the image."),
    "overscan": (
        "overscan - median (ADU)", lambda item: item.overscan,
        "Level of the overscan above its median over the exposures of a type.",
    ),
}  # fmt: skip
"""Label of the axis, value and caption of each plot."""


_ABOVE_MEDIAN = ("overscan",)
"""Plots of what differs from amplifier to amplifier by far more than from frame to frame."""


def series_of(report: Report, plot: str) -> tuple[list[Series], list[Series], int]:
    """Gather the values of a plot.

    Parameters
    ----------
    report : `Report`
        The run.
    plot : `str`
        Name of the plot, a key of `PLOTS`.

    Returns
    -------
    biases, darks : `list` [`Series`]
        One an amplifier.
    measured : `int`
        How many frames were measured.
    """
    measured = sum(item.measurement is not None for item in report.exposures)
    biases, darks = (list(_series(report, kind, plot)) for kind in (ImageType.BIAS, ImageType.DARK))
    return biases, darks, measured


def table_of(report: Report, plot: str, amplifiers: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Write down the values of a plot, for whoever does not see it.

    Parameters
    ----------
    report : `Report`
        The run.
    plot : `str`
        Name of the plot, a key of `PLOTS`.
    amplifiers : `~collections.abc.Sequence` [`str`]
        Names of the amplifiers, in their order.

    Returns
    -------
    rows : `list` [`tuple` [`str`, `list` [`str`]]]
        For each exposure its type and sequence number, and the value of each amplifier.
    """
    rows = []
    for kind in (ImageType.BIAS, ImageType.DARK):
        values: dict[int, dict[str, str]] = {}
        for series in _series(report, kind, plot):
            for number, value, bad in zip(
                series.numbers, series.values, series.marked, strict=True
            ):
                values.setdefault(number, {})[series.name] = "× " * bad + f"{value:.2f}"
        rows += [
            (f"{kind} {number}", [found.get(name, "–") for name in amplifiers])
            for number, found in values.items()
        ]
    return rows


def _series(report: Report, kind: ImageType, plot: str) -> Iterator[Series]:
    value = PLOTS[plot][1]
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
        values = [value(amplifier) for _, amplifier, _ in rows]
        if plot in _ABOVE_MEDIAN:
            middle = statistics.median(values)
            values = [item - middle for item in values]
        numbers = [number for number, _, _ in rows]
        yield Series(name, numbers, values, [bad for _, _, bad in rows])
