# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every event and every telemetry of the fake components can be written on salobj 8."""

import asyncio
import contextlib

import pytest
from salobj8_bench import running, until
from salobj8_components import Domain
from salobj8_cscs import State

from lsst.ts.dailycal.sim.csc.telescope.table import TELESCOPE

TAKE = {"numImages": 1, "expTime": 5.0, "keyValueMap": "imageType: DARK", "shutter": False}
OF_EVERY_CSC = {"evt_heartbeat", "evt_logLevel", "evt_summaryState"}
OF_EVERY_CONFIGURABLE = OF_EVERY_CSC | {"evt_configurationApplied", "evt_configurationsAvailable"}
OF_THE_CAMERA = {
    "evt_calibrationDetailedState",
    "evt_ccsCommandState",
    "evt_endOfImageTelemetry",
    "evt_endReadout",
    "evt_endShutterClose",
    "evt_endShutterOpen",
    "evt_endTakeImage",
    "evt_focalPlaneSummaryInfo",
    "evt_imageReadinessDetailedState",
    "evt_imageReadoutParameters",
    "evt_notReadyToTakeImage",
    "evt_offlineDetailedState",
    "evt_prepareToTakeImage",
    "evt_raftsDetailedState",
    "evt_readyToTakeImage",
    "evt_shutterDetailedState",
    "evt_startIntegration",
    "evt_startReadout",
    "evt_startShutterClose",
    "evt_startShutterOpen",
    "tel_daq_monitor_Store",
    "tel_focal_plane_Ccd",
    "tel_focal_plane_Reb",
    "tel_focal_plane_RebTotalPower",
    "tel_vacuum",
}
OF_THE_SPECTROGRAPH = {
    "evt_disperserInPosition",
    "evt_filterInPosition",
    "evt_fwState",
    "evt_gwState",
    "evt_linearStageInPosition",
    "evt_lsState",
    "evt_reportedDisperserPosition",
    "evt_reportedFilterPosition",
    "evt_reportedLinearStagePosition",
    "evt_settingsAppliedValues",
}


async def test_the_camera_writes_all_that_an_image_comes_with(make_config):
    async with running("ATCamera", make_config()) as bench:
        await bench.enable()
        assert await bench.send("takeImages", **TAKE | {"shutter": True}) == ""
        await until(lambda: bench.written("evt_endOfImageTelemetry"))
        await until(lambda: bench.topics() >= OF_EVERY_CSC)
        assert bench.topics() == OF_THE_CAMERA | OF_EVERY_CONFIGURABLE
        acks = [(ack.ack, ack.timeout > 0) for ack in bench.written("ack_ackcmd")]
        assert acks[-2:] == [(301, True), (303, False)]  # in progress, complete


@pytest.mark.parametrize("name", ["camera_fault", "camera_ack_twice", "camera_ack_failed"])
async def test_faults_of_the_camera_strike(name, make_config):
    async with running("ATCamera", make_config(name)) as bench:
        await bench.enable()
        refusal = await bench.send("takeImages", **TAKE)
        assert bool(refusal) == (name != "camera_ack_twice")
        expected = State.FAULT if name == "camera_fault" else State.ENABLED
        assert bench.csc.summary_state is expected


async def test_an_open_image_is_forgotten_when_the_camera_leaves_enabled(make_config):
    async with running("ATCamera", make_config()) as bench:
        await bench.enable()
        assert await bench.send("startImage", timeout=5.0, keyValueMap="imageType: DARK") == ""
        assert await bench.send("disable") == ""
        assert bench.written("evt_ccsCommandState")[-1].substate == 1  # idle
        assert await bench.send("enable") == ""
        assert "no open image" in await bench.send("endImage")


async def test_an_image_goes_through_header_service_and_oods(make_config, with_repository):
    async with contextlib.AsyncExitStack() as stack:
        camera, headers, oods = [
            await stack.enter_async_context(running(name, with_repository))
            for name in ("ATCamera", "ATHeaderService", "ATOODS")
        ]
        for bench in (camera, headers, oods):
            await bench.enable()
        assert await camera.send("takeImages", **TAKE) == ""
        await until(lambda: oods.written("evt_imageInOODS"))
        name = camera.written("evt_endReadout")[0].imageName
        (header,) = headers.written("evt_largeFileObjectAvailable")
        (report,) = oods.written("evt_imageInOODS")
        assert header.id == report.obsid == name
        assert (report.statusCode, report.description) == (0, "file ingested")
        assert not hasattr(report, "archiverName")


