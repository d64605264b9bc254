# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import asyncio
import json

import pytest
from contract_faces import bias, biases, dark, generate, verify

from lsst.ts.dailycal.model import ImageName, ImageType, JobError, JobRequest

BIAS, DARK = ImageType.BIAS, ImageType.DARK


def failing_tests(statistics):
    return [verdict.count_by_test() for verdict in statistics.exposures]


def test_a_verification_covers_every_exposure(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(3))
        job_id, exit_code = await bench.run_job(verify(BIAS, names))
        return names, exit_code, await bench.read(job_id, BIAS)

    names, exit_code, statistics = face.run(scenario)
    assert exit_code == 0
    assert statistics.exposure_ids == tuple(name.exposure_id for name in names)
    # Against a reference of twenty frames the noise is 2.5 % above the read noise; on small
    # frames it is known to 1 %, so that one amplifier or another may exceed 5 %.
    assert max(sum(counts.values()) for counts in failing_tests(statistics)) < 8


def test_a_combined_bias_of_this_run_can_be_verified_against(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(5))
        made, code = await bench.run_job(generate(BIAS, names))
        checked, second = await bench.run_job(verify(BIAS, names, f"u/ocps/{made},LATISS/calib"))
        return code, second, await bench.read(checked, BIAS)

    code, second, statistics = face.run(scenario)
    assert (code, second) == (0, 0)
    assert statistics.success


def test_three_frames_are_too_few_for_the_noise_test_of_old(face):
    """Example A: the residual noise of 3 frames is sqrt(2/3) of the read noise."""

    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(3))
        made, _ = await bench.run_job(generate(BIAS, names))
        request = verify(
            BIAS, names, f"u/ocps/{made},LATISS/calib", "-c verifyBias:noiseTestTwoSided=True"
        )
        checked, _ = await bench.run_job(request)
        return await bench.read(checked, BIAS)

    statistics = face.run(scenario)
    assert [counts["NOISE"] for counts in failing_tests(statistics)] == [16, 16, 16]


def test_a_new_sequencer_file_fails_against_the_reference_and_not_against_itself(face):
    """Example C."""

    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(5))
        external, _ = await bench.run_job(verify(BIAS, names))
        made, _ = await bench.run_job(generate(BIAS, names))
        internal, _ = await bench.run_job(verify(BIAS, names, f"u/ocps/{made},LATISS/calib"))
        return await bench.read(external, BIAS), await bench.read(internal, BIAS)

    external, internal = face.run(scenario, "new_sequencer")
    assert all(counts.get("MEAN", 0) >= 8 for counts in failing_tests(external))
    assert internal.success


def test_darks_are_made_and_verified_with_their_bias(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*(dark(15.0, n, 5) for n in range(1, 6)))
        made, code = await bench.run_job(generate(DARK, names))
        checked, second = await bench.run_job(verify(DARK, names, f"u/ocps/{made},LATISS/calib"))
        has_dark = await bench.repository.has_output(
            f"u/ocps/{made}/run", "dark", bench.patience(60)
        )
        return code, second, has_dark, await bench.read(checked, DARK)

    code, second, has_dark, statistics = face.run(scenario)
    assert (code, second, has_dark) == (0, 0, True)
    assert max(sum(counts.values()) for counts in failing_tests(statistics)) < 8


def test_light_in_a_dark_fails_verification(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*(dark(5.0, n, 2) for n in (1, 2)))
        job_id, _ = await bench.run_job(verify(DARK, names))
        return await bench.read(job_id, DARK)

    lit, good = face.run(scenario, "shutter_stuck").exposures
    assert lit.count_by_test()["MEAN"] == 16
    assert "MEAN" not in good.count_by_test()


def test_a_saturated_frame_fails_verification(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(2))
        job_id, exit_code = await bench.run_job(verify(BIAS, names))
        return exit_code, await bench.read(job_id, BIAS) if exit_code == 0 else None

    exit_code, statistics = face.run(scenario, "file_saturated")
    assert exit_code == 1 or not statistics.exposures[0].success


