# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accept rule, against the worked examples of the observatory's documentation."""

import pytest

from lsst.ts.dailycal.calibration import AcceptRule, decide
from lsst.ts.dailycal.model import ImageType, RunStatistics, StatisticsError

AMPLIFIERS = [f"C{row}{column}" for row in (0, 1) for column in range(8)]


def failures(**amplifiers_by_test):
    return {
        "SUCCESS": False,
        "FAILURES": [
            f"RXX_S00 {amplifier} {test}"
            for test, amplifiers in amplifiers_by_test.items()
            for amplifier in amplifiers
        ],
    }


EXAMPLE_A = {
    2022092900001: failures(
        NOISE=AMPLIFIERS,
        CR_NOISE=["C00", "C01", "C04", "C05", "C10", "C11", "C14", "C15"],
        MEAN=["C01", "C04", "C05", "C11", "C15"],
    ),
    2022092900002: failures(NOISE=AMPLIFIERS, CR_NOISE=["C05"]),
    2022092900003: failures(NOISE=AMPLIFIERS, CR_NOISE=["C05"]),
    "SUCCESS": False,
}
EXAMPLE_B = {
    2022092900004: failures(
        CR_NOISE=["C01", "C04", "C05", "C11", "C13", "C14"], MEAN=["C01", "C04", "C11", "C14"]
    ),
    **{2022092900000 + seq: {"SUCCESS": True} for seq in range(5, 24)},
    "SUCCESS": False,
}


def decide_bias(raw, rule=AcceptRule.EXPOSURES):
    return decide(ImageType.BIAS, RunStatistics.parse(raw), failure_limit=8, rule=rule)


@pytest.mark.parametrize("rule", [AcceptRule.EXPOSURES, AcceptRule.UPSTREAM])
def test_the_three_noisy_biases_of_september_2022_are_rejected(rule):
    decision = decide_bias(EXAMPLE_A, rule)
    assert not decision.accepted
    assert decision.bad_exposures == (2022092900001, 2022092900002, 2022092900003)
    assert decision.failure_limit == 8
    assert decision.bad_exposure_limit == {"upstream": 3, "exposures": 2}[rule]


@pytest.mark.parametrize("rule", [AcceptRule.EXPOSURES, AcceptRule.UPSTREAM])
def test_the_twenty_biases_with_one_noisy_one_are_accepted_and_the_failures_are_listed(rule):
    decision = decide_bias(EXAMPLE_B, rule)
    assert decision.accepted
    assert decision.bad_exposures == ()
    assert decision.bad_exposure_limit == 11
    assert decision.failures == ((2022092900004, "CR_NOISE", 6), (2022092900004, "MEAN", 4))


@pytest.mark.prevents("D10")
@pytest.mark.parametrize(
    ("exposures", "upstream", "ours"),
    [(1, 2, 1), (2, 2, 2), (3, 3, 2), (4, 3, 3), (5, 4, 3), (20, 11, 11)],
)
def test_a_majority_is_counted_on_exposures_unless_upstream_arithmetic_is_asked_for(
    exposures, upstream, ours
):
    raw = {seq: {"SUCCESS": True} for seq in range(exposures)} | {"SUCCESS": True}
    assert decide_bias(raw).bad_exposure_limit == ours
    assert decide_bias(raw, AcceptRule.UPSTREAM).bad_exposure_limit == upstream


@pytest.mark.prevents("D10")
def test_d10_a_single_bad_exposure_is_rejected():
    raw = {1: failures(NOISE=AMPLIFIERS), "SUCCESS": False}
    assert not decide_bias(raw).accepted
    assert decide_bias(raw, AcceptRule.UPSTREAM).accepted


@pytest.mark.prevents("D11")
def test_one_test_alone_has_to_reach_the_limit():
    raw = {1: failures(NOISE=AMPLIFIERS[:7], MEAN=AMPLIFIERS[:7]), "SUCCESS": False}
    assert decide_bias(raw).accepted
    raw = {1: failures(NOISE=AMPLIFIERS[:8]), "SUCCESS": False}
    assert not decide_bias(raw).accepted


@pytest.mark.prevents("D11")
def test_d11_a_test_that_fails_no_amplifier_makes_no_exposure_bad_and_is_still_listed():
    few = {"NOISE": AMPLIFIERS[:7], "MEAN": AMPLIFIERS[7:14]}
    raw = {1: failures(**few, READ_NOISE_CONSISTENT=AMPLIFIERS[:14]), "SUCCESS": False}
    decision = decide_bias(raw)
    assert decision.accepted
    assert decision.bad_exposures == ()
    assert (1, "READ_NOISE_CONSISTENT", 14) in decision.failures
    assert decision.not_counted == ("READ_NOISE_CONSISTENT",)
    assert decide_bias(raw, AcceptRule.UPSTREAM).bad_exposures == (1,)


def test_an_exposure_that_could_not_be_processed_is_bad():
    assert not decide_bias({1: failures(PROCESSING=AMPLIFIERS), "SUCCESS": False}).accepted


@pytest.mark.prevents("D10")
def test_keys_that_are_no_exposures_are_not_counted():
    raw = {1: {"SUCCESS": True}, "RUN": {"x": 1}, "VERIFY": {}, "SUCCESS": True}
    assert RunStatistics.parse(raw).exposure_ids == (1,)


def test_exposures_that_show_failures_only_count_as_failed():
    raw = {1: {"FAILURES": ["RXX_S00 C00 NOISE"]}, "SUCCESS": False}
    (verdict,) = RunStatistics.parse(raw).exposures
    assert not verdict.success
    assert str(verdict.failures[0]) == "RXX_S00 C00 NOISE"


@pytest.mark.parametrize(
    "raw",
    [
        {},
        [],
        None,
        {"SUCCESS": "yes"},
        {"SUCCESS": False, 1: "bad"},
        {"SUCCESS": False, 1: {"FAILURES": "C00 NOISE"}},
        {"SUCCESS": False, 1: {"FAILURES": ["NOISE"]}},
        {"SUCCESS": False, 1: {"FAILURES": [], "SUCCESS": 1}},
    ],
)
def test_statistics_of_another_shape_are_an_error_and_never_a_pass(raw):
    with pytest.raises(StatisticsError):
        RunStatistics.parse(raw)
