# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the decisions see of what can be wrong, as a page: from which strength on, and what is left.

Frames are those of the simulated detector with its faults, from a fixed seed; the pixels of an
amplifier are fewer than at full size, so that all takes minutes. Another kind of trouble is another
row of `KINDS`.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import functools
import math
import os
import random
import statistics
import sys
import time
import typing
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lsst.ts.dailycal.calibration import (
    EvidenceCriteria,
    OnDifference,
    Reference,
    compare_calibrations,
    decide,
    decide_on_evidence,
)
from lsst.ts.dailycal.calibration.frame_in_use import InUse, differs_from_what_is_in_use
from lsst.ts.dailycal.calibration.frame_rule import (
    FrameRule,
    Judgement,
    MeasuredFrame,
    common_trouble,
    count_rule_comparisons,
    judge,
)
from lsst.ts.dailycal.model import (
    AmplifierStatistics,
    CalibrationFacts,
    ComparisonVerdict,
    ExposureStatistics,
    ExposureVerdict,
    FrameVerdict,
    ImageName,
    ImageType,
    PlannedExposure,
    RunStatistics,
)
from lsst.ts.dailycal.model.detector import LATISS, LATISS_AMPLIFIERS
from lsst.ts.dailycal.pipelines.calib_facts import measure_calibration
from lsst.ts.dailycal.pipelines.combine import combine_bias, combine_dark
from lsst.ts.dailycal.pipelines.dark_hits import find_hits
from lsst.ts.dailycal.pipelines.image import CalibImage, Mask
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.measure import measure_frame
from lsst.ts.dailycal.pipelines.metrics import measure_exposure
from lsst.ts.dailycal.pipelines.raw import RawFrame
from lsst.ts.dailycal.pipelines.verify import details_of_run, merge_run
from lsst.ts.dailycal.sim.detector import FrameRequest, SimulatedDetector
from lsst.ts.dailycal.sim.frame_effects import FrameEffect

