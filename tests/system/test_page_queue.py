# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The queue port against a queue that runs scripts as processes, and against newer interfaces."""

import contextlib
import types

import lsst.ts.salobj as salobj
import pytest

from alone import be_alone
from lsst.ts.dailycal.model import (
    ProcessState,
    QueueError,
    ScriptEnd,
    ScriptPath,
    ScriptRequest,
    ScriptState,
    ScriptUpdate,
)
from lsst.ts.dailycal.page.follower import script_end
from lsst.ts.dailycal.sal.queue.port import SalQueue
from lsst.ts.dailycal.sim.config import SimulationConfig
from lsst.ts.dailycal.sim.queue.csc import SimScriptQueue

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

PATIENCE = 60.0
SCRIPT = ScriptPath("script", is_standard=True)
UNLOADABLE = ScriptPath("sub/unloadable", is_standard=False)
TEST_SCRIPT = """#!/usr/bin/env python
import asyncio
from lsst.ts import salobj
asyncio.run(salobj.TestScript.amain(descr="a script of the tests"))
"""


@contextlib.asynccontextmanager
async def queue_port(tmp_path, *faults, state=salobj.State.ENABLED):
    be_alone()
    standard, external = tmp_path / "standard", tmp_path / "external"
    for path, text in (
        (standard / "script", TEST_SCRIPT),
        (external / "sub" / "unloadable", "#!/bin/sh\nexit 1\n"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)
    config = SimulationConfig(root=tmp_path / "root", faults=faults)
    queue = SimScriptQueue(config, standard=standard, external=external, initial_state=state)
    async with queue, salobj.Domain() as domain:
        port = SalQueue.make(domain)
        await port.start()
        yield port


async def add(port, configuration="", script=SCRIPT):
    return await port.add(ScriptRequest(script, configuration, "of a test"), PATIENCE)


async def follow(port, index):
    """Follow a script to its end; return all updates."""
    updates = [ScriptUpdate(index)]
    while not updates[-1].is_over:
        updates.append(await port.next_update(updates[-1], PATIENCE))
        assert len(updates) < 100
    return updates[1:]


async def test_a_script_is_followed_from_loading_to_its_last_words(tmp_path):
    async with queue_port(tmp_path) as port:
        index = await add(port, "wait_time: 0.2\n")
        assert index == 200_000
        updates = await follow(port, index)
        assert script_end(updates[-1]) is ScriptEnd.DONE
        states = list(dict.fromkeys(update.state for update in updates))
        assert states.index(ScriptState.RUNNING) < states.index(ScriptState.DONE)
        assert updates[-1].checkpoint == "end"
        assert updates[-1].expected_duration == pytest.approx(0.2)
        again = await follow(port, await add(port))
        assert again[-1].index == index + 1


async def test_a_script_that_fails_tells_why_and_pauses_the_queue_until_it_is_resumed(tmp_path):
    async with queue_port(tmp_path) as port:
        index = await add(port, "fail_run: true\n")
        last = (await follow(port, index))[-1]
        assert script_end(last) is ScriptEnd.FAILED
        assert "Error in run" in last.reason
        # It pauses when the process has ended, which may take a moment.
        update = last
        while update.queue_running:
            update = await port.next_update(update, PATIENCE)
        status = await port.status(PATIENCE)
        assert status.alive
        assert not status.running
        assert (status.current.index, status.current.path) == (index, "script")
        assert status.current.state is ScriptState.FAILED
        waiting = await add(port, "wait_time: 0\n")
        status = await port.status(PATIENCE)
        assert [item.index for item in status.waiting] == [waiting]
        await port.resume(PATIENCE)
        assert script_end((await follow(port, waiting))[-1]) is ScriptEnd.DONE


@pytest.mark.parametrize(
    ("configuration", "script", "end"),
    [
        ("nonsense: [", SCRIPT, ScriptEnd.CONFIGURE_FAILED),
        ("fail_configure: yes\nwait_time: minus\n", SCRIPT, ScriptEnd.CONFIGURE_FAILED),
        ("", UNLOADABLE, ScriptEnd.LOAD_FAILED),
    ],
)
async def test_scripts_that_do_not_begin_are_told_apart(tmp_path, configuration, script, end):
    async with queue_port(tmp_path) as port:
        last = (await follow(port, await add(port, configuration, script)))[-1]
        assert script_end(last) is end
        assert (await port.status(PATIENCE)).running


async def test_a_script_is_stopped_whether_it_runs_or_waits(tmp_path):
    async with queue_port(tmp_path) as port:
        running = await add(port, "wait_time: 100\n")
        update = ScriptUpdate(running)
        while update.state is not ScriptState.RUNNING:
            update = await port.next_update(update, PATIENCE)
        await port.stop(running, PATIENCE)
        assert script_end((await follow(port, running))[-1]) is ScriptEnd.STOPPED
    async with queue_port(tmp_path, "queue_paused") as port:
        waiting = await add(port, "wait_time: 100\n")
        update = await port.next_update(ScriptUpdate(waiting), PATIENCE)
        assert not update.queue_running
        assert update.is_waiting
        await port.stop(waiting, PATIENCE)
        assert script_end((await follow(port, waiting))[-1]) is ScriptEnd.TERMINATED


async def test_the_queue_tells_its_scripts_and_their_schemas(tmp_path):
    async with queue_port(tmp_path) as port:
        assert await port.available(PATIENCE) == {SCRIPT, UNLOADABLE}
        schema = await port.schema(SCRIPT, PATIENCE)
        assert "fail_run" in schema["properties"]
        with pytest.raises(QueueError, match="refused command showSchema"):
            await port.schema(ScriptPath("none", is_standard=True), PATIENCE)


async def test_what_the_queue_refuses_is_told_in_its_words(tmp_path):
    async with queue_port(tmp_path) as port:
        with pytest.raises(QueueError, match=r"ScriptQueue:2 refused command add: .*none"):
            await add(port, script=ScriptPath("none", is_standard=True))
    async with queue_port(tmp_path, state=salobj.State.STANDBY) as port:
        status = await port.status(PATIENCE)
        assert (status.alive, status.state) == (True, "STANDBY")
        with pytest.raises(QueueError, match="refused command resume"):
            await port.resume(PATIENCE)


async def test_a_queue_that_is_not_there_is_not_alive():
    be_alone()
    async with salobj.Domain() as domain:
        port = SalQueue.make(domain)
        await port.start()
        status = await port.status(0.2)
        assert (status.alive, status.state, status.current) == (False, "", None)
        with pytest.raises(QueueError, match="did not answer command add"):
            await port.add(ScriptRequest(SCRIPT, "", ""), 0.2)


class Topic:
    """A topic of a later interface, with fields that are known only by name."""

    has_callback = False

    def __init__(self, **fields):
        self.fields, self.sent = fields, []

    def DataType(self):
        return types.SimpleNamespace(**self.fields)

    async def set_start(self, timeout, **fields):
        assert set(fields) <= set(self.fields)
        self.sent.append(fields)
        return types.SimpleNamespace(result="200123")

    async def hear(self, **fields):
        await self.callback(types.SimpleNamespace(**{**self.fields, **fields}))


def later_interface():
    """Remotes with the fields of XML 28, which salobj 8 and ts_scriptqueue 2.14 use."""
    remote = types.SimpleNamespace(
        salinfo=types.SimpleNamespace(name="ScriptQueue", index=2),
        evt_summaryState=Topic(summaryState=2, private_sndStamp=1.0),
        evt_heartbeat=Topic(private_sndStamp=float("inf")),
        evt_errorCode=Topic(errorCode=0, errorReport=""),
        evt_queue=Topic(running=True, currentSalIndex=0, salIndices=[0] * 400, length=0),
        evt_script=Topic(salIndex=2, scriptSalIndex=0, path="", processState=0, scriptState=0),
        evt_availableScripts=Topic(standard="", external=""),
        evt_configSchema=Topic(isStandard=False, path="", configSchema=""),
        cmd_add=Topic(
            isStandard=False, path="", config="", descr="", location=0, locationSalIndex=0,
            logLevel=0, pauseCheckpoint="", stopCheckpoint="", block="", blockSize=0,
            startBlock=False, executionId="",
        ),
        cmd_showScript=Topic(scriptSalIndex=0),
        cmd_stopScripts=Topic(length=0, salIndices=[0] * 400, terminate=False),
    )  # fmt: skip
    scripts = types.SimpleNamespace(
        evt_state=Topic(salIndex=0, state=0, reason="", lastCheckpoint="", numCheckpoints=0),
        evt_metadata=Topic(salIndex=0, duration=0.0, totalCheckpoints=0),
        evt_logMessage=Topic(salIndex=0, level=20, message="", filePath=""),
    )
    return remote, scripts


async def test_the_port_works_with_the_fields_of_later_interfaces():
    remote, scripts = later_interface()
    port = SalQueue(remote, scripts)
    await remote.evt_summaryState.hear()
    index = await port.add(ScriptRequest(SCRIPT, "a: 1", "why"), 1.0)
    assert index == 200_123
    assert remote.cmd_add.sent[0]["config"] == "a: 1"
    await remote.evt_queue.hear(currentSalIndex=index)
    await remote.evt_script.hear(scriptSalIndex=index, processState=3, scriptState=3, path="script")
    await scripts.evt_state.hear(salIndex=index, state=3, lastCheckpoint="BIAS 1/21")
    update = await port.next_update(ScriptUpdate(index), 1.0)
    assert (update.process, update.checkpoint) == (ProcessState.RUNNING, "BIAS 1/21")
    await port.stop(index, 1.0)
    sent = remote.cmd_stopScripts.sent[0]
    assert (sent["length"], sent["salIndices"][:2], len(sent["salIndices"])) == (1, [index, 0], 400)
    # 2.14 moves on when the script is DONE, before its process has ended.
    await scripts.evt_state.hear(salIndex=index, state=8)
    last = await port.next_update(update, 1.0)
    assert script_end(last) is ScriptEnd.DONE
    await remote.evt_queue.hear(currentSalIndex=200_124)
    await port.status(0.01)
    await remote.evt_heartbeat.hear()
    await port._show_script(200_124, 0.01)
    assert remote.cmd_showScript.sent[-1] == {"scriptSalIndex": 200_124}
