# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fake CSCs in the process of the test: what the contract of the ports does not say."""

import asyncio
import contextlib
import hashlib
import json
import os
import pathlib
import urllib.parse

import pytest
import yaml

from alone import be_alone
from lsst.ts import salobj
from lsst.ts.dailycal.butler.repository import create_repository
from lsst.ts.dailycal.model import Severity
from lsst.ts.dailycal.sal.camera.port import SalCamera
from lsst.ts.dailycal.sal.component import ComponentWatch
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.csc.atheaderservice import SimATHeaderService
from lsst.ts.dailycal.sim.csc.atoods import SimATOODS
from lsst.ts.dailycal.sim.csc.atspectrograph import SimATSpectrograph
from lsst.ts.dailycal.sim.csc.camera.csc import SimATCamera
from lsst.ts.dailycal.sim.csc.ocps import SimOCPS

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

KEY_VALUES = "imageType: DARK, groupId: 2026-11-23T08:00:00.000, testType: DARK, reason: a\\b"


@pytest.fixture
def make_config(tmp_path):

    be_alone()

    def make(*faults, **settings):
        settings = {"time_scale": 20.0, **settings}
        config = SimulationConfig(
            root=tmp_path / "run", frame=DIRECT_FRAME, faults=faults, **settings
        )
        return config.started()

    return make


@contextlib.asynccontextmanager
async def remote_of(component, *topics):
    """Make a remote that has heard the history of the component."""

    info = component.salinfo
    async with (
        salobj.Domain() as domain,
        salobj.Remote(domain, info.name, info.index, include=topics) as remote,
    ):
        yield remote


@contextlib.asynccontextmanager
async def camera_of(config, *topics):
    """Make an ATCamera that is ENABLED, and a remote."""

    async with (
        SimATCamera(config, initial_state=salobj.State.ENABLED) as camera,
        remote_of(camera, *topics) as remote,
    ):
        yield remote


def take(remote, exposure_time=0.0, **changes):
    arguments = {
        "numImages": 1,
        "expTime": exposure_time,
        "shutter": False,
        "sensors": "",
        "keyValueMap": KEY_VALUES,
        "obsNote": "",
        "timeout": 30,
    }
    return remote.cmd_takeImages.set_start(**arguments | changes)


async def refusal(awaitable):
    """Return why a command was refused."""

    with pytest.raises(salobj.AckError) as caught:
        await awaitable
    assert caught.value.ackcmd.ack == salobj.SalRetCode.CMD_FAILED
    return caught.value.ackcmd.result


def read(url):
    return pathlib.Path(urllib.parse.urlparse(url).path).read_bytes()


async def test_the_camera_rests_offline_and_comes_when_it_is_available(make_config):

    async with (
        SimATCamera(make_config()) as camera,
        remote_of(camera, "summaryState", "offlineDetailedState") as remote,
    ):
        states = [(await remote.evt_summaryState.next(flush=False, timeout=5)).summaryState]
        assert (await remote.evt_offlineDetailedState.aget(timeout=5)).substate == 1
        await remote.cmd_enterControl.start(timeout=5)
        await remote.cmd_start.set_start(settingsToApply="Normal", timeout=5)
        await remote.cmd_enable.start(timeout=5)
        for _ in range(3):
            data = await remote.evt_summaryState.next(flush=False, timeout=5)
            states.append(data.summaryState)
        assert states == [
            salobj.State.OFFLINE,
            salobj.State.STANDBY,
            salobj.State.DISABLED,
            salobj.State.ENABLED,
        ]
        await remote.cmd_disable.start(timeout=5)
        await remote.cmd_standby.start(timeout=5)
        assert "nonsense" in await refusal(
            remote.cmd_start.set_start(settingsToApply="nonsense", timeout=5)
        )
        await remote.cmd_exitControl.start(timeout=5)
        # It goes on living, unlike other components.
        await remote.cmd_enterControl.start(timeout=5)


async def test_a_camera_that_only_publishes_refuses_control(make_config):

    async with (
        SimATCamera(make_config("camera_publish_only")) as camera,
        remote_of(camera, "offlineDetailedState") as remote,
    ):
        assert (await remote.evt_offlineDetailedState.aget(timeout=5)).substate == 2
        assert "PUBLISH_ONLY" in await refusal(remote.cmd_enterControl.start(timeout=5))


ORDER = (
    "prepareToTakeImage",
    "readyToTakeImage",
    "startIntegration",
    "imageReadoutParameters",
    "startReadout",
    "endReadout",
    "endOfImageTelemetry",
)