@pytest.mark.parametrize(
    ("fault", "expected"), [("job_error", 1), ("job_unknown_phase", 1), ("job_aborted", 255)]
)
def test_a_job_that_fails_has_an_exit_code_that_says_so(face, fault, expected):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(2))
        _, failed = await bench.run_job(verify(BIAS, names))
        _, repeated = await bench.run_job(verify(BIAS, names))
        return failed, repeated

    assert face.run(scenario, fault) == (expected, 0)


@pytest.mark.prevents("D24")
def test_the_phase_in_the_json_is_that_of_the_submission(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(2))
        job_id = await bench.pipelines.submit(verify(BIAS, names), bench.seconds(60.0))
        return job_id, await bench.pipelines.wait(job_id, bench.seconds(900.0))

    job_id, result = face.run(scenario)
    detail = json.loads(result.detail)
    assert result.succeeded
    assert detail["jobId"] == job_id
    assert detail["phase"] in ("pending", "queued", "executing")
    assert detail["results"] == []


@pytest.mark.prevents("D23")
@pytest.mark.parametrize(
    "fault",
    ["job_result_before_ack", "job_result_late", "job_result_twice", "job_results_reordered"],
)
def test_a_result_is_given_to_the_job_that_owns_it_whenever_it_comes(face, fault):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(2))
        requests = verify(BIAS, names[:1]), generate(BIAS, names)
        async with asyncio.TaskGroup() as group:
            first, second = (group.create_task(bench.run_job(request)) for request in requests)
        statistics = await bench.read(first.result()[0], BIAS)
        made = f"u/ocps/{second.result()[0]}/run"
        has_bias = await bench.repository.has_output(made, "bias", bench.patience(60.0))
        return names, first.result()[1], second.result()[1], statistics, has_bias

    names, first, second, statistics, has_bias = face.run(scenario, fault)
    assert (first, second, has_bias) == (0, 0, True)
    assert statistics.exposure_ids == (names[0].exposure_id,)


@pytest.mark.prevents("D3")
def test_a_result_that_came_before_the_wait_counts_every_time(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(2))
        job_id, _ = await bench.run_job(verify(BIAS, names))
        return await bench.pipelines.wait(job_id, bench.seconds(1.0))

    assert face.run(scenario).succeeded


SOME = [ImageName(20261123, number) for number in (1, 2)]
"""Images for jobs that are made to fail, and so never look at them."""


@pytest.mark.prevents("D1", "D3")
def test_a_result_is_kept_for_its_owner_while_another_waits_for_a_later_one(face):
    async def scenario(bench):
        requests = verify(BIAS, SOME), verify(DARK, SOME)
        first, second = [
            await bench.pipelines.submit(request, bench.patience(60.0)) for request in requests
        ]
        later = await bench.pipelines.wait(second, bench.patience(900.0))
        await bench.take(bias())
        earlier = await bench.pipelines.wait(first, bench.patience(900.0))
        return (first, second), (earlier.job_id, later.job_id)

    submitted, heard = face.run(scenario, "job_error@*")
    assert heard == submitted


@pytest.mark.prevents("D2")
def test_one_who_gives_up_takes_nothing_from_another_who_waits(face):
    async def scenario(bench):
        job_id = await bench.pipelines.submit(verify(BIAS, SOME), bench.patience(60.0))
        patient = asyncio.create_task(bench.pipelines.wait(job_id, bench.patience(900.0)))
        with pytest.raises(JobError):
            await bench.pipelines.wait("0123456789abcdef", bench.seconds(1.0))
        result = await patient
        return job_id, result.job_id, result.exit_code

    job_id, heard, exit_code = face.run(scenario, "job_error@*")
    assert (heard, exit_code) == (job_id, 1)


def test_a_result_that_never_comes_ends_at_the_deadline_and_names_the_job(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(2))
        job_id = await bench.pipelines.submit(verify(BIAS, names), bench.seconds(60.0))
        with pytest.raises(JobError) as caught:
            await bench.pipelines.wait(job_id, bench.seconds(300.0))
        written = await bench.repository.has_output(
            f"u/ocps/{job_id}/run", "verifyBiasStats", bench.patience(60.0)
        )
        return job_id, caught.value, written

    job_id, error, written = face.run(scenario, "job_result_never")
    assert error.missing == (job_id,)
    assert written


