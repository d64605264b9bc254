# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The simulated observatory as processes: what a client sees of it, and how it ends."""

import asyncio
import contextlib
import dataclasses
import pathlib
import signal
import subprocess
import sys
import time
import typing

import psutil
import pytest
from astropy.io import fits
from socket_table import sockets

from lsst.ts import salobj
from lsst.ts.dailycal.butler.port import ButlerRepository
from lsst.ts.dailycal.model import (
    ExposureTimeouts,
    ImageTags,
    ImageType,
    JobError,
    JobRequest,
    PlannedExposure,
)
from lsst.ts.dailycal.sal.component import ComponentWatch
from lsst.ts.dailycal.sal.observatory import SalObservatory
from lsst.ts.dailycal.sal.pipelines import SalPipelines
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.supervisor import (
    ObservatoryError,
    ObservatoryOptions,
    SimulatedObservatory,
)

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

RUNNER = pathlib.Path(__file__).with_name("sim_runner.py")
NAMES = ("ATCamera", "ATSpectrograph", "ATHeaderService", "ATOODS", "OCPS:1")
END = 20.0
"""Seconds in which everything must have ended."""


@dataclasses.dataclass(slots=True)
class Observatory:
    """A simulated observatory that another process has started."""

    process: subprocess.Popen[str]
    config: SimulationConfig
    environment: dict[str, str]

    def family(self) -> list[psutil.Process]:
        """Return everything that it has started."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def component(self, name: str) -> psutil.Process:
        """Find the process of a component."""
        return next(child for child in self.family() if name in words(child))


@contextlib.contextmanager
def running(directory: pathlib.Path, **settings: typing.Any) -> typing.Iterator[Observatory]:
    config = SimulationConfig(
        root=directory / "run", frame=DIRECT_FRAME, time_scale=10.0, **settings
    )
    config.save(directory / "settings.json")
    process = subprocess.Popen(
        [sys.executable, str(RUNNER), str(directory / "settings.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    family: list[psutil.Process] = []
    try:
        lines = []
        for line in process.stdout:
            if line == "UP\n":
                break
            lines.append(line.rstrip("\n"))
        else:
            pytest.fail(f"it did not come up: {process.stderr.read()}")
        observatory = Observatory(process, config, dict(line.split("=", 1) for line in lines))
        family = observatory.family()
        yield observatory
    finally:
        process.terminate()
        process.wait(END)
        process.stdout.close()
        process.stderr.close()
        for orphan in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                orphan.kill()


@pytest.fixture(scope="module")
def observatory(tmp_path_factory):
    with running(tmp_path_factory.mktemp("observatory")) as running_observatory:
        yield running_observatory


@pytest.fixture
def joined(observatory, monkeypatch):
    """Make this process a part of the observatory."""
    for name, value in observatory.environment.items():
        monkeypatch.setenv(name, value)
    return observatory


def words(process: psutil.Process) -> list[str]:
    """Return the words of its command line; a forked one has them in one piece."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return " ".join(process.cmdline()).split()
    return []


def gone(processes: list[psutil.Process]) -> bool:
    """Wait until processes have ended."""
    _, left = psutil.wait_procs(processes, timeout=END)
    return not [item for item in left if item.status() != psutil.STATUS_ZOMBIE]


async def enable(remotes) -> None:
    """Bring components from where they rest to ENABLED."""
    for remote in remotes:
        await remote.start_task
        if remote.salinfo.name == "ATCamera":
            await remote.cmd_enterControl.start(timeout=30)
        await remote.cmd_start.start(timeout=60)
        await remote.cmd_enable.start(timeout=60)


# What every rehearsal does; alone it is easier to see through.
@pytest.mark.slow
async def test_two_biases_go_from_the_camera_through_the_butler_to_a_combined_bias(joined):

    async with salobj.Domain() as domain:
        sal = SalObservatory(domain)
        await sal.start()
        await enable(sal.remotes)
        names = []
        for number in (1, 2):
            planned = PlannedExposure(ImageType.BIAS, 0.0, number, 2, discard=False)
            tags = ImageTags(f"2026-11-23T08:00:0{number}.000", "BLOCK-295", "daily", "a note")
            image = await sal.camera.take(planned, tags, ExposureTimeouts(30.0, 5.0))
            assert image.notes == ()
            names.append(image.name)
        for name in names:
            await sal.ingest.wait(name, 60.0)
        # `LATISS` is the alias that the observatory puts into the environment.
        repository = ButlerRepository("LATISS")
        assert await repository.find_images(names, 60.0) == frozenset(names)

        ids = ", ".join(str(name.exposure_id) for name in names)
        request = JobRequest(
            "${CP_PIPE_DIR}/pipelines/LATISS/cpBias.yaml",
            "-j 8 -i LATISS/calib --register-dataset-types",
            f"instrument='LATISS' AND detector IN (0) AND exposure IN ({ids})",
        )
        job_id = await sal.pipelines.submit(request, 60.0)
        result = await sal.pipelines.wait(job_id, 120.0)
        assert result.succeeded
        assert await repository.has_output(f"u/ocps/{job_id}/run", "bias", 60.0)
        # What was submitted is what the JSON tells of, also when the job has ended.
        assert '"phase": "queued"' in result.detail

    paths = sorted(joined.config.raw_directory.glob("*/*.fits"))
    assert [path.name[:20] for path in paths] == [str(name) for name in names]
    with fits.open(paths[1]) as hdus:
        # The amplifiers, and behind them the tables that the camera writes.
        assert {hdu.name[:7] for hdu in hdus[1:17]} == {"Segment"}
        assert {type(hdu) for hdu in hdus[17:]} == {fits.BinTableHDU}
        header = hdus[0].header
        assert (header["IMGTYPE"], header["PROGRAM"], header["REASON"], header["OBSANNOT"]) == (
            "BIAS", "BLOCK-295", "daily", "a note",
        )  # fmt: skip
        assert header["GROUPID"] == "2026-11-23T08:00:02.000"
    log = joined.config.root / "jobs" / job_id / "out" / "ocps.log"
    assert "cpBias" in log.read_text()