async def test_every_event_of_an_image_comes_in_order_and_tells_the_same(make_config):
    async with camera_of(make_config(), *ORDER) as remote:
        heard = []
        for topic in ORDER:
            event = getattr(remote, f"evt_{topic}")
            event.callback = lambda data, topic=topic: heard.append((topic, data))
        await take(remote, exposure_time=2.0, numImages=2, obsNote="a note")
        await asyncio.sleep(0.5)
    by_topic = {topic: [data for name, data in heard if name == topic] for topic in ORDER}
    assert [len(messages) for messages in by_topic.values()] == [2] * len(ORDER)
    first = [messages[0] for messages in by_topic.values()]
    sent = [data.private_sndStamp for data in first]
    assert sent == sorted(sent)
    for number in (0, 1):
        start, end, telemetry = (
            by_topic[topic][number]
            for topic in ("startIntegration", "endReadout", "endOfImageTelemetry")
        )
        assert start.additionalKeys == "imageType:groupId:testType:reason"
        assert start.additionalValues == r"DARK:2026-11-23T08\:00\:00.000:DARK:a\\b"
        assert (start.imagesInSequence, start.imageIndex) == (2, number + 1)
        assert start.imageName == f"AT_O_{start.imageDate}_{start.imageNumber:06d}"
        assert end.imageName == telemetry.imageName == start.imageName
        assert (start.exposureTime, end.requestedExposureTime) == (2.0, 2.0)
        begin = start.timestampAcquisitionStart
        assert telemetry.timestampDateEnd - begin >= 2.0
        assert end.timestampEndOfReadout - begin >= 4.0
        assert telemetry.darkTime >= telemetry.exposureTime
    parameters = by_topic["imageReadoutParameters"][0]
    assert (parameters.readCols, parameters.readRows) == DIRECT_FRAME
    assert (parameters.preCols, parameters.overCols, parameters.overRows) == (3, 64, 48)


async def test_takeimages_is_acknowledged_in_the_middle_and_busy_is_told(make_config):

    async with camera_of(make_config(), "ccsCommandState") as remote:
        busy = []
        remote.evt_ccsCommandState.callback = lambda data: busy.append(data.substate)
        ackcmd = await take(remote, exposure_time=1.0, wait_done=False)
        acks = [ackcmd.ack]
        while ackcmd.ack != salobj.SalRetCode.CMD_COMPLETE:
            ackcmd = await remote.cmd_takeImages.next_ackcmd(ackcmd, timeout=10, wait_done=False)
            acks.append(ackcmd.ack)
        await asyncio.sleep(0.2)
    codes = salobj.SalRetCode
    assert acks == [codes.CMD_ACK, codes.CMD_INPROGRESS, codes.CMD_COMPLETE]
    assert busy == [2, 1]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"numImages": 0}, "numImages"),
        ({"expTime": -1.0}, "expTime"),
        ({"expTime": float("nan")}, "expTime"),
        ({"sensors": "R22"}, "R22"),
        ({"keyValueMap": "imageType: DARK, reason: one, two"}, "'two'"),
    ],
)
async def test_what_cannot_be_taken_is_refused(make_config, changes, reason):
    async with camera_of(make_config()) as remote:
        assert reason in await refusal(take(remote, **changes))


async def test_no_image_is_taken_in_calibration_mode_or_while_busy_or_disabled(make_config):
    async with camera_of(make_config(), "calibrationDetailedState") as remote:
        await remote.cmd_enableCalibration.start(timeout=5)
        assert "calibration mode" in await refusal(take(remote))
        await remote.cmd_disableCalibration.start(timeout=5)
        first = asyncio.create_task(take(remote, exposure_time=10.0))
        await asyncio.sleep(0.2)
        assert "busy with takeImages" in await refusal(take(remote))
        assert "busy" in await refusal(remote.cmd_enableCalibration.start(timeout=5))
        assert "busy" in await refusal(remote.cmd_clear.set_start(nClears=1, timeout=5))
        await first
        await remote.cmd_clear.set_start(nClears=2, timeout=5)
        await remote.cmd_disable.start(timeout=5)
        assert "DISABLED" in await refusal(take(remote))


async def finding_of(camera, severity):
    """Wait until the port has heard what the camera has said."""
    async with asyncio.timeout(10):
        while True:
            (finding,) = await camera.check()
            if finding.severity is severity:
                return finding
            await asyncio.sleep(0.05)


@pytest.mark.prevents("D21")
async def test_d21_the_preflight_refuses_a_camera_in_calibration_mode(make_config):
    async with camera_of(make_config(), *SalCamera.TOPICS) as remote:
        camera = SalCamera(remote, ComponentWatch(remote), spectrograph=None)
        await remote.cmd_enableCalibration.start(timeout=5)
        finding = await finding_of(camera, Severity.REFUSAL)
        assert "disableCalibration" in finding.advice
        await remote.cmd_disableCalibration.start(timeout=5)
        await finding_of(camera, Severity.OK)


