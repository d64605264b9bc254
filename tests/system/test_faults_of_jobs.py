# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults of OCPS, through real processes: one run that is resumed after each of them."""

import pytest
from fault_rig import IMAGES, QUICK, observatory, observing

from lsst.ts.dailycal.model import JobAbandoned, JobFinished, JobSubmitted

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(590),
    pytest.mark.usefixtures("scripts_end"),
]

UNSEEN = [
    "job_result_before_ack@1",
    "job_result_twice@2",
    "job_result_late@3:delay=60",
    "job_results_reordered@4",
]
FAILURES = [
    ("job_refused@5", "refused"),
    ("job_error@5", "exit code 1"),
    ("job_aborted@6", "exit code 255"),
    ("job_unknown_phase@7", "exit code 1"),
    ("ocps_fault@8", "FAULT"),
    ("ocps_restarted@9", "not ENABLED any more"),
]
UNHEARD = "job_result_never@10"
"""It struck last, when every failure was mended; its output is in the Butler."""
ABORTS = ["abort_refused@1", "abort_silent@2"]
FAULTS = [*UNSEEN, *(fault for fault, _ in FAILURES), UNHEARD, *ABORTS]
CONFIG = {**QUICK, "job_timeout": 40}
"""One result never comes, and is waited for; every other job has to end in that time."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory, template):
    directory = tmp_path_factory.mktemp("jobs")
    with observatory(directory, template, *FAULTS, time_scale=40.0) as rig:
        yield rig


def check_jobs(rig) -> None:
    """No result went to another job, and what became of every job is known.

    A job that was given up may be found to have worked when the run is resumed.
    """
    submitted = {event.job_id: event.key for event in rig.events(JobSubmitted)}
    finished = [event.result.job_id for event in rig.events(JobFinished)]
    abandoned = [event.job_id for event in rig.events(JobAbandoned)]
    assert len(set(finished)) == len(finished), "a job ended twice"
    assert {*finished, *abandoned} == set(submitted)
    for event in rig.events(JobFinished):
        assert submitted[event.result.job_id] == event.key


async def test_results_that_are_early_late_doubled_or_held_back_are_nothing_to_see(rig):
    result = await rig.run(CONFIG)
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    check_jobs(rig)
    assert rig.statuses() == ["certified", "certified"]
    for fault in UNSEEN:
        rig.note(fault, result)


async def test_every_failure_of_a_job_is_told_and_mended_by_resume(rig):
    config = {**CONFIG, "calib_collection": "LATISS/calib/failures"}
    result = await rig.run(config)
    failures = []
    for fault, says in FAILURES:
        assert (result.exit_code, result.state) == (1, "FAILED"), f"{fault}: {result.text}"
        assert says in result.reason, fault
        assert rig.journal().stem in result.reason, "the way to go on is named"
        assert "failed" in rig.statuses(), fault
        failures.append((fault, result))
        await rig.enable()
        result = await rig.resume(config)
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    for fault, failure in failures:
        rig.note(fault, failure, result)
    rig.note(UNHEARD, result)
    unheard = [e for e in rig.events(JobFinished) if "nobody heard" in e.result.detail]
    assert len(unheard) == 1
    rig.check_accounts(exposures=IMAGES)
    check_jobs(rig)
    assert rig.statuses() == ["certified", "certified"]
    assert await rig.certifications("LATISS/calib/failures") == {"bias": 1, "dark": 1}


async def stop_in_job(rig, config, jobs):
    """Run a script, and stop it when so many jobs of its run have been submitted."""
    script = rig.start(config)
    assert await script.until(lambda: "resume" in config or script.has_journal())
    assert await script.until(lambda: len(rig.events(JobSubmitted)) == jobs)
    script.driver.interrupt()
    return await script.end()


async def test_a_job_that_cannot_be_aborted_is_named_and_its_result_is_used_by_resume(
    tmp_path, template
):
    async with observing(tmp_path, template, *ABORTS) as rig:
        config = {**QUICK, "script_mode": "BIAS"}
        stopped = []
        for jobs, fault in enumerate(ABORTS, start=1):
            again = {"resume": rig.journal().stem} if stopped else {}
            result = await stop_in_job(rig, {**config, **again}, jobs)
            assert (result.exit_code, result.state) == (0, "STOPPED"), result.text
            job = rig.events(JobSubmitted)[-1].job_id
            assert f"Job {job} may still be running" in result.log, fault
            stopped.append((fault, result))
        result = await rig.resume(config)
        assert (result.exit_code, result.state) == (0, "DONE"), result.text
        assert rig.statuses() == ["certified"]
        assert await rig.certifications() == {"bias": 1, "dark": 0}
        assert len(rig.events(JobSubmitted)) == len(ABORTS), "a job was run twice"
        for fault, end in stopped:
            rig.note(fault, end, result)
