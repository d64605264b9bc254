# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Judgements on components, queue, scripts and disk."""

import pytest

from lsst.ts.dailycal.model import (
    ComponentName,
    ComponentStatus,
    ConfigurationError,
    Finding,
    QueuedScript,
    QueueStatus,
    ScriptPath,
    ScriptState,
    Severity,
)
from lsst.ts.dailycal.page import (
    BIAS_DARK,
    accept_findings,
    disk_finding,
    enabling_findings,
    queue_findings,
    script_findings,
)

OK, WARNING, REFUSAL = Severity.OK, Severity.WARNING, Severity.REFUSAL
QUEUE = ComponentName("ScriptQueue", 2)


def component(name="ATMCS", state="STANDBY", alive=True, **rest):
    (finding,) = enabling_findings([ComponentStatus(ComponentName(name), state, alive, **rest)])
    return finding


@pytest.mark.parametrize("state", ["STANDBY", "DISABLED", "ENABLED"])
def test_a_component_that_can_be_enabled_is_all_right(state):
    assert component(state=state).severity is OK


def test_a_component_in_fault_is_told_with_its_error_and_the_way_out():
    finding = component(state="FAULT", error_code=7, error_report="lost its encoder")
    assert finding.severity is REFUSAL
    assert finding.value == "FAULT, error 7: lost its encoder"
    assert "dailycal script set_summary_state.py -p 'data: [[ATMCS, STANDBY]]'" in finding.advice


def test_a_camera_in_fault_is_recovered_from_ccs():
    assert "clearFault and setAvailable" in component("ATCamera", "FAULT").advice


def test_a_camera_that_only_publishes_has_to_be_released():
    finding = component("ATCamera", "OFFLINE", remark="offline substate PUBLISH_ONLY")
    assert finding.severity is REFUSAL
    assert "PUBLISH_ONLY" in finding.value
    assert "setAvailable" in finding.advice


def test_a_camera_that_rests_offline_is_all_right():
    finding = component("ATCamera", "OFFLINE", remark="offline substate AVAILABLE")
    assert finding.severity is OK


def test_another_component_offline_is_worth_a_warning():
    assert component(state="OFFLINE").severity is WARNING


@pytest.mark.parametrize(("state", "alive"), [("ENABLED", False), ("", True), ("", False)])
def test_a_component_that_is_not_heard_is_refused(state, alive):
    assert component(state=state, alive=alive).severity is REFUSAL


def queue(alive=True, state="ENABLED", running=True, current=None, waiting=(), **rest):
    return queue_findings(QueueStatus(QUEUE, alive, state, running, current, waiting), **rest)


def test_a_queue_that_runs_and_is_empty_is_all_right():
    (finding,) = queue()
    assert finding.severity is OK


def test_a_paused_queue_is_refused_with_what_it_is_paused_on_and_how_to_resume_it():
    failed = QueuedScript(200003, "auxtel/enable_atcs.py", ScriptState.FAILED)
    (finding,) = queue(running=False, current=failed)
    assert finding.severity is REFUSAL
    assert finding.value == "paused on script 200003 auxtel/enable_atcs.py FAILED"
    assert "--resume-queue" in finding.advice
    (finding,) = queue(running=False, current=failed, may_resume=True)
    assert finding.severity is WARNING


@pytest.mark.parametrize(("alive", "state"), [(False, "ENABLED"), (True, "STANDBY"), (True, "")])
def test_a_queue_that_is_not_there_or_not_enabled_is_refused(alive, state):
    (finding,) = queue(alive=alive, state=state)
    assert finding.severity is REFUSAL
    assert finding.advice


def test_calibrations_of_somebody_else_in_the_queue_are_refused():
    theirs = QueuedScript(200007, "auxtel/make_latiss_calibrations.py", ScriptState.RUNNING)
    found = queue(current=theirs)
    assert [finding.severity for finding in found] == [REFUSAL, WARNING]
    assert "200007 auxtel/make_latiss_calibrations.py RUNNING" in found[0].value


def test_calibrations_that_have_failed_are_not_under_way():
    theirs = QueuedScript(200007, "auxtel/make_latiss_calibrations.py", ScriptState.FAILED)
    (finding,) = queue(running=False, current=theirs)
    assert finding.subject == "ScriptQueue:2"


def test_scripts_of_others_before_ours_are_worth_a_warning():
    (finding,) = queue(waiting=(QueuedScript(1, "a.py"), QueuedScript(2, "b.py")))
    assert finding.severity is WARNING
    assert "2 other scripts before ours" in finding.value


def test_scripts_that_the_queue_does_not_have_are_named():
    (finding,) = script_findings(BIAS_DARK.steps, [step.script for step in BIAS_DARK.steps], "Q")
    assert finding.severity is OK
    wrong_kind = ScriptPath("auxtel/make_latiss_calibrations.py", is_standard=True)
    others = [step.script for step in BIAS_DARK.steps if step.name != "calibrations"]
    (finding,) = script_findings(BIAS_DARK.steps, [*others, wrong_kind], "Q")
    assert finding.severity is REFUSAL
    assert finding.subject == "auxtel/make_latiss_calibrations.py"
    assert finding.value == "Q has no such external script"
    assert "standard script of that name" in finding.advice


@pytest.mark.prevents("D21")
@pytest.mark.parametrize(
    ("free", "severity"), [(1e9, REFUSAL), (12e9, WARNING), (50e9, OK), (None, OK)]
)
def test_there_must_be_room_for_the_images(free, severity):
    assert disk_finding("/data", free, 44).severity is severity


def test_a_refusal_can_be_accepted_and_stays_visible():
    bad = Finding("CCD temperature", REFUSAL, "-98", "Wait.")
    (finding,) = accept_findings([bad], ["CCD temperature"])
    assert finding.severity is WARNING
    assert finding.advice == "Accepted. Wait."


def test_what_is_no_check_cannot_be_accepted():
    with pytest.raises(ConfigurationError, match="'CDC' is none of the checks: Disk"):
        accept_findings([Finding("Disk", OK, "")], ["CDC"])
