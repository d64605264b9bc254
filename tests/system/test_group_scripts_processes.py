# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts of the page as processes: by themselves, and on the queue."""

import asyncio
import os
import sys

import lsst.ts.salobj as salobj
import pytest
from lsst.ts.idl.enums.Script import ScriptState
from lsst.ts.idl.enums.ScriptQueue import Location, ScriptProcessState

from lsst.ts.dailycal.sal.topics import TopicReader
from lsst.ts.dailycal.scripts.launch import scripts_dir
from lsst.ts.dailycal.sim.config import SimulationConfig
from lsst.ts.dailycal.sim.csc.telescope.log import read_commands
from lsst.ts.dailycal.sim.programs import ATCS
from lsst.ts.dailycal.sim.supervisor import ObservatoryOptions, SimulatedObservatory

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

PATIENCE = 60.0
PROGRAMS = ((*ATCS, "Scheduler:2", "Watcher"), ("ScriptQueue:2",))


class Listener:
    """Hears the states of scripts and of components."""

    def __init__(self, domain: salobj.Domain) -> None:
        self.board = TopicReader()
        self.queue = salobj.Remote(domain, "ScriptQueue", 2, include=["script", "queue"])
        self.scheduler = salobj.Remote(domain, "Scheduler", 2, include=["summaryState"])
        self.scripts: dict[int, object] = {}
        self.running = True
        self.state = salobj.State.OFFLINE
        self.board.listen(self.queue.evt_script, self._hear_script)
        self.board.listen(self.queue.evt_queue, self._hear_queue)
        self.board.listen(self.scheduler.evt_summaryState, self._hear_state)

    def _hear_script(self, data) -> None:
        self.scripts[data.salIndex] = data

    def _hear_queue(self, data) -> None:
        self.running = data.running

    def _hear_state(self, data) -> None:
        self.state = salobj.State(data.summaryState)

    async def run(self, path: str, config: str = "") -> ScriptState:
        """Run a script on the queue, and return its last state."""
        ack = await self.queue.cmd_add.set_start(
            isStandard=True, path=path, config=config, location=Location.LAST, timeout=PATIENCE
        )
        index = int(ack.result)
        assert 200_000 <= index < 300_000
        ended = (ScriptProcessState.DONE, ScriptProcessState.CONFIGUREFAILED)
        assert await self.board.wait_until(
            lambda: index in self.scripts and self.scripts[index].processState in ended, PATIENCE
        ), f"{path}: {self.scripts.get(index)}"
        return ScriptState(self.scripts[index].scriptState)


@pytest.fixture
async def observatory(tmp_path, monkeypatch):
    # None of these components looks into the repository, and making one takes long.
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "butler.yaml").touch()
    config = SimulationConfig(root=tmp_path, faults=("transition_fault@ATPtg/enable/2",))
    options = ObservatoryOptions(config, groups=PROGRAMS, state="rest")
    async with SimulatedObservatory(options) as running:
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


async def test_the_scripts_run_on_the_queue_and_a_failure_pauses_it(observatory):
    async with salobj.Domain() as domain:
        listener = Listener(domain)
        await asyncio.gather(listener.queue.start_task, listener.scheduler.start_task)

        assert await listener.run("auxtel/enable_atcs.py") == ScriptState.DONE
        config = "config: auxtel_fbs_image_photocal.yaml"
        assert await listener.run("auxtel/scheduler/enable.py", config) == ScriptState.DONE
        assert listener.state == salobj.State.ENABLED
        assert await listener.run("auxtel/scheduler/standby.py") == ScriptState.DONE
        assert listener.state == salobj.State.STANDBY
        assert await listener.run("auxtel/standby_atcs.py") == ScriptState.DONE

        # One that cannot be configured never runs, and does not stop the queue.
        wrong = "data: [[Scheduler:2, FAULT]]"
        assert await listener.run("set_summary_state.py", wrong) == ScriptState.UNCONFIGURED
        assert listener.running

        # ATPtg goes to FAULT the second time.
        assert await listener.run("auxtel/enable_atcs.py") == ScriptState.FAILED
        assert await listener.board.wait_until(lambda: not listener.running, PATIENCE)
    assert read_commands(observatory.config.root) == [], "something moved"


@pytest.mark.parametrize(
    ("path", "index", "config", "code"),
    [
        ("auxtel/standby_atcs.py", 200_123, "ignore: [ATPtg]", 0),
        ("auxtel/scheduler/enable.py", 200_124, "config: no_such_configuration.yaml", 1),
    ],
)
async def test_a_script_by_itself_ends_with_the_exit_code_of_its_end(
    observatory, path, index, config, code
):
    environment = {**os.environ, **observatory.environment}
    async with (
        salobj.Domain() as domain,
        salobj.Remote(domain, "Script", index, include=["state"]) as remote,
    ):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(scripts_dir() / path),
            str(index),
            env=environment,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            state = await remote.evt_state.next(flush=False, timeout=PATIENCE)
            assert state.state == ScriptState.UNCONFIGURED
            await remote.cmd_configure.set_start(config=config, timeout=PATIENCE)
            await remote.cmd_setGroupId.set_start(groupId="group", timeout=PATIENCE)
            await remote.cmd_run.set_start(timeout=PATIENCE)
            async with asyncio.timeout(PATIENCE):
                assert await process.wait() == code
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