SEED = 20261125
FRAME = (96, 96)
BIASES = (0.0,) * 20
DARKS = (5.0,) * 2 + (15.0,) * 2 + (30.0,) * 8
FEWEST = {ImageType.BIAS: 14, ImageType.DARK: 8}
LIMIT = 8
SEVEN = "C00+C02+C04+C06+C10+C12+C14"
BIAS, DARK = ImageType.BIAS, ImageType.DARK


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of trouble."""

    title: str
    """What it is."""
    image_type: ImageType
    """In which frames."""
    which: slice
    """In which of them."""
    fault: str
    """Name of the fault of the simulator."""
    parameter: str
    """The one that is its strength."""
    strengths: tuple[float, ...]
    """From weak to strong."""
    unit: str
    """Of the strength."""
    others: tuple[tuple[str, float | str], ...] = ()
    """Other parameters of the fault."""


FEW, HALF, ALL = slice(6, 9), slice(10, None), slice(None)
ELECTRONS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 200.0)
RATES = (0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
NOISES = (1.0, 2.0, 3.0, 5.0, 8.0, 20.0)
WAVES = (1.0, 2.0, 5.0, 10.0, 20.0)
KINDS = (
    Kind("glow in 3 biases", BIAS, FEW, "glow", "strength", ELECTRONS, "electron at its peak"),
    Kind("glow in half of the biases", BIAS, HALF, "glow", "strength", ELECTRONS, "electron"),
    Kind("glow in all biases", BIAS, ALL, "glow", "strength", ELECTRONS, "electron"),
    Kind("light in 3 darks", DARK, FEW, "light_leak", "light", RATES, "electron/s"),
    Kind("light in all darks", DARK, ALL, "light_leak", "light", RATES, "electron/s"),
    Kind(
        "light with a gradient in 3 darks",
        DARK,
        FEW,
        "light_leak",
        "light",
        RATES,
        "electron/s",
        (("gradient", 1.0),),
    ),
    Kind(
        "light with a gradient in all darks",
        DARK,
        ALL,
        "light_leak",
        "light",
        RATES,
        "electron/s",
        (("gradient", 1.0),),
    ),
    Kind("settling after a reset", BIAS, ALL, "settling", "strength", ELECTRONS, "electron, first"),
    Kind(
        "step in some rows of 3 biases, data and overscan",
        BIAS,
        FEW,
        "level_step",
        "strength",
        (5.0, 20.0, 60.0, 200.0),
        "electron",
    ),
    Kind(
        "step in some rows of 3 biases, overscan only",
        BIAS,
        FEW,
        "level_step",
        "strength",
        (2.0, 5.0, 20.0, 60.0),
        "electron",
        (("where", "overscan"),),
    ),
    Kind(
        "noisy rows in 3 biases",
        BIAS,
        FEW,
        "noise_burst",
        "noise",
        (5.0, 10.0, 30.0, 60.0),
        "electron, 16 rows",
        (("rows", 16.0),),
    ),
    Kind("1 amplifier dead", BIAS, ALL, "amplifier_dead", "value", (22000.0,), "ADU"),
    Kind(
        "7 amplifiers dead",
        BIAS,
        ALL,
        "amplifier_dead",
        "value",
        (22000.0,),
        "ADU",
        (("amplifier", SEVEN),),
    ),
    Kind(
        "1 amplifier noisy",
        BIAS,
        ALL,
        "amplifier_noisy",
        "noise",
        NOISES,
        "electron",
    ),
    Kind(
        "7 amplifiers noisy",
        BIAS,
        ALL,
        "amplifier_noisy",
        "noise",
        NOISES,
        "electron",
        (("amplifier", SEVEN),),
    ),
    Kind("1 amplifier shifted", BIAS, ALL, "amplifier_shifted", "strength", ELECTRONS, "electron"),
    Kind(
        "7 amplifiers shifted from the middle on",
        BIAS,
        HALF,
        "amplifier_shifted",
        "strength",
        ELECTRONS,
        "electron",
        (("amplifier", SEVEN),),
    ),
    Kind(
        "bit stuck in 1 amplifier",
        BIAS,
        ALL,
        "stuck_bit",
        "bit",
        (0.0, 1.0, 2.0, 3.0, 4.0, 6.0),
        "number of the bit",
    ),
    Kind("gain lost", BIAS, ALL, "gain_lost", "factor", (0.95, 0.9, 0.85, 0.8, 0.5), "share left"),
    Kind("3 biases identical", BIAS, FEW, "frame_identical", "", (3.0,), "frames"),
    Kind("all biases identical", BIAS, ALL, "frame_identical", "", (20.0,), "frames"),
    Kind(
        "1 bias that was exposed to the dark",
        BIAS,
        slice(6, 7),
        "exposure_wrong",
        "seconds",
        (5.0, 30.0, 300.0),
        "s",
    ),
    Kind("darks that are biases", DARK, ALL, "exposure_wrong", "seconds", (0.0,), "s"),
    Kind(
        "oscillation in 1 amplifier of 3 biases",
        BIAS,
        FEW,
        "oscillation",
        "strength",
        WAVES,
        "electron",
    ),
    Kind(
        "oscillation in 1 amplifier of all biases",
        BIAS,
        ALL,
        "oscillation",
        "strength",
        WAVES,
        "electron",
    ),
    Kind(
        "cosmic ray that bleeds into the overscan of 3 biases",
        BIAS,
        FEW,
        "overscan_bleed",
        "strength",
        (5.0, 20.0, 100.0, 500.0, 5000.0),
        "electron, 3 rows",
    ),
    Kind(
        "readout of 3 biases shifted",
        BIAS,
        FEW,
        "readout_shifted",
        "columns",
        (1.0, 2.0, 5.0),
        "columns",
    ),
    Kind(
        "readout of all biases shifted",
        BIAS,
        ALL,
        "readout_shifted",
        "columns",
        (1.0, 2.0, 5.0),
        "columns",
    ),
    Kind(
        "readout of all darks shifted",
        DARK,
        ALL,
        "readout_shifted",
        "columns",
        (1.0, 2.0, 5.0),
        "columns",
    ),
    Kind(
        "bias level drifted before the darks",
        DARK,
        ALL,
        "amplifier_shifted",
        "strength",
        (1.0, 2.0, 5.0, 20.0),
        "electron",
        (("amplifier", "all"),),
    ),
    Kind(
        "3 darks saturated",
        DARK,
        FEW,
        "light_leak",
        "light",
        (100.0, 1000.0, 10000.0),
        "electron/s",
    ),
)


@dataclasses.dataclass(frozen=True)
class Seen:
    """Who sees a trouble, and what is left of it."""

    today: bool
    """The rule that counts exposures rejects the set."""
    frames: bool
    """The rule for single frames calls one bad, or settling."""
    evidence: bool
    """The new rule refuses the set or leaves exposures out."""
    told: bool
    """It says something that it does not say of a healthy set."""
    gate: bool
    """The calibration differs from the one in use."""
    ends: bool
    """Three frames in a row are wrong, or differ from the one in use, in the same way."""
    harm: float
    """Mean of the worst amplifier, against the same frames without the trouble (electron)."""

    @property
    def stopped(self) -> bool:
        """Is it kept out of what is certified, with ``on_difference: refuse``?"""
        return self.frames or self.ends or self.evidence or self.gate


class Bench:
    """Frames of one simulated detector, and all that is made of them."""

    def __init__(self) -> None:
        self.geometry = LATISS.resized(*FRAME)
        self.detector = SimulatedDetector(SEED, self.geometry, 0.02, 0.05)
        self.bias = combine_bias(self.frames(BIASES, 20260901))
        self.reference = {
            BIAS: _facts(self.bias, BIAS),
            DARK: _facts(self.combine(DARK, self.frames(DARKS, 20260902)), DARK),
        }

    def frames(
        self, times: Sequence[float], day: int, kind: Kind | None = None, strength: float = 0.0
    ) -> list[RawFrame]:
        """Read frames out, some with a trouble."""
        struck = set(range(len(times))[kind.which]) if kind is not None else set()
        made, hits = [], 0
        for number, seconds in enumerate(times):
            effects: tuple[FrameEffect, ...] = ()
            if kind is not None and number in struck:
                hits += 1
                own = ((kind.parameter, strength),) if kind.parameter else ()
                effects = (FrameEffect(kind.fault, (*own, *kind.others), hits),)
            name = ImageName(day_obs=day, seq_num=number + 1)
            request = FrameRequest(name, seconds, seconds + 0.02, effects=effects)
            made.append(
                RawFrame.from_arrays(
                    self.detector.read(request).pixels,
                    self.geometry,
                    exposure=name.exposure_id,
                    image_type="DARK" if len(times) == len(DARKS) else "BIAS",
                    exposure_time=seconds,
                    dark_time=seconds + 0.02,
                )
            )
        return made

    def combine(self, image_type: ImageType, frames: Sequence[RawFrame]) -> CalibImage:
        """Make a combined calibration."""
        if image_type is BIAS:
            return combine_bias(frames)
        return combine_dark(frames, self.bias, find_hits(frames, self.bias))

    def verify(
        self, image_type: ImageType, frames: Sequence[RawFrame], combined: CalibImage
    ) -> RunStatistics:
        """Verify frames against a calibration."""
        bias, dark = (combined, None) if image_type is BIAS else (self.bias, combined)
        measured = [measure_exposure(correct_frame(frame, bias, dark)) for frame in frames]
        details = details_of_run(measured, with_corner=image_type is BIAS)
        return RunStatistics.parse(merge_run(details)[1], details)

    @functools.cache  # noqa: B019 - the bench lives as long as the program
    def clean(self, image_type: ImageType, day: int) -> CalibImage:
        """Combine the frames of a day as they are without trouble."""
        return self.combine(image_type, self.frames(_times(image_type), day))

    def look(self, kind: Kind, strength: float, day: int = 20260903) -> Seen:
        """Let everybody look at one trouble."""
        image_type = kind.image_type
        frames = self.frames(_times(image_type), day, kind, strength)
        frames_see, ends = self.rule_for_frames(frames, image_type)
        try:
            combined = self.combine(image_type, frames)
        except ValueError:  # the job refuses: nothing can be certified
            return Seen(True, frames_see, True, True, True, ends, 0.0)
        found = self.verify(image_type, frames, combined)
        decision = decide_on_evidence(image_type, found, _criteria(image_type, len(frames)))
        compared = compare_calibrations(
            image_type,
            _facts(combined, image_type),
            self.reference[image_type],
            OnDifference.REFUSE,
        )
        return Seen(
            not decide(image_type, found, failure_limit=LIMIT).accepted,
            frames_see,
            not decision.accepted,
            bool(decision.remarks),
            compared.verdict is ComparisonVerdict.WORSE,
            ends,
            _harm(combined, self.clean(image_type, day), 1.0 if image_type is BIAS else 30.0),
        )

    def rule_for_frames(
        self, frames: Sequence[RawFrame], image_type: ImageType
    ) -> tuple[bool, bool]:
        """Judge frames as they come.

        Returns
        -------
        odd, ends : `bool`
            Is one of them bad or settling; are three in a row wrong in the same way, or do they
            differ from what is in use?
        """
        rule = FrameRule(len(frames))
        in_use = InUse(self.reference[BIAS], self.reference[DARK])
        measured: list[MeasuredFrame] = []
        held: list[Judgement] = []
        judged: dict[ImageName, Judgement] = {}
        ends = False
        for number, frame in enumerate(frames, start=1):
            name = ImageName.of_exposure(frame.exposure)
            planned = PlannedExposure(image_type, frame.exposure_time, number, len(frames), False)
            measured.append(MeasuredFrame(planned, measure_frame(frame, name)))
            found = judge(measured, name, rule)
            judged |= found
            ends = ends or common_trouble([judged[one] for one in sorted(judged)]) is not None
            measured = [
                dataclasses.replace(item, verdict=found[item.name].verdict)
                if item.name in found
                else item
                for item in measured
            ]
            newest = measured[-1]
            if newest.verdict is FrameVerdict.GOOD:
                comparisons = count_rule_comparisons(rule, newest.measurement)
                trouble = differs_from_what_is_in_use(
                    image_type, newest.measurement, in_use, comparisons
                )
                verdict = FrameVerdict.GOOD if trouble is None else FrameVerdict.BAD
                held.append(Judgement(verdict, (trouble,) if trouble else ()))
                ends = ends or common_trouble(held) is not None
        return any(item.verdict is not FrameVerdict.GOOD for item in measured), ends


def _times(image_type: ImageType) -> Sequence[float]:
    return BIASES if image_type is BIAS else DARKS


def _criteria(image_type: ImageType, exposures: int) -> EvidenceCriteria:
    return EvidenceCriteria(
        failure_limit=LIMIT,
        fewest=FEWEST[image_type],
        reference=Reference(exposures, is_own=True),
        bias_exposures=len(BIASES) if image_type is DARK else None,
        may_leave_out=True,
    )


def _facts(image: CalibImage, image_type: ImageType) -> CalibrationFacts:
    bad = (image.mask & np.uint8(Mask.BAD)) != 0
    return measure_calibration(
        image_type.dataset_type,
        "bench",
        image.pixels,
        bad,
        unit=image.unit,
        exposures=len(image.inputs),
    )


def _harm(mine: CalibImage, clean: CalibImage, scale: float) -> float:
    difference = (mine.pixels - clean.pixels) * scale
    means = [
        difference[s.y0 : s.y1, s.x0 : s.x1].mean()
        for s in (amplifier.section for amplifier in mine.amplifiers)
    ]
    return float(max(map(abs, means)))


def clopper_pearson(hits: int, trials: int) -> tuple[float, float]:
    """Give the interval that holds a probability with 95 % confidence.

    C. J. Clopper and E. S. Pearson (1934), Biometrika 26, 404; the sums by bisection.
    """

    def below(p: float, most: int) -> float:
        return sum(math.comb(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(most + 1))

    def solve(most: int, wanted: float) -> float:
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if below(middle, most) > wanted else (low, middle)
        return low

    lower = 0.0 if hits == 0 else solve(hits - 1, 0.975)
    return lower, 1.0 if hits == trials else solve(hits, 0.025)


class Scatter(typing.NamedTuple):
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


def drawn_sets(sets: int, scatter: Scatter) -> int:
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
            for number in range(1, 21)
        )
        verdicts = tuple(ExposureVerdict(item.exposure_id, (), True) for item in exposures)
        found = RunStatistics(verdicts, True, exposures)
        refused += not decide_on_evidence(BIAS, found, _criteria(BIAS, 20)).accepted
    return refused


@functools.cache
def bench() -> Bench:
    """Make the bench of this process, once."""
    return Bench()


@functools.cache
def references() -> dict[int, CalibImage]:
    """Combine references of few frames and of many."""
    return {n: combine_bias(bench().frames(BIASES[:n], 20260910 + n)) for n in (5, 10, 20)}


def healthy_day(day: int) -> tuple[dict[str, tuple[bool, ...]], RunStatistics]:
    """Let everybody look at the healthy frames of a day.

    Returns
    -------
    refused : `dict`
        By set and judge: is it refused now, and by the rule of today?
    biases : `RunStatistics`
        What verification measured of the biases.
    """
    found: dict[str, tuple[bool, ...]] = {}
    for image_type, what in ((DARK, "darks"), (BIAS, "biases")):
        refused, own = healthy_set(bench(), image_type, day)
        found |= {f"{what}, {how}": value for how, value in refused.items()}
    frames = bench().frames(BIASES, day)
    for n, reference in references().items():
        against = bench().verify(BIAS, frames, reference)
        criteria = dataclasses.replace(_criteria(BIAS, 20), reference=Reference(n, is_own=False))
        found[f"biases, reference of {n} frames"] = (
            not decide_on_evidence(BIAS, against, criteria).accepted,
            not decide(BIAS, against, failure_limit=LIMIT).accepted,
        )
    return found, own


def healthy_set(
    bench: Bench, image_type: ImageType, day: int
) -> tuple[dict[str, tuple[bool, ...]], RunStatistics]:
    """Let everybody look at a healthy set; tell who refuses it, and what was measured."""
    frames = bench.frames(_times(image_type), day)
    combined = bench.combine(image_type, frames)
    own = bench.verify(image_type, frames, combined)
    decision = decide_on_evidence(image_type, own, _criteria(image_type, len(frames)))
    compared = compare_calibrations(
        image_type, _facts(combined, image_type), bench.reference[image_type], OnDifference.REFUSE
    )
    odd, ends = bench.rule_for_frames(frames, image_type)
    today = not decide(image_type, own, failure_limit=LIMIT).accepted
    refused = {
        "own combination": (not decision.accepted, today),
        "gate against the one in use": (not compared.accepted,),
        "rule for single frames": (odd,),
        "three frames in a row": (ends,),
    }
    return refused, own


def kind_row(kind: Kind) -> str:
    """Make the row of one kind: from which strength on each sees it, and what is left below."""
    looks = [(strength, bench().look(kind, strength)) for strength in kind.strengths]

    def since(what: str) -> str:
        first = None
        for strength, seen in reversed(looks):
            if not getattr(seen, what):
                break
            first = strength
        return "never" if first is None else f"{first:g}"

    passed = [(strength, seen.harm) for strength, seen in looks if not seen.stopped]
    left = f"{passed[-1][1]:.2f} at {passed[-1][0]:g}" if passed else "none passes"
    today = [seen.harm for _, seen in looks if not seen.today]
    return (
        f"| {kind.title} | {looks[0][0]:g} to {looks[-1][0]:g} {kind.unit} | {since('today')} "
        f"| {since('frames')} | {since('ends')} | {since('evidence')} | {since('gate')} | {left} "
        f"| {max(today, default=0.0):.2f} |"
    )


def page(sets: int, drawn: int, processes: int) -> str:
    """Make the page (`str`), in some processes that each have frames of their own."""
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        rows = pool.map(kind_row, KINDS)
        days = list(pool.map(healthy_day, range(20261001, 20261001 + sets)))
        return _page(sets, drawn, days, list(rows))


def _page(
    sets: int,
    drawn: int,
    days: Sequence[tuple[dict[str, tuple[bool, ...]], RunStatistics]],
    rows: Sequence[str],
) -> str:
    lines = [
        "# What the decisions see",
        "",
        "Made by `make power`: frames of the simulated detector with faults of `dailycal faults`,",
        f"{FRAME[0]} by {FRAME[1]} pixels an amplifier, from a fixed seed; {len(BIASES)} biases,",
        f"or {len(DARKS)} darks of 5 to 30 s.",
        "A real detector has other scatter than a simulated one.",
        "",
        "## Healthy sets that are refused",
        "",
        "| Set | Sets | Now | 95 % confidence | `exposures` |",
        "| --- | ---: | ---: | --- | ---: |",
    ]
    for name in days[0][0]:
        counts = [sum(refused) for refused in zip(*(day[name] for day, _ in days), strict=True)]
        low, high = clopper_pearson(counts[0], sets)
        today = str(counts[1]) if len(counts) > 1 else ""
        lines.append(f"| {name} | {sets} | {counts[0]} | {low:.5f} to {high:.5f} | {today} |")
    scatter = Scatter.of([own for _, own in days])
    refused = drawn_sets(drawn, scatter)
    low, high = clopper_pearson(refused, drawn)
    lines += [
        f"| biases, own combination, measurements drawn | {drawn} | {refused} | {low:.5f} to "
        f"{high:.5f} | |",
        "",
        "Frames take time; few sets of them say no more than the interval. In the last row what",
        "verification measures is drawn with the scatter that it has in these frames, a standard",
        f"deviation of {scatter.level:.4f} read noises for levels and {scatter.noise:.4f} for "
        "noises, independent",
        f"and normal. That they are: the largest of {scatter.values} in the frames is "
        f"{scatter.worst:.1f} standard deviations",
        f"off, of so many normal values {scatter.expected:.1f} is expected. A real detector may "
        "have longer tails.",
        "",
        "## Troubles",
        "",
        "From which of the strengths that were tried each sees it, with all stronger ones: today's",
        "rule (`exposures`), the rule for single frames, three frames in a row that are wrong or",
        "differ from the one in use in the same way, so that the acquisition ends (with",
        "`on_difference: refuse`), the decision (`evidence`, which leaves exposures out or "
        "refuses),",
        "the gate against the one in use. Harm is the mean difference in the worst amplifier of "
        "the",
        "combination, in electron (a dark: in 30 s), of the strongest trouble that passes all of",
        "them; the last column is the greatest that passes today's rule.",
        "Combination itself leaves frames out (decision 0021). One set each.",
        "",
        "| Trouble | Strengths tried | Today | Frame | Ends | Decision | Gate | Harm that passes "
        "| With today's rule |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    lines += [
        *rows,
        "",
        "A bias level that drifted before the darks is no harm to the dark, whose intercept is",
        "fitted; it is told (decision 0029).",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Write the page, or print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, help="where to write it; printed otherwise")
    parser.add_argument("--sets", type=int, default=40, help="healthy sets of frames")
    parser.add_argument("--drawn", type=int, default=4000, help="healthy sets that are drawn")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    begin = time.monotonic()
    text = page(options.sets, options.drawn, options.processes)
    if options.page is None:
        sys.stdout.write(text)
    else:
        options.page.write_text(text, encoding="utf-8")
    sys.stderr.write(f"{time.monotonic() - begin:.0f} s\n")


if __name__ == "__main__":
    main()
