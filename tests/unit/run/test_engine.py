# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine, against the observatory in memory."""

import asyncio

import pytest

from lsst.ts.dailycal.calibration import final_verdict, job_run, statistics_dataset_type
from lsst.ts.dailycal.model import (
    CalibrationStatus,
    Certified,
    ExposureAsked,
    ExposureTaken,
    ImageType,
    JobAbandoned,
    JobAsked,
    JobFinished,
    JobStep,
    JobSubmitted,
    RunEnded,
)

LONG_AFTER = 600.0
"""Seconds after which every job has ended that was not aborted."""


def statuses(outcome):
    return {item.image_type.value: item.status for item in outcome.calibrations}


async def outputs_of_abandoned_jobs(rig):
    """Find what jobs wrote in the end that nobody waits for any more; an aborted one, nothing."""
    await asyncio.sleep(LONG_AFTER)
    found = []
    for event in rig.events(JobAbandoned):
        kind = event.key.image_type
        is_verification = event.key.step is JobStep.VERIFY
        dataset_type = statistics_dataset_type(kind) if is_verification else kind.dataset_type
        run = job_run(event.job_id)
        if await rig.observatory.repository.has_output(run, dataset_type, 60.0):
            found.append(run)
    return found


@pytest.mark.prevents("D4", "D19")
async def test_the_daily_procedure_takes_verifies_and_ends_done(make_rig):
    rig = make_rig()
    async with rig.observatory:
        run = rig.make(n_bias=20, n_dark=22, exp_times_dark=[5] * 5 + [15] * 2 + [30] * 16)
        outcome = await run.execute()
    assert statuses(outcome) == {"BIAS": "verified", "DARK": "verified"}
    assert final_verdict(outcome).success
    assert [item.taken for item in outcome.calibrations] == [21, 23]
    assert [item.kept for item in outcome.calibrations] == [20, 22]
    assert len(set(rig.state.all_images)) == 44
    assert rig.events(RunEnded)[-1].outcome == outcome
    assert rig.checkpoints == list(rig.context.plan.checkpoints)


@pytest.mark.prevents("D12")
async def test_the_whole_sequence_of_a_quarter_of_an_hour_runs_in_the_time_of_the_plan(make_rig):
    rig = make_rig()
    async with rig.observatory:
        run = rig.make(n_bias=20, n_dark=22, exp_times_dark=[5] * 5 + [15] * 2 + [30] * 16)
        start = asyncio.get_running_loop().time()
        await run.execute()
        elapsed = asyncio.get_running_loop().time() - start
    plan = rig.context.plan
    assert plan.acquisition_time * 0.8 <= elapsed <= plan.duration * 1.2


async def test_generated_calibrations_are_certified_for_the_day_of_the_exposures(make_rig):
    rig = make_rig()
    async with rig.observatory:
        outcome = await rig.make(generate_calibrations=True).execute()
        assert statuses(outcome) == {"BIAS": "certified", "DARK": "certified"}
        day_obs = rig.state.all_images[0].day_obs
        for event in rig.events(Certified):
            assert event.certification.validity == rig.context.config.validity(day_obs, day_obs)
            conflicts = await rig.observatory.repository.find_conflicts(event.certification, 60)
            assert [item.run for item in conflicts] == [
                f"{event.certification.input_collection}/run"
            ]


@pytest.mark.prevents("D16")
async def test_d16_the_dark_is_generated_after_the_bias_is_certified_and_with_it(make_rig):
    rig = make_rig()
    async with rig.observatory:
        await rig.make(generate_calibrations=True).execute()
    events = rig.events()
    certified = next(n for n, e in enumerate(events) if isinstance(e, Certified))
    generate_dark = next(
        n
        for n, event in enumerate(events)
        if isinstance(event, JobAsked)
        and (event.key.step, event.key.image_type) == (JobStep.GENERATE, ImageType.DARK)
    )
    assert events[certified].image_type is ImageType.BIAS
    assert certified < generate_dark
    bias_collection = events[certified].certification.input_collection
    assert f"-i {bias_collection}," in events[generate_dark].request.config


