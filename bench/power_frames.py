# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames of a simulated detector in memory, and everybody who looks at them: jobs and rules."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from power_kinds import BIAS, DARK, Kind

from lsst.ts.dailycal.calibration import (
    EvidenceCriteria,
    OnDifference,
    Reference,
    compare_calibrations,
    decide,
    decide_on_evidence,
)
from lsst.ts.dailycal.calibration.frames.in_use import InUse, differs_from_what_is_in_use
from lsst.ts.dailycal.calibration.frames.rule import (
    FrameRule,
    Judgement,
    MeasuredFrame,
    common_trouble,
    count_rule_comparisons,
    judge,
)
from lsst.ts.dailycal.model import (
    CalibrationFacts,
    ComparisonVerdict,
    FrameVerdict,
    ImageName,
    ImageType,
    PlannedExposure,
    RunStatistics,
)
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.calib_facts import measure_calibration
from lsst.ts.dailycal.pipelines.combine import combine_bias, combine_dark
from lsst.ts.dailycal.pipelines.dark_hits import find_hits
from lsst.ts.dailycal.pipelines.image import CalibImage, Mask
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.measure import measure_frame
from lsst.ts.dailycal.pipelines.metrics import measure_exposure
from lsst.ts.dailycal.pipelines.raw.frame import RawFrame
from lsst.ts.dailycal.pipelines.verify import details_of_run, merge_run
from lsst.ts.dailycal.sim.detector import FrameRequest, SimulatedDetector
from lsst.ts.dailycal.sim.exposures import SimulatedExposure
from lsst.ts.dailycal.sim.frame_effects import FrameEffect

SEED = 20270101
BIASES = (0.0,) * 20
DARKS = (5.0,) * 2 + (15.0,) * 2 + (30.0,) * 8
TIMES = {BIAS: BIASES, DARK: DARKS}
FEWEST = {BIAS: 14, DARK: 8}
LIMIT = 8


class Found(NamedTuple):
    """What everybody says of a set of frames."""

    today: bool
    """The rule that counts exposures rejects the set."""
    frames: bool
    """The rule for single frames calls one bad, or settling."""
    ends: bool
    """Three frames in a row are wrong, or differ from the one in use, in the same way."""
    evidence: bool
    """The new rule refuses the set or leaves exposures out."""
    gate: bool
    """The calibration differs from the one in use."""
    combined: CalibImage | None
    """What was made of the frames; `None` if the job refuses."""

    @property
    def refused(self) -> bool:
        """Does it end the acquisition, or is it not certified, with ``on_difference: refuse``?"""
        return self.ends or self.evidence or self.gate

    @property
    def stopped(self) -> bool:
        """Is what is wrong kept out of what is certified?"""
        return self.frames or self.refused


class Bench:
    """Frames of one simulated detector, and all that is made of them.

    Parameters
    ----------
    size : `tuple` [`int`]
        Width and height of an amplifier (pixel).
    seed : `int`
        Which detector.
    """

    def __init__(self, size: tuple[int, int], seed: int = SEED) -> None:
        self.geometry = LATISS.resized(*size)
        self.detector = SimulatedDetector(seed, self.geometry, 0.02, 0.05)

    @functools.cached_property
    def bias(self) -> CalibImage:
        """The bias in use."""
        return combine_bias(self.frames(BIAS, 20260901))

    @functools.cached_property
    def in_use(self) -> dict[ImageType, CalibrationFacts]:
        """The calibrations in use."""
        dark = self.combine(DARK, self.frames(DARK, 20260902))
        return {BIAS: facts(self.bias, BIAS), DARK: facts(dark, DARK)}

    def frames(
        self,
        image_type: ImageType,
        day: int,
        kind: Kind | None = None,
        strength: float = 0.0,
        times: Sequence[float] | None = None,
    ) -> list[RawFrame]:
        """Read the frames of a day out, some with a trouble."""
        times = TIMES[image_type] if times is None else times
        struck = range(len(times))[kind.which] if kind is not None else ()
        hits = itertools.count(1)
        return [
            self._read(
                SimulatedExposure(
                    ImageName(day_obs=day, seq_num=number + 1),
                    image_type.value,
                    seconds,
                    begin_tai=0.0,
                    end_tai=0.0,
                    effects=(_effect(kind, strength, next(hits)),)
                    if kind is not None and number in struck
                    else (),
                )
            )
            for number, seconds in enumerate(times)
        ]

    def _read(self, exposure: SimulatedExposure) -> RawFrame:
        header = exposure.in_header()
        request = FrameRequest(
            exposure.name, exposure.exposure_time, exposure.dark_time, effects=exposure.effects
        )
        return RawFrame.from_arrays(
            self.detector.read(request).pixels,
            self.geometry,
            exposure=exposure.name.exposure_id,
            image_type=header.image_type,
            exposure_time=header.exposure_time,
            dark_time=header.dark_time,
        )

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

    def look(self, image_type: ImageType, frames: Sequence[RawFrame]) -> Found:
        """Let everybody look at a set of frames."""
        odd, ends = self.rule_for_frames(image_type, frames)
        try:
            combined = self.combine(image_type, frames)
        except ValueError:  # the job refuses: nothing can be certified
            return Found(True, odd, ends, True, True, None)
        verified = self.verify(image_type, frames, combined)
        compared = compare_calibrations(
            image_type,
            facts(combined, image_type),
            self.in_use[image_type],
            OnDifference.REFUSE,
        )
        return Found(
            not decide(image_type, verified, failure_limit=LIMIT).accepted,
            odd,
            ends,
            not decide_on_evidence(image_type, verified, criteria(image_type)).accepted,
            compared.verdict is ComparisonVerdict.WORSE,
            combined,
        )

    def rule_for_frames(
        self, image_type: ImageType, frames: Sequence[RawFrame]
    ) -> tuple[bool, bool]:
        """Judge frames as they come.

        Returns
        -------
        odd, ends : `bool`
            Is one of them bad or settling; are three in a row wrong in the same way, or do they
            differ from what is in use?
        """
        rule = FrameRule(len(frames))
        in_use = InUse(self.in_use[BIAS], self.in_use[DARK])
        measured: list[MeasuredFrame] = []
        held: list[Judgement] = []
        judged: dict[ImageName, Judgement] = {}
        ends = False
        for number, (frame, asked) in enumerate(zip(frames, TIMES[image_type], strict=True), 1):
            name = ImageName.of_exposure(frame.exposure)
            planned = PlannedExposure(image_type, asked, number, len(frames), False)
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


def _effect(kind: Kind, strength: float, number: int) -> FrameEffect:
    own = ((kind.parameter, strength),) if kind.parameter else ()
    return FrameEffect(kind.fault, (*own, *kind.others), number)


def criteria(image_type: ImageType, reference: int | None = None) -> EvidenceCriteria:
    """Say what a set is held against: its own combination, or a bias of so many frames."""
    exposures = len(TIMES[image_type])
    return EvidenceCriteria(
        failure_limit=LIMIT,
        fewest=FEWEST[image_type],
        reference=Reference(reference or exposures, is_own=reference is None),
        bias_exposures=len(BIASES) if image_type is DARK else None,
        may_leave_out=True,
    )


def facts(image: CalibImage, image_type: ImageType) -> CalibrationFacts:
    """Measure a combined calibration as the gate does."""
    bad = (image.mask & np.uint8(Mask.BAD)) != 0
    return measure_calibration(
        image_type.dataset_type,
        "bench",
        image.pixels,
        bad,
        unit=image.unit,
        exposures=len(image.inputs),
    )
