# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest

from lsst.ts.dailycal.calibration import (
    configuration_schema,
    make_plan,
    make_run_config,
    validate_configuration,
)
from lsst.ts.dailycal.cli.script.estimate import Estimate, plan_schedule


def make_schedule(**given):
    schema = configuration_schema()
    full = validate_configuration(schema, {"script_mode": "BIAS_DARK", **given})
    plan = make_plan(make_run_config(full, schema))
    return plan, plan_schedule(plan)


def test_nothing_is_claimed_when_nothing_was_announced():
    estimate = Estimate(0.0)
    assert estimate.remaining(10.0) is None
    assert estimate.fraction(10.0) is None


def test_without_a_schedule_time_alone_counts():
    estimate = Estimate(100.0)
    estimate.reach("somewhere", 10.0)
    assert estimate.remaining(25.0) == pytest.approx(75.0)
    assert estimate.fraction(25.0) == pytest.approx(0.25)


def test_what_takes_longer_than_planned_is_not_given_a_time():
    estimate = Estimate(100.0)
    assert estimate.remaining(101.0) is None
    assert estimate.fraction(101.0) == pytest.approx(0.99)


def test_the_pace_seen_corrects_what_is_left():
    estimate = Estimate(100.0, {"half": 50.0})
    estimate.reach("half", 100.0)
    assert estimate.remaining(100.0) == pytest.approx(100.0)
    assert estimate.remaining(130.0) == pytest.approx(70.0)


def test_the_bar_never_goes_back():
    estimate = Estimate(100.0, {"half": 50.0})
    before = estimate.fraction(40.0)
    estimate.reach("half", 200.0)
    estimate.reach("half", 300.0)
    assert estimate.fraction(300.0) >= before


def test_a_repeated_exposure_does_not_move_the_schedule_back():
    estimate = Estimate(100.0, {"a": 10.0, "b": 20.0})
    estimate.reach("b", 20.0)
    estimate.reach("a", 22.0)
    assert estimate.remaining(22.0) == pytest.approx(78.0)


def test_the_schedule_has_the_time_of_every_checkpoint():
    plan, schedule = make_schedule()
    assert list(schedule) == list(plan.checkpoints)
    assert schedule["BIAS 2/21"] == pytest.approx(4.0)
    assert schedule["Processing"] == pytest.approx(plan.acquisition_time)


def test_a_run_on_schedule_has_an_exact_estimate():
    plan, schedule = make_schedule(wait_between_exposures=1.0)
    estimate = Estimate(plan.duration, schedule)
    for checkpoint, time in schedule.items():
        estimate.reach(checkpoint, time)
        assert estimate.remaining(time) == pytest.approx(plan.duration - time)
