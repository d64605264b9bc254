# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault that can strike during a run, at each step, in the observatory in memory.

Whatever breaks: the run ends within a bounded time, says what is true, accounts for every image,
certifies nothing that it should not, and after `resume` the result is that of a run without the
fault.
"""

import asyncio
import dataclasses
import functools
import pathlib
import re

import pytest
from fault_matrix import BEFORE_A_RUN, CASES, FINE, STOPS, Case
from rigs import FRAME, Rig, carry_out, certified, make_rig, statuses

from lsst.ts.dailycal.calibration import OnRejection, final_verdict
from lsst.ts.dailycal.model import ExposureTaken, Message, RunOutcome
from lsst.ts.dailycal.report import summarize_run
from lsst.ts.dailycal.run import read_run_entries
from lsst.ts.dailycal.sim.config import DIRECT_FRAME
from lsst.ts.dailycal.sim.faults.kinds import FAULT_KINDS
from lsst.ts.dailycal.testing.loop import run_fast

LASTING = {"clock_step", "new_sequencer"}
"""Faults that strike at no moment: they hold from one on."""
PLANNED = 7


@pytest.mark.prevents("D5", "D6", "D7", "D21")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.fault)
def test_a_fault_is_survived_told_and_mended_by_resume(case, record_property, tmp_path):
    rig, first, last = run_fast(_strike(case))
    verdict = final_verdict(first)
    messages = "\n".join(event.text for event in rig.of(Message))
    assert statuses(first) == case.statuses, verdict.reason
    assert case.ends.startswith("DONE" if verdict.success else "FAILED")
    assert case.says in verdict.reason + messages
    check_reason(first)
    assert statuses(last) == (case.resumed or case.statuses), final_verdict(last).reason
    check_result(case, rig, last)
    check_report(rig, last, tmp_path)
    told = next(iter([*verdict.warnings, *messages.splitlines()]), "")
    record_property("fault", [case.fault, told if verdict.success else verdict.reason])


async def _strike(case: Case) -> tuple[Rig, RunOutcome, RunOutcome]:
    """Let it strike a run, which is resumed if it fails."""
    rig = make_rig(case.fault, frame=DIRECT_FRAME if case.large else FRAME, start=case.start)
    rig.given = dict(case.config)
    async with rig.observatory:
        first = last = await carry_out(rig)
        faults = rig.observatory.world.faults
        assert faults.struck or case.fault.partition("@")[0] in LASTING, "it never struck"
        if case.resumed is not None:
            rig.observatory.repair()
            last = await carry_out(rig)
    return rig, first, last


def check_reason(outcome: RunOutcome) -> None:
    """A reason says for what and how long was waited, what was seen last, and what to do."""
    for failure in outcome.failures:
        assert failure.remedy, f"nobody is told what to do: {failure}"
        assert "{" not in failure.reason.replace("${", ""), f"this is for programs: {failure}"
        if re.search(r"\b(no|not) .* (within|after) ", failure.reason):
            assert re.search(r"(within|after) \d+ (s|min|h)\b", failure.reason), failure.reason
            assert "Last seen: " in failure.reason, failure.reason


def check_result(case: Case, rig: Rig, outcome: RunOutcome) -> None:
    """In the end the result is that of a run without the fault."""
    assert len(rig.of(ExposureTaken)) == PLANNED + case.retaken
    found = certified(rig)
    assert len(found) == case.certifications
    if statuses(outcome) != FINE:
        return
    if not case.fault.startswith("clock_step"):
        assert found == unharmed()
    for calibration in outcome.calibrations:
        assert calibration.decision is not None
        assert calibration.decision.exposures == calibration.kept
        if "going on with" not in case.says:
            assert calibration.kept == calibration.wanted


@functools.cache
def unharmed() -> dict[str, tuple[float, float]]:
    """What a run certifies in which nothing goes wrong."""

    async def carry_it_out() -> dict[str, tuple[float, float]]:
        rig = make_rig()
        async with rig.observatory:
            await carry_out(rig)
        return certified(rig)

    return run_fast(carry_it_out())


def check_report(rig: Rig, outcome: RunOutcome, directory: pathlib.Path) -> None:
    """What is read from the journal is what the script said."""
    path = directory / "run.jsonl"
    path.write_text("".join(f"{line}\n" for line in rig.storage.lines))
    summary = summarize_run(read_run_entries(path))
    verdict = final_verdict(outcome, OnRejection(rig.given.get("on_rejection", "warn")))
    assert summary.status == ("done" if verdict.success else "failed")
    assert tuple(item.status for item in summary.calibrations) == statuses(outcome)
    assert all(failure in verdict.reason for failure in summary.failures)


def test_a_rejection_that_fails_the_script_fails_the_run_in_the_report_as_well(tmp_path):
    case = next(case for case in CASES if case.fault == "new_sequencer")
    config = (*case.config, ("on_rejection", "fail"))
    rig, first, _ = run_fast(_strike(dataclasses.replace(case, config=config)))
    assert not final_verdict(first, OnRejection.FAIL).success
    check_report(rig, first, tmp_path)


async def test_a_camera_that_always_refuses_ends_the_run_soon():
    rig = make_rig("camera_refuses@*")
    async with rig.observatory:
        start = asyncio.get_running_loop().time()
        await carry_out(rig)
        assert asyncio.get_running_loop().time() - start < 60


def test_every_fault_of_the_simulator_is_in_the_matrix_or_strikes_before_a_run():
    there = {case.fault.partition("@")[0].partition(":")[0] for case in CASES}
    there |= {case.fault.rpartition(" ")[2] for case in STOPS} & set(FAULT_KINDS)
    assert there | set(BEFORE_A_RUN) == set(FAULT_KINDS)
    assert not there & set(BEFORE_A_RUN)
