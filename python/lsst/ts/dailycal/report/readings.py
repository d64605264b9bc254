# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Temperatures and pressures over a run, for a table and for plots."""

__all__ = ["InstrumentRow", "instrument_rows", "instrument_series"]

import dataclasses
import datetime
from collections.abc import Iterator, Sequence

from ..figures.plots import Course
from ..model import Severity
from ..page.conditions import JudgedReading
from .document import ReportedReadings


@dataclasses.dataclass(frozen=True, slots=True)
class InstrumentRow:
    """What an instrument said over a run."""

    title: str
    """What is measured, with its unit."""
    count: int
    """How often it was read."""
    low: str
    """The smallest value."""
    high: str
    """The largest value."""
    last: str
    """The last value."""
    limits: str
    """Outside of which there is a warning."""
    severity: Severity
    """The worst of all readings."""


def instrument_rows(readings: Sequence[ReportedReadings]) -> list[InstrumentRow]:
    """Sum up what each instrument said (`list` [`InstrumentRow`])."""
    return [_row([item for _, item in found]) for found in _by_quantity(readings)]


def _row(found: Sequence[JudgedReading]) -> InstrumentRow:
    last, values = found[-1], [item.value for item in found]
    low, high = ("" if limit is None else f"{limit:g}" for limit in last.warn)
    between = f"{low} to {high}" if low and high else f"≥ {low}" if low else f"≤ {high}"
    return InstrumentRow(
        title=f"{last.title} ({last.unit})",
        count=len(found),
        low=f"{min(values):.4g}",
        high=f"{max(values):.4g}",
        last=f"{last.value:.4g}",
        limits=between if low or high else "–",
        severity=max(item.severity for item in found),
    )


def instrument_series(readings: Sequence[ReportedReadings]) -> list[Course]:
    """Gather what each instrument said, for plots (`list` [`Course`])."""
    return [
        Course(
            f"{found[-1][1].title} ({found[-1][1].unit})",
            [datetime.datetime.fromisoformat(utc) for utc, _ in found],
            [item.value for _, item in found],
            [limit for limit in found[-1][1].warn if limit is not None],
        )
        for found in _by_quantity(readings)
    ]


def _by_quantity(
    readings: Sequence[ReportedReadings],
) -> Iterator[list[tuple[str, JudgedReading]]]:
    found: dict[str, list[tuple[str, JudgedReading]]] = {}
    for moment in readings:
        for item in moment.readings:
            found.setdefault(item.quantity, []).append((moment.utc, item))
    yield from found.values()
