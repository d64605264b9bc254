# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import dataclasses
import math
import random

import pytest

from lsst.ts.dailycal.calibration import (
    EvidenceCriteria,
    Reference,
    decide_on_evidence,
    noise_allowance,
)
from lsst.ts.dailycal.calibration.trends import find_trend
from lsst.ts.dailycal.model import (
    AmplifierStatistics,
    ExposureStatistics,
    ExposureVerdict,
    FailedTest,
    ImageType,
    LeftOut,
    RunStatistics,
)
from lsst.ts.dailycal.model.dark_fit import AmplifierLine, DarkFit
from lsst.ts.dailycal.model.detector import LATISS_AMPLIFIERS

FIRST = 2026112200001
OWN = Reference(20, is_own=True)
NAMES = [item.name for item in LATISS_AMPLIFIERS]


def healthy(n=20, *, seed=1, noise=1.0):
    """Measurements of frames of 1,000,000 pixels an amplifier, by exposure and amplifier."""
    draw = random.Random(seed)
    return [
        {
            item.name: AmplifierStatistics(
                item.name,
                draw.gauss(0.0, 0.02),
                item.read_noise * noise * (1 + draw.gauss(0.0, 0.0007)),
                item.read_noise,
                item.read_noise * noise * (1 + draw.gauss(0.0, 0.001)),
            )
            for item in LATISS_AMPLIFIERS
        }
        for _ in range(n)
    ]


def change(frames, which, names, **changes):
    """Change measurements: a number is added, a function is applied."""
    for number in which:
        for name in names:
            item = frames[number][name]
            frames[number][name] = dataclasses.replace(
                item, **{key: how(getattr(item, key)) for key, how in changes.items()}
            )
    return frames


def decide(frames, image_type=ImageType.BIAS, failures=None, darks=None, **criteria):
    own = Reference(len(frames), is_own=True)
    full = {"failure_limit": 8, "fewest": 14, "reference": own, **criteria}
    failures = failures or {}
    return decide_on_evidence(
        image_type,
        RunStatistics(
            tuple(
                ExposureVerdict(FIRST + i, tuple(failures.get(i, ())), i not in failures)
                for i in range(len(frames))
            ),
            success=not failures,
            measurements=tuple(
                ExposureStatistics(FIRST + i, tuple(frame.values()))
                for i, frame in enumerate(frames)
            ),
            darks=darks,
        ),
        EvidenceCriteria(**full),
    )


def test_a_healthy_set_is_accepted_without_a_word():
    decision = decide(healthy(noise=noise_allowance(OWN)))
    assert decision.accepted
    assert decision.reasons == decision.remarks == decision.bad_exposures == ()


def test_noise_of_a_frame_that_is_not_in_the_combination_is_put_down_to_that():
    louder = {"noise": lambda noise: 1.1 * noise, "cr_noise": lambda noise: 1.1 * noise}
    frames = change(healthy(), [6], NAMES, **louder)
    left_out = (LeftOut(FIRST + 6, "SEQNAME is b, that of the others a"), LeftOut(FIRST + 8, "odd"))
    noise = decide(frames, may_leave_out=True)
    decision = decide(frames, may_leave_out=True, left_out=left_out, notes=("a note",))
    assert "NOISE" in noise.reasons[0]
    assert decision.reasons == (
        "combination left out exposure 7 of 20261122 (SEQNAME is b, that of the others a)",
    )
    assert decision.remarks == ("combination left out exposure 9 of 20261122 (odd)", "a note")
    same = dataclasses.replace(decision, reasons=noise.reasons, remarks=noise.remarks)
    assert same == noise, "what is accepted, and what is left out, stays the same"


def test_what_else_is_wrong_with_a_frame_that_combination_left_out_is_named_too():
    frames = change(healthy(), [6], NAMES, level=lambda x: x + 5.0, noise=lambda x: 1.1 * x)
    decision = decide(frames, left_out=(LeftOut(FIRST + 6, "odd"),))
    level, left_out = decision.reasons
    assert level.startswith("exposure 7 of 20261122: LEVEL differs")
    assert left_out == "combination left out exposure 7 of 20261122 (odd)"


