# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often healthy sets are refused, and whether small amplifiers may stand for large ones."""

from __future__ import annotations

import collections
import datetime
import functools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from power_frames import BIASES, LIMIT, SEED, Bench, criteria
from power_kinds import BIAS, DARK
from scipy.stats import binomtest

from lsst.ts.dailycal.calibration import decide, decide_on_evidence
from lsst.ts.dailycal.model import ImageMeasurement, ImageName
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.combine import combine_bias
from lsst.ts.dailycal.pipelines.image import CalibImage
from lsst.ts.dailycal.pipelines.measure import measure_frame

SMALL, USUAL = (48, 48), (96, 96)
FULL = (LATISS.data_width, LATISS.data_height)
SETS_OF_A_DETECTOR = 20
REFERENCES = (5, 10, 20)
NAMES = {BIAS: "biases", DARK: "darks"}
RULES = {
    "own combination": "evidence",
    "gate against the one in use": "gate",
    "three frames in a row": "ends",
    "any of these three": "refused",
    "rule for single frames": "frames",
}
"""Rows for each image type, and what of `Found` they count."""
Day = dict[str, dict[str, bool]]
_DAY = datetime.date(2030, 1, 1)


def set_days(sets: int) -> list[tuple[int, int]]:
    """Give each set a detector and a day (`list` of `tuple` [`int`])."""
    days = [_DAY + datetime.timedelta(days=number) for number in range(sets)]
    return [
        (SEED + 1 + number // SETS_OF_A_DETECTOR, int(f"{day:%Y%m%d}"))
        for number, day in enumerate(days)
    ]


@functools.lru_cache(maxsize=1)
def small_bench(seed: int) -> Bench:
    """Make a detector with small amplifiers, and what is in use for it."""
    return Bench(SMALL, seed)


def healthy_day(item: tuple[int, int]) -> Day:
    """Let everybody look at the healthy biases and darks of a day.

    Returns
    -------
    refused : `dict`
        By image type and what of `Found` says so.
    """
    seed, day = item
    bench = small_bench(seed)
    looks = {kind.value: bench.look(kind, bench.frames(kind, day)) for kind in NAMES}
    return {
        kind: {field: getattr(found, field) for field in ("today", *RULES.values())}
        for kind, found in looks.items()
    }


@functools.lru_cache(maxsize=1)
def bench() -> Bench:
    """Make the detector that troubles are tried on."""
    return Bench(USUAL)


def against_references(day: int) -> dict[int, tuple[bool, bool]]:
    """Verify healthy biases against references of few frames.

    Returns
    -------
    refused : `dict`
        By the number of frames: is the set refused now, and by the rule of today?
    """
    frames = bench().frames(BIAS, day)
    found = {}
    for number, reference in _references().items():
        verified = bench().verify(BIAS, frames, reference)
        now = decide_on_evidence(BIAS, verified, criteria(BIAS, number))
        today = decide(BIAS, verified, failure_limit=LIMIT)
        found[number] = (not now.accepted, not today.accepted)
    return found


@functools.cache
def _references() -> dict[int, CalibImage]:
    return {
        number: combine_bias(bench().frames(BIAS, 20260910 + number, times=BIASES[:number]))
        for number in REFERENCES
    }


def table_of_sets(
    days: Sequence[Day],
    references: Sequence[dict[int, tuple[bool, bool]]],
    drawn: tuple[int, int],
) -> Iterator[str]:
    """Count who is refused, and say what that is worth, a row each.

    Parameters
    ----------
    days : sequence of `dict`
        Of `healthy_day`.
    references : sequence of `dict`
        Of `against_references`.
    drawn : `tuple` [`int`]
        Sets whose measurements were drawn, and how many of them were refused.
    """
    yield "| Set | Sets | Now | 95 % confidence | `exposures` |"
    yield "| --- | ---: | ---: | --- | ---: |"
    of = {kind: [day[kind.value] for day in days] for kind in NAMES}
    for kind, name in NAMES.items():
        for rule, field in RULES.items():
            today = sum(found["today"] for found in of[kind]) if field == "evidence" else None
            refused = sum(found[field] for found in of[kind])
            yield _row(f"{name}, {rule}", refused, len(days), today)
    refused = sum(found["refused"] for kind in NAMES for found in of[kind])
    yield _row("biases or darks, any of the three", refused, len(NAMES) * len(days))
    for number in REFERENCES:
        now, before = (sum(found[number][which] for found in references) for which in (0, 1))
        yield _row(f"biases, reference of {number} frames", now, len(references), before)
    yield _row("biases, own combination, measurements drawn", drawn[1], drawn[0])


def _row(name: str, refused: int, sets: int, today: int | None = None) -> str:
    low, high = interval(refused, sets)
    before = "" if today is None else f" {today}"
    return f"| {name} | {sets} | {refused} | {low:.5f} to {high:.5f} |{before} |"


def interval(hits: int, trials: int) -> tuple[float, float]:
    """Give the interval of Clopper and Pearson that holds a probability with 95 % confidence."""
    found = binomtest(hits, trials).proportion_ci(0.95, method="exact")
    return float(found.low), float(found.high)


class Scatter(NamedTuple):
    """How the measurements of healthy frames scatter, over the errors that the rules assume."""

    size: tuple[int, int]
    """Width and height of an amplifier (pixel)."""
    level: float
    """Of the level of an amplifier."""
    region: float
    """Of the levels of its regions."""
    noise: float
    """Of the noise of its data."""
    column: float
    """Of the levels of its columns."""


def measure_scatter(size: tuple[int, int]) -> Scatter:
    """Measure the scatter among twenty biases, one frame in memory at a time."""
    detector = Bench(size)
    frames: list[ImageMeasurement] = []
    for _, day in set_days(len(BIASES)):
        (frame,) = detector.frames(BIAS, day, times=BIASES[:1])
        frames.append(measure_frame(frame, ImageName.of_exposure(frame.exposure)))
    ratios: dict[str, list[float]] = collections.defaultdict(list)
    for items in zip(*(frame.amplifiers for frame in frames), strict=True):
        for name, values, errors in (
            ("level", [[i.level] for i in items], [i.level_error for i in items]),
            ("region", [i.regions for i in items], [i.region_error for i in items]),
            ("column", [i.columns for i in items], [i.column_error for i in items]),
            (
                "noise",
                [[i.data_noise] for i in items],
                [i.noise_error * i.data_noise for i in items],
            ),
        ):
            ratios[name].extend(np.std(values, axis=0, ddof=1) / np.mean(errors))
    return Scatter(size, *(_rms(ratios[name]) for name in Scatter._fields[1:]))


def _rms(values: Iterable[float]) -> float:
    return float(np.sqrt(np.mean(np.square(list(values)))))


def table_of_scatters(scatters: Sequence[Scatter]) -> Iterator[str]:
    """Lay the scatters out, a row each size."""
    yield "| Pixels of an amplifier | Level | Region | Noise | Column |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for item in scatters:
        yield (
            f"| {item.size[0]} by {item.size[1]} | {item.level:.2f} | {item.region:.2f} "
            f"| {item.noise:.2f} | {item.column:.2f} |"
        )
