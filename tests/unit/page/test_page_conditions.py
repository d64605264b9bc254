# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Temperatures and pressures: healthy, worth a warning, reason to refuse."""

import pytest
from queue_in_memory import HEALTHY

from lsst.ts.dailycal.model import ConditionReading, ConfigurationError, Severity
from lsst.ts.dailycal.page import DEFAULT_LIMITS, condition_findings, parse_limits

OK, WARNING, REFUSAL = Severity.OK, Severity.WARNING, Severity.REFUSAL


def judge(limits=DEFAULT_LIMITS, age=0.0, **changes):
    values = {**HEALTHY, **changes}
    readings = [
        ConditionReading(name, value, age) for name, value in values.items() if value is not None
    ]
    findings = condition_findings(readings, limits)
    return dict(zip(limits, findings, strict=True))


def test_a_healthy_dewar_raises_nothing():
    assert {finding.severity for finding in judge().values()} == {OK}


@pytest.mark.prevents("D21")
@pytest.mark.parametrize(
    ("quantity", "value", "severity"),
    [
        ("ccd", -98.0, REFUSAL),
        ("ccd", -102.0, WARNING),
        ("ccd", -103.0, OK),
        ("ccd", -105.0, OK),
        ("ccd", -106.0, WARNING),
        ("ccd", -107.5, REFUSAL),
        ("ccd_set_point", -94.0, WARNING),
        ("cold_plate", -106.0, WARNING),
        ("cold_plate", -103.0, REFUSAL),
        ("cryo_head", -127.0, WARNING),
        ("cryo_head", -120.0, REFUSAL),
        ("vacuum", 1e-3, WARNING),
        ("vacuum", 5e-3, REFUSAL),
        ("board", 21.0, WARNING),
        ("board", 31.0, WARNING),
        ("store", 5.0, WARNING),
        ("store", 1.0, REFUSAL),
    ],
)
def test_each_limit_has_its_verdict(quantity, value, severity):
    finding = judge(**{quantity: value})[quantity]
    assert finding.severity is severity
    assert bool(finding.advice) is (severity is not OK)


def test_a_warm_ccd_is_told_with_its_value_and_the_limit():
    finding = judge(ccd=-98.0)["ccd"]
    assert finding.value == "-98 °C, outside -107 to -101 °C"
    assert "Wait until it is back at its set point" in finding.advice


@pytest.mark.parametrize(("quantity", "severity"), [("ccd", REFUSAL), ("board", WARNING)])
def test_an_instrument_that_is_not_heard_is_no_instrument(quantity, severity):
    for finding in (
        judge(**{quantity: None})[quantity],
        judge(**{quantity: float("nan")})[quantity],
        judge(age=61.0)[quantity],
    ):
        assert finding.severity is severity


def test_limits_can_be_replaced_one_by_one():
    limits = parse_limits({"ccd": {"warn": [-100, -95], "refuse": [None, -90]}})
    assert judge(limits, ccd=-98.0)["ccd"].severity is OK
    assert judge(limits, ccd=-89.0)["ccd"].severity is REFUSAL
    assert judge(limits, ccd=-150.0)["ccd"].severity is WARNING
    assert judge(limits, vacuum=5e-3)["vacuum"].severity is REFUSAL


def test_wrong_limits_are_refused_all_at_once():
    with pytest.raises(ConfigurationError) as caught:
        parse_limits(
            {
                "cdd": {"warn": [1, 2]},
                "ccd": {"warn": [2, 1]},
                "vacuum": {"refuse": [True, 1]},
                "board": {"limit": [1, 2]},
                "store": [1, 2],
            }
        )
    assert len(caught.value.problems) == 5
