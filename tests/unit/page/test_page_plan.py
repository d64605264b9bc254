# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page as data, and the plan that is made of it."""

import pytest

from lsst.ts.dailycal.calibration import make_plan
from lsst.ts.dailycal.model import ConfigurationError
from lsst.ts.dailycal.page import (
    BIAS_DARK,
    PageOptions,
    fits,
    make_page_plan,
    parse_duration,
)
from lsst.ts.dailycal.page.plan import calibration_config


def plan(**options):
    return make_page_plan(BIAS_DARK, PageOptions(**options))


def to_do(page_plan):
    return [step.name for step in page_plan.to_do]


ALL = [
    "enable-atcs",
    "enable-latiss",
    "enable-ocps",
    "enable-scheduler",
    "calibrations",
    "standby-latiss",
]


def test_the_page_has_its_steps_in_order_with_the_paths_of_the_queue():
    assert to_do(plan()) == ALL
    assert [(step.script.path, step.script.is_standard) for step in plan().to_do] == [
        ("auxtel/enable_atcs.py", True),
        ("auxtel/enable_latiss.py", True),
        ("set_summary_state.py", True),
        ("auxtel/scheduler/enable.py", True),
        ("auxtel/make_latiss_calibrations.py", False),
        ("auxtel/standby_latiss.py", True),
    ]


def test_the_calibrations_take_about_a_quarter_of_an_hour_and_20_biases_and_22_darks():
    step = plan().to_do[4]
    assert step.duration == pytest.approx(900, rel=0.05)
    config = calibration_config(step)
    kept = [item for item in make_plan(config).exposures if not item.discard]
    assert len(kept) == 42
    assert step.deadline > 2 * step.duration


def test_a_configuration_of_ones_own_changes_the_time():
    short = plan(
        configurations={"calibrations": "script_mode: BIAS\nn_bias: 3\ndo_verify: false\n"}
    )
    assert short.to_do[4].duration == pytest.approx(4 * 4.0)
    assert short.duration < plan().duration - 800


def test_the_page_does_not_fit_into_twelve_minutes_and_fits_into_twenty():
    assert not fits(plan(), parse_duration("12min"))
    assert fits(plan(), parse_duration("20min"))
    assert fits(plan(), None)
    assert not fits(plan(), 0.0)


def test_from_step_leaves_out_what_is_before_it_and_says_so():
    page_plan = plan(from_step="calibrations")
    assert to_do(page_plan) == ["calibrations", "standby-latiss"]
    assert page_plan.steps[0].skipped == "before calibrations"


def test_leave_enabled_leaves_out_the_standby():
    assert to_do(plan(leave_enabled=True)) == ALL[:-1]


def test_the_first_announcement_moves_to_the_first_step_that_is_done():
    page_plan = plan(from_step="enable-ocps", skip=("enable-ocps",))
    befores = [step.before for step in page_plan.to_do]
    assert befores[0] is not None
    assert befores[0].channels == ("#summit-announce", "#summit-auxtel")
    assert "Neither the telescope nor the dome will move" in befores[0].text
    assert befores[1:] == [None, None]


def test_nothing_is_announced_before_a_run_without_images():
    for options in ({"from_step": "standby-latiss"}, {"skip": ("calibrations",)}):
        assert all(step.before is None for step in plan(**options).to_do)


def test_all_problems_are_told_at_once():
    with pytest.raises(ConfigurationError) as caught:
        plan(
            from_step="enable-latis",
            skip=("nonsense",),
            configurations={
                "calibrations": "script_mode: BIAS_DRAK\nn_biass: 3\n",
                "enable-atcs": "[1, 2]",
                "enable-ocps": "data: [unclosed",
            },
        )
    text = "\n".join(caught.value.problems)
    for part in (
        "is enable-latiss meant?",
        "'nonsense' is no step",
        "calibrations: 'n_biass' is not a property; is n_bias meant?",
        "calibrations: script_mode",
        "enable-atcs: A configuration is a list of",
        "enable-ocps: This is not YAML: line 1, column 16: ",
    ):
        assert part in text


def test_a_configuration_for_a_step_that_is_skipped_is_not_looked_at():
    assert plan(skip=("calibrations",), configurations={"calibrations": "nonsense: 1"})


def test_a_plan_without_any_step_is_refused():
    with pytest.raises(ConfigurationError, match="nothing to do"):
        plan(skip=tuple(ALL))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12min", 720),
        ("720s", 720),
        ("1h30min", 5400),
        ("1 h 5 m", 3900),
        ("12", 720),
        ("0.5h", 1800),
        ("0", 0),
    ],
)
def test_times_are_read_as_people_write_them(text, seconds):
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "soon", "12 parsec", "-5min", "5min!", "min", "1e3s", "nan"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(ValueError, match=r"no time|no unit"):
        parse_duration(text)
