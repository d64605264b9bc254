# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import asyncio

import pytest
from contract_faces import bias, dark

from lsst.ts.dailycal.model import CameraError, CameraFaultError, ExposureTimeouts, Severity
from lsst.ts.dailycal.sim.clock import tai_from_iso


def test_images_are_named_in_order(face):
    async def scenario(bench):
        return [(await bench.take(planned)).name for planned in (bias(1, 2), bias(2, 2))]

    first, second = face.run(scenario)
    assert (first.source, first.controller) == ("AT", "O")
    assert (second.day_obs, second.seq_num) == (first.day_obs, first.seq_num + 1)


@pytest.mark.parametrize("faults", [(), ("clock_step@8s:seconds=-7200",)])
def test_the_observing_day_changes_at_noon_in_the_middle_of_a_run(face, faults):
    noon = tai_from_iso("2026-11-23T12:00:00")

    async def scenario(bench):
        names = [(await bench.take(dark(5.0, 1, 5))).name]
        # How many are taken before noon depends on the machine.
        while len(names) < 5 or (not faults and names[-2].day_obs == names[0].day_obs):
            assert len(names) < 30
            names.append((await bench.take(dark(5.0, len(names) + 1, 30))).name)
        for name in names:
            await bench.ingest.wait(name, bench.patience(120.0))
        return names

    names = face.run(scenario, *faults, start_tai=noon - 40.0)
    days = [name.day_obs for name in names]
    assert len({name.exposure_id for name in names}) == len(names)
    if faults:
        # A clock that was set back gives the old day again, and no number twice.
        assert set(days) == {20261122}
        assert [name.seq_num for name in names] == [1, 2, 3, 4, 5]
    else:
        before = days.count(20261122)
        after = len(days) - before
        assert before >= 1
        assert days == [20261122] * before + [20261123] * after
        assert [name.seq_num for name in names] == [*range(1, before + 1), *range(1, after + 1)]


def test_an_image_answers_the_exposure_that_was_planned(face):
    planned = dark(5.0, 3, 22)

    async def scenario(bench):
        return await bench.take(planned)

    image = face.run(scenario)
    assert image.planned == planned
    assert image.notes == ()


def test_an_image_takes_its_exposure_and_readout(face):
    async def scenario(bench):
        before = bench.clock.tai()
        await bench.take(dark(15.0))
        return bench.clock.tai() - before

    assert face.run(scenario) >= 17.0


@pytest.mark.prevents("D21")
def test_an_idle_camera_may_be_used_and_a_busy_one_not(face):
    async def scenario(bench):
        idle = await bench.camera.check()
        task = asyncio.create_task(bench.take(dark(30.0)))
        await asyncio.sleep(bench.seconds(10.0))
        busy = await bench.camera.check()
        await task
        return idle, busy, await bench.camera.check()

    idle, busy, again = face.run(scenario)
    assert max(finding.severity for finding in idle) is Severity.OK
    assert max(finding.severity for finding in busy) is Severity.REFUSAL
    assert max(finding.severity for finding in again) is Severity.OK


@pytest.mark.parametrize(
    "fault",
    [
        "start_integration_lost",
        "start_integration_late",
        "start_integration_twice",
        "end_readout_twice",
        "camera_ack_twice",
        "end_readout_late:delay=2",
        "camera_ack_late:delay=2",
    ],
)
def test_an_event_that_is_late_or_twice_harms_nothing(face, fault):
    async def scenario(bench):
        first, second = await bench.take(bias(1, 2)), await bench.take(bias(2, 2))
        for image in (first, second):
            await bench.ingest.wait(image.name, bench.seconds(120.0))
        return first, second

    first, second = face.run(scenario, fault)
    assert first.notes == second.notes == ()
    assert second.name.seq_num == first.name.seq_num + 1


@pytest.mark.prevents("D15")
@pytest.mark.parametrize("fault", ["end_readout_lost", "camera_ack_lost", "camera_ack_failed"])
def test_one_proof_of_an_image_is_enough_and_the_image_says_so(face, fault):
    async def scenario(bench):
        image = await bench.take(bias())
        await bench.ingest.wait(image.name, bench.seconds(120.0))
        return image, await bench.take(bias())

    image, following = face.run(scenario, fault)
    assert len(image.notes) == 1
    assert following.notes == ()