def test_the_scatter_of_all_amplifiers_counts_where_that_of_one_came_out_low():
    """Of amplifiers of few pixels, as in a small simulation, one in which most levels agree."""
    draw = random.Random(3)
    frames = healthy()
    for frame in frames:
        for name in NAMES[1:]:
            change([frame], [0], [name], level=lambda _: draw.gauss(0.0, 0.7))
    odd = change([*map(dict, frames)], [6], NAMES[:1], level=lambda level: level + 2.5)
    assert decide(odd).accepted
    assert not decide(change(odd, [6], NAMES[:1], level=lambda level: level + 2.5)).accepted


def test_what_all_amplifiers_of_a_frame_have_is_no_scatter_of_theirs():
    """Light in a third of the frames, in all amplifiers, does not hide itself."""
    light = [4, 5, 6, 13, 14, 15]
    frames = change(healthy(), light, NAMES, level=lambda level: level + 3.0)
    decision = decide(frames, may_leave_out=True)
    assert decision.left_out == tuple(FIRST + number for number in light)


def test_glow_in_three_frames_is_left_out_and_named():
    frames = change(healthy(), [6, 7, 8], ["C10", "C11"], level=lambda level: level + 5.0)
    decision = decide(frames, may_leave_out=True)
    assert not decision.accepted
    assert decision.left_out == (FIRST + 6, FIRST + 7, FIRST + 8)
    assert "exposures 7 to 9 of 20261122" in decision.reasons[0]
    assert "C10, C11" in decision.reasons[0]
    assert "glow" in decision.reasons[0]


def test_what_is_still_bad_at_the_second_attempt_is_not_certified():
    frames = change(healthy(), [6], ["C10"], level=lambda level: level + 5.0)
    decision = decide(frames, may_leave_out=False)
    assert not decision.accepted
    assert decision.left_out == ()


def test_what_is_compared_with_another_calibration_may_have_bad_frames():
    frames = change(healthy(), [6], ["C10"], level=lambda level: level + 5.0)
    decision = decide(frames, reference=Reference(None, is_own=False))
    assert decision.accepted
    assert decision.bad_exposures == (FIRST + 6,)


def test_below_the_fewest_good_frames_nothing_is_accepted():
    frames = change(healthy(), range(7), ["C10"], level=lambda level: level + 5.0)
    decision = decide(frames, may_leave_out=True)
    assert not decision.accepted
    assert decision.left_out == ()
    assert "13 of 20 are good, 14 are needed" in decision.reasons


@pytest.mark.parametrize("number", [1, 7])
def test_dead_amplifiers_are_named_and_refused(number):
    frames = change(healthy(), range(20), NAMES[:number], noise=lambda _: 0.0)
    decision = decide(frames, may_leave_out=True)
    assert not decision.accepted
    assert decision.bad_amplifiers == tuple(sorted(NAMES[:number]))
    assert all(name in decision.reasons[0] for name in NAMES[:number])
    assert decision.bad_exposures == ()


def test_few_bad_amplifiers_are_to_be_masked_if_that_is_wanted():
    frames = change(healthy(), range(20), NAMES[:2], noise=lambda _: 0.0)
    decision = decide(frames, may_leave_out=True, may_mask=2)
    assert (decision.accepted, decision.goes_on) == (False, True)
    assert decision.to_mask == tuple((name, "NOISE too low") for name in sorted(NAMES[:2]))
    refused = decide(frames, may_leave_out=True, may_mask=1)
    assert (refused.accepted, refused.goes_on) == (False, False)
    assert "no more than 1 may be masked" in refused.reasons


def test_what_is_masked_has_no_part_in_the_decision():
    frames = change(healthy(), range(20), ["C10"], noise=lambda _: math.nan)
    failures = {i: [FailedTest("RXX_S00", "C10", "NOISE")] for i in range(20)}
    decision = decide(frames, failures=failures, masked=(("C10", "dead"),))
    assert decision.accepted
    assert decision.failures == ()
    assert decision.remarks == ("C10 masked BAD (dead)",)
    assert not decide(frames, failures=failures).accepted
    worse = change(frames, range(20), ["C11"], noise=lambda _: 0.0)
    assert decide(worse, masked=(("C10", "dead"),)).bad_amplifiers == ("C11",)