async def test_stop_ends_a_sequence_after_the_image_that_is_being_taken(make_config):
    async with camera_of(make_config(), "endReadout") as remote:
        sequence = asyncio.create_task(take(remote, exposure_time=2.0, numImages=50))
        await remote.evt_endReadout.next(flush=False, timeout=5)
        await remote.cmd_stop.start(timeout=5)
        await sequence
        assert remote.evt_endReadout.nqueued <= 1


async def test_an_image_can_be_begun_and_ended_by_hand(make_config):
    async with camera_of(make_config(), "startIntegration", "endReadout") as remote:
        assert "no open image" in await refusal(remote.cmd_endImage.start(timeout=5))
        await remote.cmd_startImage.set_start(keyValueMap=KEY_VALUES, timeout=5)
        assert "busy with startImage" in await refusal(take(remote))
        await remote.cmd_endImage.start(timeout=5)
        start = await remote.evt_startIntegration.next(flush=False, timeout=5)
        end = await remote.evt_endReadout.next(flush=False, timeout=5)
        assert start.imageName == end.imageName
        await take(remote)


async def test_the_dashboard_gets_its_telemetry(make_config):
    async with camera_of(
        make_config("ccd_warm:temperature=-98"),
        "vacuum", "focal_plane_Reb", "focal_plane_Ccd", "daq_monitor_Store",
    ) as remote:  # fmt: skip
        vacuum = await remote.tel_vacuum.next(flush=True, timeout=10)
        board = await remote.tel_focal_plane_Reb.next(flush=True, timeout=10)
        store = await remote.tel_daq_monitor_Store.aget(timeout=10)
    assert vacuum.tempCCD == pytest.approx(-98.0, abs=0.2)
    assert vacuum.tempCCDSetPoint == pytest.approx(-104.0)
    assert vacuum.tempColdPlate < -108.0
    assert vacuum.tempCryoHead < -128.0
    assert 0.0 < vacuum.vacuum < 8e-4
    assert 26.0 < board.temp2 < 29.0
    assert 0.0 < store.freeFraction <= 1.0


async def test_nothing_moves_in_the_spectrograph_during_an_exposure(make_config):

    config = make_config()
    async with (
        camera_of(config, "startIntegration") as camera,
        SimATSpectrograph(config) as component,
        remote_of(component, "reportedFilterPosition", "reportedDisperserPosition") as remote,
    ):
        await remote.cmd_start.start(timeout=5)
        # Connecting and homing take longer than a command usually may.
        acks = [await remote.cmd_enable.start(timeout=10, wait_done=False)]
        while acks[-1].ack != salobj.SalRetCode.CMD_COMPLETE:
            acks.append(await remote.cmd_enable.next_ackcmd(acks[-1], 10, wait_done=False))
        assert salobj.SalRetCode.CMD_INPROGRESS in [ackcmd.ack for ackcmd in acks]
        first = await remote.evt_reportedFilterPosition.next(flush=False, timeout=5)
        assert (first.slot, first.name) == (0, "empty_1")

        exposure = asyncio.create_task(take(camera, exposure_time=10.0))
        started = await camera.evt_startIntegration.next(flush=False, timeout=5)
        await asyncio.sleep(0.1)
        refused = await refusal(remote.cmd_changeFilter.set_start(name="SDSSr_65mm", timeout=5))
        assert started.imageName in refused
        await exposure
        # The name counts, whatever the slot says.
        await remote.cmd_changeFilter.set_start(filter=1, name="SDSSr_65mm", timeout=10)
        second = await remote.evt_reportedFilterPosition.next(flush=False, timeout=5)
        assert (second.slot, second.name, second.band) == (2, "SDSSr_65mm", "r")
        assert "none_such" in await refusal(
            remote.cmd_changeDisperser.set_start(name="none_such", timeout=5)
        )
        assert "slot" in await refusal(
            remote.cmd_changeDisperser.set_start(disperser=4, name="", timeout=5)
        )