@pytest.mark.prevents("D15")
def test_without_any_proof_the_deadline_ends_the_wait_and_names_the_image(face):
    async def scenario(bench):
        before = bench.clock.tai()
        with pytest.raises(CameraError) as caught:
            await bench.take(dark(5.0))
        return caught.value, bench.clock.tai() - before

    error, waited = face.run(scenario, "end_readout_lost", "camera_ack_lost")
    assert not isinstance(error, CameraFaultError)
    assert error.image_name is not None
    assert str(error.image_name) in str(error)
    assert waited == pytest.approx(37.0, abs=12.0)


def test_a_refusal_says_why_and_the_next_attempt_may_work(face):
    async def scenario(bench):
        for _ in range(2):
            with pytest.raises(CameraError, match="refused BIAS 1/1"):
                await bench.take(bias())
        return await bench.take(bias())

    assert face.run(scenario, "camera_refuses@1-2").name.seq_num == 1


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.99])
def test_a_camera_that_fails_in_an_exposure_takes_no_more(face, fraction):
    async def scenario(bench):
        with pytest.raises(CameraFaultError) as first:
            await bench.take(dark(30.0))
        before = bench.clock.tai()
        with pytest.raises(CameraFaultError) as second:
            await bench.take(dark(30.0))
        return first.value, second.value, bench.clock.tai() - before

    first, second, waited = face.run(scenario, f"camera_fault:fraction={fraction}")
    assert "FAULT" in first.last_seen
    assert "FAULT" in second.last_seen
    assert waited < 30.0


def test_an_exposure_that_nobody_waits_for_goes_on_and_is_found_again(face):
    async def scenario(bench):
        planned, tags = dark(30.0), bench.tags()
        task = asyncio.create_task(bench.take(planned, tags))
        await asyncio.sleep(bench.seconds(10.0))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        timeouts = ExposureTimeouts(bench.seconds(62.0), bench.seconds(5.0))
        found = await bench.camera.recover(planned, tags, timeouts)
        other = await bench.camera.recover(planned, bench.tags(), timeouts)
        await bench.ingest.wait(found.name, bench.seconds(120.0))
        return found, other

    found, other = face.run(scenario)
    assert found.planned == dark(30.0)
    assert other is None


@pytest.mark.parametrize("turns", [1, 2, 3, 5, 10])
def test_an_exposure_that_is_given_up_before_the_camera_has_begun_is_found_again(face, turns):
    async def scenario(bench):
        planned, tags = dark(5.0), bench.tags()
        task = asyncio.create_task(bench.take(planned, tags))
        for _ in range(turns):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        timeouts = ExposureTimeouts(bench.seconds(37.0), bench.seconds(5.0))
        found = await bench.camera.recover(planned, tags, timeouts)
        # Nobody can tell whether a command that was just being sent has got away.
        next_image = await bench.take(bias())
        return found, next_image

    found, next_image = face.run(scenario)
    assert (found is None) == (next_image.name.seq_num == 1), "the image was not found"


def test_a_busy_camera_refuses_another_image(face):
    async def scenario(bench):
        task = asyncio.create_task(bench.take(dark(15.0)))
        await asyncio.sleep(bench.seconds(5.0))
        with pytest.raises(CameraError, match="refused"):
            await bench.take(bias())
        return await task

    assert face.run(scenario).notes == ()


@pytest.mark.prevents("D15")
def test_waiting_for_rest_has_a_deadline(face):
    async def scenario(bench):
        planned = dark(60.0)
        timeouts = ExposureTimeouts(bench.seconds(92.0), bench.seconds(5.0))
        impatient = ExposureTimeouts(bench.seconds(5.0), bench.seconds(5.0))
        tags = bench.tags()
        task = asyncio.create_task(bench.camera.take(planned, tags, timeouts))
        await asyncio.sleep(bench.seconds(5.0))
        with pytest.raises(CameraError, match="rest"):
            await bench.camera.recover(planned, tags, impatient)
        await task

    face.run(scenario)


@pytest.mark.parametrize(
    ("filter_name", "grating"),
    [("SDSSr_65mm", None), (None, "holo4_003"), (1, 2), (None, None), ("empty_1", "empty_1")],
)
def test_a_mounted_filter_and_grating_can_be_put_in_the_beam(face, filter_name, grating):
    async def scenario(bench):
        await bench.camera.setup(filter_name=filter_name, grating=grating)

    face.run(scenario)


@pytest.mark.parametrize(("filter_name", "grating"), [("SDSSz", None), (None, "prism"), (7, None)])
def test_what_is_not_mounted_is_refused(face, filter_name, grating):
    async def scenario(bench):
        with pytest.raises(CameraError, match="ATSpectrograph"):
            await bench.camera.setup(filter_name=filter_name, grating=grating)

    face.run(scenario)
