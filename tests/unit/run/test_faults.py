# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault that can strike during a run, where it can strike, in the observatory in memory.

Whatever breaks: the run ends within a bounded time, says what is true, accounts for every image,
certifies nothing that it should not, and after `resume` the result is that of a run without the
fault.
"""

import asyncio
import dataclasses

import pytest

from lsst.ts.dailycal.model import (
    CalibrationStatus,
    Certified,
    Decided,
    ExposureFailed,
    ExposureTaken,
    JobAsked,
    RunEnded,
)
from lsst.ts.dailycal.procedure import final_verdict

FINE = ["certified", "certified"]


@dataclasses.dataclass(frozen=True)
class Expected:
    """What a fault does to a run that generates biases and darks."""

    fault: str
    statuses: tuple[str, str] = ("certified", "certified")
    says: str = ""
    """Part of the reason of the end, or of a message."""
    exposures: int = 10
    """Images read out in the end, after a resume if the run failed."""
    after_resume: tuple[str, str] = ("certified", "certified")


def unseen(fault):
    return [Expected(f"{fault}@BIAS/2"), Expected(f"{fault}@DARK/4")]


def noted(fault, says):
    return [Expected(f"{fault}@BIAS/2", says=says), Expected(f"{fault}@DARK/3", says=says)]


def retaken(fault, says):
    return [
        Expected(f"{fault}@BIAS/2", says=says, exposures=11),
        Expected(f"{fault}@DARK/4", says=says, exposures=11),
    ]


def job_fails(fault, says):
    bias, dark = ("failed", "not attempted"), ("certified", "failed")
    return [
        Expected(f"{fault}@generate/1", bias, says),
        Expected(f"{fault}@verify/1", bias, says),
        Expected(f"{fault}@generate/2", dark, says),
        Expected(f"{fault}@verify/2", dark, says),
    ]


FAULTS = [
    *noted("camera_refuses", "refused"),
    Expected("camera_fault@BIAS/1", ("not attempted", "not attempted"), "ATCamera is not ENABLED"),
    Expected("camera_fault@BIAS/4", ("not attempted", "not attempted"), "ATCamera is not ENABLED"),
    Expected("camera_fault@DARK/1", ("certified", "not attempted"), "ATCamera is not ENABLED"),
    Expected("camera_fault@DARK/4", ("certified", "not attempted"), "ATCamera is not ENABLED"),
    *unseen("start_integration_lost"),
    *unseen("start_integration_late"),
    *unseen("start_integration_twice"),
    *noted("end_readout_lost", "endReadout was not heard"),
    *unseen("end_readout_late"),
    *unseen("end_readout_twice"),
    *noted("camera_ack_lost", "acknowledgement was not heard"),
    *unseen("camera_ack_late"),
    *unseen("camera_ack_twice"),
    *noted("camera_ack_failed", "read out, yet refused"),
    *retaken("header_silent", "did not reach the Butler within 120 s"),
    *unseen("header_late"),
    *unseen("header_twice"),
    *noted("ingest_silent", "is in the Butler, although"),
    *retaken("ingest_error", "status 1"),
    *unseen("ingest_late"),
    *unseen("ingest_twice"),
    *unseen("ingest_reordered"),
    *unseen("ingest_foreign"),
    *retaken("file_empty", "the file is empty"),
    *retaken("file_corrupt", "the header cannot be read"),
    *job_fails("job_refused", "refused"),
    *job_fails("job_not_acknowledged", "did not accept"),
    *job_fails("job_error", "exit code 1"),
    *job_fails("job_aborted", "exit code 255"),
    *job_fails("job_unknown_phase", "exit code 1"),
    *job_fails("job_result_never", "after 900 s"),
    *job_fails("ocps_fault", "FAULT"),
    *job_fails("ocps_restarted", "not ENABLED any more"),
    *[Expected(f"job_result_before_ack@{n}") for n in range(1, 5)],
    *[Expected(f"job_result_late@{n}") for n in range(1, 5)],
    *[Expected(f"job_result_twice@{n}") for n in range(1, 5)],
    *[Expected(f"job_results_reordered@{n}") for n in range(1, 5)],
    Expected("leaves_enabled@ATCamera/10s", ("not attempted", "not attempted"), "ATCamera"),
    Expected("leaves_enabled@ATCamera/50s", ("certified", "not attempted"), "ATCamera"),
    # The frame that is exposed at that moment never reaches the Butler, and is taken again.
    Expected("leaves_enabled@ATOODS/50s", ("certified", "not attempted"), "ATOODS", 11),
    Expected("leaves_enabled@ATHeaderService/50s", ("certified", "not attempted"), "ATHead", 11),
    Expected(
        "leaves_enabled@ATCamera/50s:state=STANDBY", ("certified", "not attempted"), "STANDBY"
    ),
    Expected("leaves_enabled@OCPS:1/30s", ("failed", "not attempted"), "OCPS:1"),
    Expected("leaves_enabled@ATSpectrograph/30s"),
    Expected("heartbeat_lost@ATOODS/30s", ("certified", "not attempted"), "no heartbeat"),
    Expected(
        "repository_unreadable@verifyBiasStats", ("failed", "not attempted"), "cannot be read"
    ),
    Expected("repository_unreadable@verifyDarkStats", ("certified", "failed"), "cannot be read"),
    Expected("repository_locked@bias", ("failed", "not attempted"), "within 60 s"),
    Expected("repository_locked@dark", ("certified", "failed"), "within 60 s"),
    Expected("repository_read_only@bias", ("failed", "not attempted"), "read-only"),
    Expected("repository_read_only@dark", ("certified", "failed"), "read-only"),
    Expected(
        "certified_by_another@bias",
        ("failed", "not attempted"),
        "from u/somebody/run",
        after_resume=("failed", "not attempted"),
    ),
    Expected(
        "certified_by_another@dark",
        ("certified", "failed"),
        "from u/somebody/run",
        after_resume=("certified", "failed"),
    ),
]


def statuses(outcome):
    return tuple(item.status.value for item in outcome.calibrations)


def check_truth(rig, outcome):
    """What holds whatever happened."""
    taken = [event.image.name for event in rig.events(ExposureTaken)]
    failed = [event.image_name for event in rig.events(ExposureFailed) if event.image_name]
    assert len(set(taken)) == len(taken), "an image was counted twice"
    assert sorted(rig.state.all_images) == sorted(taken + failed)
    assert rig.events(RunEnded)[-1].outcome == outcome
    accepted = {
        event.decision.image_type for event in rig.events(Decided) if event.decision.accepted
    }
    certified = [event.image_type for event in rig.events(Certified)]
    assert set(certified) <= accepted
    assert len(set(certified)) == len(certified), "something was certified twice"
    verdict = final_verdict(outcome)
    carried_out = all(
        item.status in (CalibrationStatus.CERTIFIED, CalibrationStatus.REJECTED)
        for item in outcome.calibrations
    )
    assert verdict.success == (carried_out and outcome.failure is None)
    if not verdict.success:
        assert outcome.run_id in verdict.reason, "the way to go on is named"


def repair(observatory):
    """What a person does before a resume: bring the components back."""
    for name, component in observatory.components._components.items():
        component.beating = True
        observatory.components.set_state(name, "ENABLED")


@pytest.mark.parametrize("expected", FAULTS, ids=lambda item: item.fault)
async def test_a_fault_is_survived_told_and_mended_by_resume(make_rig, expected):
    rig = make_rig(expected.fault)
    async with rig.observatory:
        async with asyncio.timeout(3000):
            outcome = await rig.make(generate_calibrations=True).execute()
        check_truth(rig, outcome)
        assert statuses(outcome) == expected.statuses
        assert expected.says in final_verdict(outcome).reason + rig.messages
        if not final_verdict(outcome).success:
            repair(rig.observatory)
            async with asyncio.timeout(3000):
                outcome = await rig.make(generate_calibrations=True).execute()
            check_truth(rig, outcome)
            assert statuses(outcome) == expected.after_resume
        assert len(rig.events(ExposureTaken)) == expected.exposures
        jobs = [event.key for event in rig.events(JobAsked)]
        assert len(jobs) <= 4 + (not final_verdict(outcome).success) + 1


@pytest.mark.parametrize(
    "fault", ["file_saturated@BIAS/2-", "new_sequencer", "shutter_stuck@DARK/*"]
)
async def test_bad_frames_are_rejected_and_never_certified(make_rig, fault):
    rig = make_rig(fault)
    async with rig.observatory:
        outcome = await rig.make().execute()
    check_truth_of_verification(outcome)
    assert CalibrationStatus.REJECTED in {item.status for item in outcome.calibrations}


def check_truth_of_verification(outcome):
    verdict = final_verdict(outcome)
    assert verdict.success, "a rejection is a result"
    assert verdict.warnings


async def test_a_camera_that_always_refuses_ends_the_run_soon(make_rig):
    rig = make_rig("camera_refuses@*")
    async with rig.observatory:
        start = asyncio.get_running_loop().time()
        outcome = await rig.make().execute()
        elapsed = asyncio.get_running_loop().time() - start
    assert "failed 6 times in a row" in final_verdict(outcome).reason
    assert elapsed < 60


async def test_too_few_biases_leave_the_darks_alone(make_rig):
    rig = make_rig("ingest_error@BIAS/3-5")
    async with rig.observatory:
        outcome = await rig.make(max_attempts=1, min_bias=3).execute()
    assert statuses(outcome) == ("not attempted", "verified")
    assert "2 of 5 images" in final_verdict(outcome).reason


async def test_enough_frames_are_gone_on_with_and_it_is_said(make_rig):
    rig = make_rig("ingest_error@BIAS/3")
    async with rig.observatory:
        outcome = await rig.make(max_attempts=1, min_bias=3).execute()
    assert statuses(outcome) == ("verified", "verified")
    assert "going on with 4 of 5 images" in rig.messages
