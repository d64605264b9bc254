# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Healthy sets whose measurements are drawn, which takes milliseconds a set and not seconds."""

from __future__ import annotations

import random
import statistics
import typing
from collections.abc import Sequence

from power_frames import BIASES, SEED, Bench, criteria
from power_kinds import BIAS

from lsst.ts.dailycal.calibration import decide_on_evidence
from lsst.ts.dailycal.model import (
    AmplifierStatistics,
    ExposureStatistics,
    ExposureVerdict,
    RunStatistics,
)
from lsst.ts.dailycal.model.detector import LATISS_AMPLIFIERS


class Verified(typing.NamedTuple):
    """How what verification measures of healthy amplifiers scatters, in read noises."""

    level: float
    """Standard deviation of levels."""
    noise: float
    """Standard deviation of noises."""
    mean_noise: float
    """Mean noise."""
    worst: float
    """Largest distance from the mean, in standard deviations."""
    expected: float
    """The largest that is expected of so many normal values."""
    values: int
    """How many levels and noises there are."""

    @classmethod
    def of(cls, sets: Sequence[RunStatistics]) -> typing.Self:
        """Measure it in whole frames."""
        items = [one for found in sets for item in found.measurements for one in item.amplifiers]
        levels = [item.level / item.read_noise for item in items]
        noises = [item.noise / item.read_noise for item in items]
        level, noise = statistics.pstdev(levels), statistics.pstdev(noises)
        middle = statistics.fmean(noises)
        distances = [abs(value) / level for value in levels]
        distances += [abs(value - middle) / noise for value in noises]
        count = len(distances)
        expected = statistics.NormalDist().inv_cdf(0.5 + 0.5 ** (1.0 / count) / 2.0)
        return cls(level, noise, middle, max(distances), expected, count)


def verify_healthy(bench: Bench, days: Sequence[int]) -> Verified:
    """Verify the healthy biases of some days against their own combinations."""
    sets = [bench.frames(BIAS, day) for day in days]
    return Verified.of([bench.verify(BIAS, one, bench.combine(BIAS, one)) for one in sets])


def drawn_sets(sets: int, scatter: Verified) -> int:
    """Count refusals of healthy sets whose measurements are drawn with the scatter of frames."""
    draw = random.Random(SEED)  # noqa: S311 - for statistics
    refused = 0
    for _ in range(sets):
        exposures = tuple(
            ExposureStatistics(
                number,
                tuple(
                    AmplifierStatistics(
                        item.name,
                        item.read_noise * draw.gauss(0.0, scatter.level),
                        item.read_noise * draw.gauss(scatter.mean_noise, scatter.noise),
                        item.read_noise,
                    )
                    for item in LATISS_AMPLIFIERS
                ),
            )
            for number in range(1, len(BIASES) + 1)
        )
        verdicts = tuple(ExposureVerdict(item.exposure_id, (), True) for item in exposures)
        found = RunStatistics(verdicts, True, exposures)
        refused += not decide_on_evidence(BIAS, found, criteria(BIAS)).accepted
    return refused
