# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script of the calibrations in this process, over real salobj, with what it asks in memory."""

import asyncio
import contextlib
import dataclasses
import itertools
import typing

import lsst.ts.salobj as salobj
import pytest
import yaml
from lsst.ts.idl.enums.Script import ScriptState

from alone import be_alone
from direct_ports import ports_of
from lsst.ts.dailycal.calibration import is_rejection, job_run, statistics_dataset_type
from lsst.ts.dailycal.journal import DIRECTORY_VARIABLE
from lsst.ts.dailycal.model import (
    ExposureAsked,
    ExposureTaken,
    JobAbandoned,
    JobStep,
    JobSubmitted,
    RunEnded,
    Severity,
)
from lsst.ts.dailycal.run import read_journal
from lsst.ts.dailycal.scripts.make_latiss_calibrations import (
    MESSAGE_GAP,
    MakeLatissCalibrations,
)
from lsst.ts.dailycal.scripts.report_address import ADDRESS_VARIABLE
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.direct.observatory import DirectObservatory

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

INDEX = 200_023
TIME_SCALE = 50.0
PATIENCE = 60.0


@dataclasses.dataclass(frozen=True)
class Stage:
    """A script that has been started, and somebody who commands it."""

    script: MakeLatissCalibrations
    remote: typing.Any
    observatory: DirectObservatory

    async def configure(self, **given: object) -> typing.Any:
        """Configure the script, and return the metadata that it tells."""
        await self.remote.cmd_configure.set_start(config=yaml.safe_dump(given), timeout=PATIENCE)
        return self.script.evt_metadata.data

    async def run_until(self, checkpoint: str) -> None:
        reached = asyncio.Event()

        async def look(message: typing.Any) -> None:
            if message.lastCheckpoint == checkpoint:
                reached.set()

        self.remote.evt_state.callback = look
        await self.remote.cmd_setGroupId.set_start(groupId="2026-11-23T12:00:00.000", timeout=10)
        await self.remote.cmd_run.start(timeout=PATIENCE, wait_done=False)
        async with asyncio.timeout(PATIENCE):
            await reached.wait()

    async def wait_for_exposure(self) -> None:
        """Wait until the camera has begun: what is stopped before that is no exposure."""
        async with asyncio.timeout(PATIENCE):
            while True:
                (finding,) = await self.observatory.camera.check()
                if finding.severity is Severity.REFUSAL:
                    return
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def a_script(time_scale=TIME_SCALE, faults=(), topics=("state",)):
    be_alone()
    config = SimulationConfig(frame=DIRECT_FRAME, time_scale=time_scale, faults=faults)
    async with (
        DirectObservatory(config) as observatory,
        MakeLatissCalibrations(INDEX, ports=ports_of(observatory)) as script,
        salobj.Domain() as domain,
        salobj.Remote(domain, "Script", INDEX, include=topics) as remote,
    ):
        yield Stage(script, remote, observatory)


@pytest.mark.prevents("D12")
async def test_d12_the_queue_is_told_how_long_the_daily_run_takes_and_what_it_does():
    async with a_script() as stage:
        metadata = await stage.configure(script_mode="BIAS_DARK")
        assert 623 <= metadata.duration <= 15 * 60
        assert metadata.nimages == 44
        assert metadata.totalCheckpoints == 44 + 2


@pytest.mark.prevents("D12")
async def test_d12_frames_that_are_there_already_are_not_told_as_images_to_come():
    async with a_script() as stage:
        metadata = await stage.configure(
            script_mode="BIAS", exposures_bias=[2026112300001], check_at="run"
        )
        assert metadata.nimages == 0
        assert metadata.totalCheckpoints == 1


@pytest.mark.parametrize(
    ("given", "published"),
    [("https://views.example.org/dailycal/", True), ("", False), ("file:///etc/passwd", False)],
)
async def test_the_address_of_the_report_is_published_if_one_is_configured(
    tmp_path, monkeypatch, given, published
):
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path))
    monkeypatch.setenv(ADDRESS_VARIABLE, given)
    async with a_script() as stage:
        await stage.configure(script_mode="BIAS", n_bias=2, do_verify=False)
        await stage.remote.cmd_setGroupId.set_start(groupId="2026-11-23T12:00:00.000", timeout=10)
        await stage.remote.cmd_run.start(timeout=PATIENCE)
        (journal,) = tmp_path.glob("*.jsonl")
        event = stage.script.evt_largeFileObjectAvailable
        assert event.has_data == published
        if published:
            address = f"https://views.example.org/dailycal/runs/{journal.stem}"
            assert event.data.url == address
            assert event.data.mimeType == "text/html"


async def test_what_was_rejected_and_the_verdict_are_said_apart_from_each_other(
    tmp_path, monkeypatch
):
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path))
    async with a_script(faults=("new_sequencer",), topics=["logMessage"]) as stage:
        await stage.configure(script_mode="BIAS", n_bias=4, measure=False)
        await stage.remote.cmd_setGroupId.set_start(groupId="2026-11-23T12:00:00.000", timeout=10)
        await stage.remote.cmd_run.start(timeout=PATIENCE)
        said = []
        async with asyncio.timeout(PATIENCE):
            while not said or not said[-1].message.startswith("Setting final state"):
                said.append(await stage.remote.evt_logMessage.next(flush=False))
    *_, before, rejection, verdict, after = said
    assert is_rejection(rejection.message)
    assert verdict.message.startswith("BIAS rejected, 4 of 4")
    # Readers of salobj 8 drop a message that a later one overtook.
    for first, second in itertools.pairwise((before, rejection, verdict, after)):
        assert second.private_sndStamp - first.private_sndStamp > 0.9 * MESSAGE_GAP


@pytest.mark.prevents("D18")
async def test_d18_a_stop_ends_the_exposure_under_way_and_the_jobs(tmp_path, monkeypatch):
    monkeypatch.setenv(DIRECTORY_VARIABLE, str(tmp_path))
    # The clock is slow enough for the job of the biases to last some seconds.
    time_scale = TIME_SCALE / 2
    async with a_script(time_scale) as stage:
        await stage.configure(
            script_mode="BIAS_DARK",
            n_bias=12,
            n_dark=4,
            exp_times_dark=[5, 60, 60, 60, 60],
            generate_calibrations=True,
        )
        await stage.run_until("DARK 2/5")
        (path,) = tmp_path.glob("*.jsonl")
        async with asyncio.timeout(PATIENCE):
            # When it begins depends on how long the last bias is measured.
            while not any(  # noqa: ASYNC110
                isinstance(event, JobSubmitted) for event in read_journal(path)
            ):
                await asyncio.sleep(0.01)
        await stage.wait_for_exposure()
        await stage.remote.cmd_stop.start(timeout=PATIENCE)
        await stage.script.done_task
        assert stage.script.state.state == ScriptState.STOPPED
        events = read_journal(path)

        def of(kind):
            return [event for event in events if isinstance(event, kind)]

        assert len(of(ExposureTaken)) == len(of(ExposureAsked))
        assert of(RunEnded)[-1].outcome.stopped
        assert of(JobAbandoned), "the biases were being processed"
        await asyncio.sleep(120.0 / time_scale)  # until a job that went on is done
        for event in of(JobAbandoned):
            kind = event.key.image_type
            is_verification = event.key.step is JobStep.VERIFY
            dataset_type = statistics_dataset_type(kind) if is_verification else kind.dataset_type
            assert not await stage.observatory.repository.has_output(
                job_run(event.job_id), dataset_type, PATIENCE
            )