async def test_the_spectrograph_writes_all_that_a_move_comes_with(make_config):
    async with running("ATSpectrograph", make_config()) as bench:
        await bench.enable()
        async with asyncio.TaskGroup() as group:
            both = [
                group.create_task(bench.send("changeFilter", name="SDSSr_65mm")),
                group.create_task(bench.send("changeDisperser", disperser=2)),
                group.create_task(bench.send("moveLinearStage", distanceFromHome=30.0)),
            ]
        assert [task.result() for task in both] == ["", "", ""]
        assert await bench.send("homeLinearStage") == ""
        assert bench.topics() >= OF_THE_SPECTROGRAPH | OF_EVERY_CONFIGURABLE - {"evt_heartbeat"}
        assert bench.written("evt_reportedFilterPosition")[-1].name == "SDSSr_65mm"
        assert bench.written("evt_reportedFilterPosition")[-1].pointingOffsets == [0.0, 0.0]


async def test_an_axis_that_moves_refuses_a_second_move(make_config):
    async with running("ATSpectrograph", make_config()) as bench:
        await bench.enable()
        async with asyncio.TaskGroup() as group:
            moves = [group.create_task(bench.send("changeFilter", filter=slot)) for slot in (1, 3)]
        assert sorted(bool(task.result()) for task in moves) == [False, True]


async def test_the_result_of_a_job_is_written(make_config):
    async with running("OCPS:1", make_config("job_error")) as bench:
        await bench.enable()
        pipeline = "${CP_PIPE_DIR}/pipelines/LATISS/cpBias.yaml"
        assert await bench.send("execute", pipeline=pipeline, data_query="exposure IN (1)") == ""
        (result,) = bench.written("evt_job_result")
        assert result.exit_code == 1
        job_id = f'{{"job_id": "{result.job_id}"}}'
        assert [ack.result for ack in bench.written("ack_ackcmd")][-2:] == [job_id, "Done"]


async def test_a_service_that_is_started_again_is_enabled_again(make_config):
    async with running("OCPS:1", make_config("ocps_restarted", "job_error")) as bench:
        await bench.enable()
        before = len(bench.written("evt_summaryState"))
        waiting = asyncio.ensure_future(bench.send("execute", pipeline="cpBias.yaml"))
        await until(lambda: len(bench.written("evt_summaryState")) == before + 2)
        waiting.cancel()
        states = [message.summaryState for message in bench.written("evt_summaryState")]
        assert states[-2:] == [State.STANDBY, State.ENABLED]


@pytest.mark.parametrize("state", ["FAULT", "STANDBY", "DISABLED"])
async def test_a_component_that_leaves_enabled_says_so(state, make_config):
    async with running(
        "ATSpectrograph", make_config(f"leaves_enabled@ATSpectrograph:state={state}")
    ) as bench:
        await bench.enable()
        await until(lambda: bench.csc.summary_state is State[state])
        await until(lambda: bench.written("evt_summaryState")[-1].summaryState == State[state])


async def test_a_component_can_fall_silent(make_config):
    async with running("ATSpectrograph", make_config("heartbeat_lost@ATSpectrograph")) as bench:
        await until(lambda: bench.csc.heartbeat_interval > 1e6)
        beats = len(bench.written("evt_heartbeat"))
        await asyncio.sleep(1.5)
        assert len(bench.written("evt_heartbeat")) == beats


async def test_the_watcher_tells_which_alarms_are_mute(make_config):
    async with running("Watcher", make_config()) as bench:
        assert await bench.send("mute", name="Enabled.AT.*", duration=500.0, severity=4) == ""
        assert {alarm.mutedSeverity for alarm in bench.written("evt_alarm")} == {4}
        await until(lambda: bench.written("evt_alarm")[-1].mutedSeverity == 0)


async def test_the_scheduler_tells_whether_it_runs(make_config):
    async with running("Scheduler:2", make_config()) as bench:
        await bench.enable()
        assert await bench.send("resume") == ""
        assert bench.written("evt_detailedState")[-1].substate == 2
        assert await bench.send("stop") == ""
        assert bench.written("evt_detailedState")[-1].substate == 1


@pytest.mark.parametrize("name", TELESCOPE)
async def test_the_telescope_tells_that_it_rests_and_what_commands_do(name, make_config):
    table = TELESCOPE[name]
    async with running(name, make_config()) as bench:
        expected = [publication.event for publication in table.at_rest]
        assert all(bench.written(f"evt_{event}") for event in expected)
        await bench.enable()
        for command, publications in table.effects.items():
            assert await bench.send(command) == ""
            for publication in publications:
                last = vars(bench.written(f"evt_{publication.event}")[-1])
                assert publication.fields.items() <= last.items()


async def test_whoever_joins_later_finds_the_last_state(make_config):
    async with running("Watcher", make_config()) as bench:
        assert bench.remote.evt_summaryState.get().summaryState == State.ENABLED
        assert Domain.shared.last("Watcher", "evt_summaryState").salIndex == 0