async def test_biases_are_processed_while_darks_are_exposed(make_rig):
    rig = make_rig()
    async with rig.observatory:
        await rig.make(exp_times_dark=30).execute()
    events = rig.events()
    bias_job = next(n for n, e in enumerate(events) if isinstance(e, JobSubmitted))
    last_dark = max(n for n, e in enumerate(events) if isinstance(e, ExposureTaken))
    assert events[bias_job].key.image_type is ImageType.BIAS
    assert bias_job < last_dark


async def test_the_discarded_images_are_kept_out_of_processing(make_rig):
    rig = make_rig()
    async with rig.observatory:
        await rig.make(n_discard_bias=2).execute()
    taken = [event.image for event in rig.events(ExposureTaken)]
    discarded = [str(image.name.exposure_id) for image in taken if image.planned.discard]
    assert len(discarded) == 3
    for event in rig.events(JobAsked):
        assert not any(number in event.request.data_query for number in discarded)


@pytest.mark.prevents("D16")
async def test_three_biases_fail_the_two_sided_noise_test_and_nothing_is_certified(make_rig):
    rig = make_rig()
    async with rig.observatory:
        run = rig.make(
            n_bias=3,
            accept_rule="exposures",
            generate_calibrations=True,
            config_options_verify_bias="-c verifyBias:noiseTestTwoSided=True",
        )
        outcome = await run.execute()
    decision = outcome.calibrations[0].decision
    assert [row for row in decision.failures if row[1] == "NOISE"] == [
        (number, "NOISE", 16) for number in decision.bad_exposures
    ]
    assert len(decision.bad_exposures) == 3
    assert outcome.calibrations[0].status is CalibrationStatus.REJECTED
    assert outcome.calibrations[1].status is CalibrationStatus.NOT_ATTEMPTED
    assert not rig.events(Certified)


async def test_a_second_run_of_the_day_is_refused_by_the_conflict_check(make_rig):
    rig = make_rig()
    async with rig.observatory:
        outcome = await rig.make(generate_calibrations=True, script_mode="BIAS").execute()
        rig.storage.lines.clear()
        again = await rig.make(generate_calibrations=True, script_mode="BIAS").execute()
    assert statuses(outcome) == {"BIAS": "certified"}
    assert statuses(again) == {"BIAS": "failed"}
    assert not final_verdict(again).success
    assert "certified already" in final_verdict(again).reason


@pytest.mark.prevents("D18")
@pytest.mark.parametrize("stop_at", ["Setup", "BIAS 3/6", "DARK 1/4", "DARK 4/4", "Processing"])
async def test_d18_a_stop_leaves_nothing_running_and_resume_finishes_the_run(make_rig, stop_at):
    rig = make_rig()
    async with rig.observatory:
        rig.stop_at = stop_at
        run = rig.make(generate_calibrations=True)
        task = asyncio.create_task(run.execute())
        with pytest.raises(asyncio.CancelledError):
            await task
        await run.clean_up()
        assert rig.events(RunEnded)[-1].outcome.stopped
        open_jobs = [job for job in rig.state.jobs.values() if not (job.result or job.abandoned)]
        assert not open_jobs
        assert await outputs_of_abandoned_jobs(rig) == [], "a job went on"
        taken_before = len(rig.events(ExposureTaken))
        rig.stop_at = ""
        outcome = await rig.make(generate_calibrations=True).execute()
    assert statuses(outcome) == {"BIAS": "certified", "DARK": "certified"}
    assert len(rig.events(ExposureTaken)) == 10
    assert len(rig.events(ExposureAsked)) == 10
    assert taken_before <= 10
    assert len(rig.events(Certified)) == 2


@pytest.mark.prevents("D1")
async def test_d1_results_that_come_in_the_other_order_reach_their_owners(make_rig):
    rig = make_rig("job_results_reordered")
    async with rig.observatory:
        outcome = await rig.make(exp_times_dark=0).execute()
    assert statuses(outcome) == {"BIAS": "verified", "DARK": "verified"}
    for event in rig.events(JobFinished):
        assert rig.state.jobs[event.key].job_id == event.result.job_id