def test_nothing_listens_or_talks_off_the_loopback(observatory):
    """A socket is tied to a loopback address, or to the loopback device."""
    processes = [observatory.process.pid, *(child.pid for child in observatory.family())]
    found = sockets(processes)
    assert len({item.pid for item in found}) >= len(NAMES)
    assert [item for item in found if not item.is_local] == []


def test_two_observatories_in_one_directory_are_refused(observatory, tmp_path):
    settings = observatory.config.root.parent / "settings.json"
    second = subprocess.run(
        [sys.executable, str(RUNNER), str(settings)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert second.returncode == 1
    assert "runs in" in second.stderr
    assert str(observatory.config.root) in second.stderr


def test_ctrl_c_ends_everything_and_is_no_failure(tmp_path):
    with running(tmp_path) as observatory:
        family = observatory.family()
        assert {name for child in family for name in NAMES if name in words(child)} == set(NAMES)
        observatory.process.send_signal(signal.SIGINT)
        assert observatory.process.wait(END) == 0
        assert gone(family)


async def test_nothing_is_left_when_the_observatory_is_killed_in_the_middle_of_a_job(
    tmp_path, monkeypatch
):

    async with contextlib.AsyncExitStack() as stack:
        starting = running(tmp_path)
        observatory = await asyncio.to_thread(starting.__enter__)
        stack.push_async_callback(asyncio.to_thread, starting.__exit__, None, None, None)
        for name, value in observatory.environment.items():
            monkeypatch.setenv(name, value)
        async with salobj.Domain() as domain:
            remote = salobj.Remote(domain, "OCPS", 1, include=SalPipelines.TOPICS)
            pipelines = SalPipelines(remote, ComponentWatch(remote))
            await enable([remote])
            request = JobRequest("${CP_PIPE_DIR}/pipelines/LATISS/cpBias.yaml", "-j 1", "")
            await pipelines.submit(request, 60.0)
            deadline = time.monotonic() + END
            while not (jobs := [p for p in observatory.family() if _is_job(p)]):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)
            family = observatory.family()
            assert jobs[0] in family
            observatory.process.kill()
            observatory.process.wait(END)
            assert await asyncio.to_thread(gone, family)


def _is_job(process: psutil.Process) -> bool:
    return any(word.endswith("bin/pipetask") for word in words(process))


def test_a_component_that_crashes_ends_the_observatory_and_is_named(tmp_path):
    with running(tmp_path) as observatory:
        family = observatory.family()
        observatory.component("ATOODS").kill()
        assert observatory.process.wait(END) == 1
        text = observatory.process.stderr.read()
        assert "ATOODS ended with exit code -9" in text
        assert "ATOODS.log" in text
        assert gone(family)


async def test_a_component_that_was_killed_can_be_started_again(tmp_path, monkeypatch):

    config = SimulationConfig(root=tmp_path / "run", frame=DIRECT_FRAME, time_scale=10.0)
    options = ObservatoryOptions(config, groups=(("ATHeaderService",), ("ATSpectrograph",)))
    async with SimulatedObservatory(options) as observatory:
        for name, value in observatory.environment.items():
            monkeypatch.setenv(name, value)
        assert [line.split("=")[0] for line in observatory.exports()] == [
            f"export {name}" for name in observatory.environment
        ]
        async with salobj.Domain() as domain:
            remote = salobj.Remote(domain, "ATHeaderService", include=ComponentWatch.TOPICS)
            watch = ComponentWatch(remote)
            await remote.start_task
            assert (await watch.status(20.0)).alive
            process = observatory.find("ATHeaderService")
            first = process.pid
            process.send(signal.SIGKILL)
            with pytest.raises(ObservatoryError, match="ATHeaderService ended with exit code -9"):
                await asyncio.wait_for(observatory.wait(), END)
            assert not (await watch.status(2.0)).alive
            await observatory.restart("ATHeaderService")
            assert process.pid != first
            assert (await watch.status(20.0)).alive
            with pytest.raises(LookupError):
                observatory.find("MTCamera")


async def test_a_component_that_cannot_start_is_named_with_its_log(tmp_path):

    config = SimulationConfig(root=tmp_path / "run", frame=DIRECT_FRAME)
    options = ObservatoryOptions(config, groups=(("NoSuchComponent",),))
    with pytest.raises(ObservatoryError, match=r"NoSuchComponent ended with exit code 2"):
        async with SimulatedObservatory(options):
            pass


async def test_a_job_that_was_not_accepted_leaves_the_service_usable(joined):

    async with salobj.Domain() as domain:
        remote = salobj.Remote(domain, "OCPS", 1, include=SalPipelines.TOPICS)
        pipelines = SalPipelines(remote, ComponentWatch(remote))
        await remote.start_task
        state = remote.evt_summaryState.get()
        # Another test of this observatory may have enabled it.
        if state is None or state.summaryState != salobj.State.ENABLED:
            await enable([remote])
        with pytest.raises(JobError, match="quotation"):
            await pipelines.submit(JobRequest("cpBias.yaml", '-j 1 -i "LATISS', ""), 30.0)
        job_id = await pipelines.submit(JobRequest("no.yaml", "-j 1", ""), 30.0)
        assert (await pipelines.wait(job_id, 120.0)).exit_code == 1