async def test_a_header_file_is_what_its_announcement_says(make_config):

    config = make_config()
    async with (
        camera_of(config) as camera,
        SimATHeaderService(config, initial_state=salobj.State.ENABLED) as component,
        remote_of(component, "largeFileObjectAvailable") as remote,
    ):
        await take(camera, obsNote="a note")
        data = await remote.evt_largeFileObjectAvailable.next(flush=False, timeout=10)
    content = read(data.url)
    assert (data.generator, data.mimeType) == ("ATHeaderService", "YAML")
    assert data.byteSize == len(content)
    assert data.checkSum == hashlib.md5(content, usedforsecurity=False).hexdigest()
    cards = {card["keyword"]: card["value"] for card in yaml.safe_load(content)["PRIMARY"]}
    assert cards["OBSID"] == data.id
    assert cards["OBSANNOT"] == "a note"


async def test_a_header_that_cannot_be_written_is_a_fault(make_config):

    config = make_config()
    config.root.mkdir(parents=True)
    (config.root / "headers").write_text("in the way")
    async with (
        camera_of(config) as camera,
        SimATHeaderService(config, initial_state=salobj.State.ENABLED) as component,
        remote_of(component, "errorCode") as remote,
    ):
        remote.evt_errorCode.flush()
        await take(camera)
        error = await remote.evt_errorCode.next(flush=False, timeout=10)
        assert component.summary_state == salobj.State.FAULT
    assert "cannot be written" in error.errorReport


async def test_an_image_that_nobody_took_is_bad_metadata_for_oods(make_config):

    config = make_config()
    await asyncio.to_thread(create_repository, config.repository)
    async with (
        SimATHeaderService(config, initial_state=salobj.State.ENABLED) as service,
        SimATOODS(config, initial_state=salobj.State.ENABLED) as component,
        remote_of(component, "imageInOODS") as remote,
    ):
        for name in ("AT_O_20261122_000999", "nonsense"):
            service.evt_largeFileObjectAvailable.set_put(id=name, url="file:///dev/null")
            data = await remote.evt_imageInOODS.next(flush=False, timeout=10)
            assert (data.obsid, data.statusCode) == (name, 2)
            assert (data.raft, data.sensor) == ("undef", "undef")
            assert name in data.description


async def test_oods_does_not_start_without_a_repository(make_config):

    async with SimATOODS(make_config()) as component, remote_of(component) as remote:
        assert "repository" in await refusal(remote.cmd_start.start(timeout=30))


@pytest.mark.parametrize("settings", ["", "final_ack_first"])
async def test_the_final_acknowledgement_of_a_job_may_come_before_or_after_its_result(
    make_config, settings
):

    async with (
        SimOCPS(make_config("job_error")) as component,
        remote_of(component, "job_result") as remote,
    ):
        await remote.cmd_start.set_start(settingsToApply=settings, timeout=5)
        await remote.cmd_enable.start(timeout=5)
        ackcmd = await remote.cmd_execute.set_start(
            pipeline="cpBias.yaml", timeout=10, wait_done=False
        )
        assert (ackcmd.ack, ackcmd.result) == (salobj.SalRetCode.CMD_ACK, "")
        ackcmd = await remote.cmd_execute.next_ackcmd(ackcmd, timeout=10, wait_done=False)
        assert (ackcmd.ack, ackcmd.timeout) == (salobj.SalRetCode.CMD_INPROGRESS, 600.0)
        job_id = json.loads(ackcmd.result)["job_id"]
        # A job that failed completes its command like any other.
        ackcmd = await remote.cmd_execute.next_ackcmd(ackcmd, timeout=10)
        assert (ackcmd.ack, ackcmd.result) == (salobj.SalRetCode.CMD_COMPLETE, "Done")
        result = await remote.evt_job_result.next(flush=False, timeout=10)
    assert (result.job_id, result.exit_code) == (job_id, 1)
    detail = json.loads(result.result)
    assert (detail["jobId"], detail["phase"], detail["results"]) == (job_id, "queued", [])
    acknowledged = ackcmd.private_sndStamp
    assert (result.private_sndStamp > acknowledged) is bool(settings)


async def test_the_command_of_an_aborted_job_fails(make_config, tmp_path):
    # Nobody writes into this pipeline, so that the job waits for ever.
    endless = tmp_path / "endless.yaml"
    os.mkfifo(endless)
    async with (
        SimOCPS(make_config(), initial_state=salobj.State.ENABLED) as component,
        remote_of(component, "job_result") as remote,
    ):
        execute = asyncio.create_task(
            refusal(remote.cmd_execute.set_start(pipeline=str(endless), timeout=30))
        )
        await asyncio.sleep(0.5)
        (job_id,) = component._jobs
        await remote.cmd_abort_job.set_start(job_id=job_id, timeout=20)
        result = await remote.evt_job_result.next(flush=False, timeout=10)
        assert (result.job_id, result.exit_code) == (job_id, 255)
        assert "404" in await execute
        assert remote.evt_job_result.nqueued == 0