@pytest.mark.prevents("D23")
@pytest.mark.parametrize(
    ("fault", "match"), [("job_refused", "refused"), ("job_not_acknowledged", "within")]
)
def test_a_job_that_is_not_accepted_is_an_error(face, fault, match):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(2))
        with pytest.raises(JobError, match=match):
            await bench.pipelines.submit(verify(BIAS, names), bench.seconds(60.0))
        return await bench.run_job(verify(BIAS, names))

    assert face.run(scenario, fault)[1] == 0


@pytest.mark.parametrize(("fault", "state"), [("ocps_fault", "FAULT"), ("ocps_restarted", "")])
def test_a_service_that_goes_away_is_noticed_before_the_deadline(face, fault, state):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(2))
        job_id = await bench.pipelines.submit(verify(BIAS, names), bench.seconds(60.0))
        before = bench.clock.tai()
        with pytest.raises(JobError) as caught:
            await bench.pipelines.wait(job_id, bench.seconds(900.0))
        waited = bench.clock.tai() - before
        await asyncio.sleep(bench.seconds(120.0))
        # The job itself runs in a cluster, and does not care.
        written = await bench.repository.has_output(
            f"u/ocps/{job_id}/run", "verifyBiasStats", bench.patience(60.0)
        )
        return caught.value, waited, written

    error, waited, written = face.run(scenario, fault)
    assert "not ENABLED any more" in error.what.replace("was not", "is not")
    assert state in error.last_seen
    assert waited < 300.0
    assert written


def test_a_service_that_was_started_again_says_another_time_since_when_it_is_enabled(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(1))
        before = bench.pipelines.enabled_since()
        await bench.pipelines.submit(verify(BIAS, names), bench.seconds(60.0))
        seen = {before}
        async with asyncio.timeout(bench.seconds(120.0)):
            while None not in seen or bench.pipelines.enabled_since() is None:
                seen.add(bench.pipelines.enabled_since())
                await asyncio.sleep(bench.seconds(0.5))
        after = bench.pipelines.enabled_since()
        await asyncio.sleep(bench.seconds(5.0))
        return before, after, bench.pipelines.enabled_since()

    before, after, later = face.run(scenario, "ocps_restarted")
    assert before < after == later


def test_a_job_can_be_aborted_once(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(5))
        job_id = await bench.pipelines.submit(generate(BIAS, names), bench.seconds(60.0))
        await bench.pipelines.abort(job_id, bench.seconds(10.0))
        result = await bench.pipelines.wait(job_id, bench.seconds(60.0))
        with pytest.raises(JobError):
            await bench.pipelines.abort(job_id, bench.seconds(10.0))
        written = await bench.repository.has_output(
            f"u/ocps/{job_id}/run", "bias", bench.patience(60.0)
        )
        return result.exit_code, written

    assert face.run(scenario) == (255, False)


def test_an_unknown_job_cannot_be_aborted(face):
    async def scenario(bench):
        with pytest.raises(JobError):
            await bench.pipelines.abort("0123456789abcdef", bench.seconds(10.0))

    face.run(scenario)


@pytest.mark.parametrize(
    "request_",
    [
        JobRequest("${CP_PIPE_DIR}/pipelines/LATISS/cpMoon.yaml", "-j 1", "instrument='LATISS'"),
        JobRequest(
            "${CP_PIPE_DIR}/pipelines/LATISS/cpBias.yaml",
            "-j 1 -i LATISS/calib --register-dataset-types",
            "instrument='LATISS' AND detector IN (0) AND exposure IN (2020010100001)",
        ),
        JobRequest(
            "${CP_PIPE_DIR}/pipelines/LATISS/cpBias.yaml",
            "-j 1 -i no/such/collection --register-dataset-types",
            "instrument='LATISS' AND detector IN (0) AND exposure IN (2020010100001)",
        ),
    ],
    ids=["no pipeline", "no exposure", "no collection"],
)
def test_a_job_that_has_nothing_to_do_fails(face, request_):
    async def scenario(bench):
        return await bench.run_job(request_)

    assert face.run(scenario)[1] == 1