def test_of_an_amplifier_and_of_a_frame_the_worst_is_named():
    frames = change(healthy(), range(20), ["C10"], noise=lambda _: 0.0, level=lambda _: 40.0)
    reasons = decide(frames, reference=Reference(20, is_own=False)).reasons
    assert [reason.partition(" in most")[0] for reason in reasons] == ["C10: NOISE too low"]
    frames = change(healthy(), [3], NAMES, noise=lambda noise: 2 * noise, level=lambda _: 40.0)
    (reason,) = decide(frames).reasons
    assert "LEVEL" in reason
    assert "NOISE" not in reason


def test_half_of_the_gain_lost_is_seen():
    decision = decide(healthy(noise=0.5), reference=Reference(20, is_own=False))
    assert not decision.accepted
    assert "all 16 amplifiers: NOISE too low" in decision.reasons[0]


def test_a_frame_that_comes_twice_is_left_out_and_twenty_times_the_same_is_refused():
    frames = healthy()
    frames[4] = frames[3]
    assert decide(frames, may_leave_out=True).left_out == (FIRST + 4,)
    decision = decide([frames[0]] * 20, may_leave_out=True, reference=Reference(20, is_own=False))
    assert not decision.accepted
    assert decision.left_out == ()
    assert "identical to an earlier exposure" in " ".join(decision.reasons)


@pytest.mark.parametrize("n", [2, 5, 10])
def test_a_reference_of_few_frames_does_not_fail_a_healthy_night(n):
    noise = math.sqrt(1 + 1 / n)
    assert decide(healthy(noise=noise), reference=Reference(n, is_own=False)).accepted
    if n < 10:
        assert not decide(healthy(noise=noise), reference=Reference(40, is_own=False)).accepted


def test_few_frames_are_not_certified_without_a_word():
    few = decide(healthy(5, noise=math.sqrt(1 - 1 / 5)), fewest=4)
    assert few.accepted
    assert "5 exposures only" in few.remarks[0]
    assert "9.5 %" in few.remarks[0]


def test_a_step_of_half_the_set_is_refused_with_its_place():
    frames = change(healthy(), range(10, 20), ["C03"], level=lambda level: level + 4.0)
    decision = decide(frames, may_leave_out=True)
    assert not decision.accepted
    assert "LEVEL of C03 changes from exposure 11 of 20261122 on" in decision.reasons[0]


def test_a_small_drift_is_told_and_accepted():
    frames = healthy()
    for number in range(20):
        change(frames, [number], ["C03"], level=lambda level, by=number: level + 0.02 * by)
    decision = decide(frames)
    assert decision.accepted
    assert "C03" in decision.remarks[0]


def test_tests_of_verification_need_as_many_amplifiers_as_configured():
    def failed(number):
        return {0: [FailedTest("RXX_S00", name, "CR_NOISE") for name in NAMES[:number]]}

    assert decide(healthy(), failures=failed(7)).accepted
    assert decide(healthy(), failures=failed(8)).bad_exposures == (FIRST,)


def test_a_bias_level_that_drifted_before_the_darks_is_told():
    lines = {name: AmplifierLine(5.0, 0.05, 0.02, 0.001, 0.0, 0.1) for name in NAMES}
    decision = decide(healthy(), ImageType.DARK, darks=DarkFit(lines), bias_exposures=20)
    assert decision.accepted
    assert "+5.0 electron on all 16 amplifiers" in decision.remarks[0]


def test_the_probability_of_a_false_trend_is_what_it_says():
    """At 16 series and a probability of 0.1 a set: binomial, 5 standard deviations."""
    draw = random.Random(5)
    sets, found = 200, 0
    for _ in range(sets):
        series = [[draw.gauss(0.0, 1.0) for _ in range(20)] for _ in range(16)]
        found += any(find_trend(values, 16, 0.1) for values in series)
    assert 0 < found < sets * 0.1 + 5 * math.sqrt(sets * 0.1 * 0.9)


def test_a_trend_is_no_outlier_at_the_end():
    assert find_trend([0.1, -0.1] * 9 + [0.0, 50.0], 1, 1e-3) is None