@pytest.mark.prevents("D4")
async def test_d4_a_job_that_takes_minutes_after_the_last_dark_is_waited_for(make_rig):
    rig = make_rig()
    async with rig.observatory:
        run = rig.make(n_dark=22, exp_times_dark=5, background_task_timeout=1)
        outcome = await run.execute()
    assert statuses(outcome) == {"BIAS": "verified", "DARK": "verified"}
    assert rig.context.config.without_effect.names == ("background_task_timeout",)


@pytest.mark.prevents("D4")
async def test_d4_a_job_that_outlives_its_deadline_fails_the_run_and_is_aborted(make_rig):
    rig = make_rig()
    async with rig.observatory:
        outcome = await rig.make(job_timeout=20).execute()
        abandoned = [event.job_id for event in rig.events(JobAbandoned)]
        assert len(abandoned) == 2
        assert await outputs_of_abandoned_jobs(rig) == [], "a job went on"
    assert statuses(outcome) == {"BIAS": "failed", "DARK": "failed"}
    assert all(job_id in final_verdict(outcome).reason for job_id in abandoned)


@pytest.mark.prevents("D6")
async def test_d6_what_could_not_be_generated_is_not_certified_though_nothing_is_verified(make_rig):
    rig = make_rig("job_error@generate/BIAS")
    async with rig.observatory:
        run = rig.make(generate_calibrations=True, do_verify=False)
        outcome = await run.execute()
    assert statuses(outcome) == {"BIAS": "failed", "DARK": "not attempted"}
    assert "exit code 1" in final_verdict(outcome).reason
    assert not rig.events(Certified)


@pytest.mark.prevents("D14")
async def test_d14_the_calibrations_of_the_next_day_are_certified_beside_those_of_today(make_rig):
    rig = make_rig(f"clock_step@{LONG_AFTER:g}s:seconds=86400")
    given = {"generate_calibrations": True, "script_mode": "BIAS"}
    async with rig.observatory:
        today = await rig.make(**given).execute()
        validity = rig.events(Certified)[0].certification.validity
        await asyncio.sleep(LONG_AFTER)
        rig.storage.lines.clear()
        tomorrow = await rig.make(**given).execute()
    assert statuses(today) == statuses(tomorrow) == {"BIAS": "certified"}
    assert rig.events(Certified)[0].certification.validity.begin == validity.end


@pytest.mark.prevents("D22")
async def test_d22_the_time_for_ingestion_is_not_the_time_for_jobs(make_rig):
    rig = make_rig()
    async with rig.observatory:
        outcome = await rig.make(oods_timeout=10).execute()
    assert statuses(outcome) == {"BIAS": "verified", "DARK": "verified"}


@pytest.mark.prevents("D28")
async def test_d28_a_run_that_fails_passes_no_checkpoint_on_its_way_out(make_rig):
    rig = make_rig("camera_fault@DARK/2")
    async with rig.observatory:
        outcome = await rig.make().execute()
    assert not final_verdict(outcome).success
    assert rig.checkpoints[-1] == "DARK 2/4"


async def test_exposures_that_are_there_are_verified_again_without_taking_any(make_rig):
    rig = make_rig()
    async with rig.observatory:
        await rig.make().execute()
        ids = {kind: [name.exposure_id for name in rig.state.usable(kind)] for kind in ImageType}
        rig.storage.lines.clear()
        rig.checkpoints.clear()
        run = rig.make(exposures_bias=ids[ImageType.BIAS], exposures_dark=ids[ImageType.DARK])
        outcome = await run.execute()
    assert statuses(outcome) == {"BIAS": "verified", "DARK": "verified"}
    assert not rig.events(ExposureAsked)
    assert rig.checkpoints == list(rig.context.plan.checkpoints) == ["Processing"]
