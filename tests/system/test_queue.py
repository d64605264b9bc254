# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fake ScriptQueue runs scripts as processes and behaves as the real one does."""

import asyncio
import contextlib
import dataclasses
import pathlib
from collections.abc import AsyncIterator

import lsst.ts.salobj as salobj
import pytest
import yaml
from lsst.ts.idl.enums.Script import ScriptState
from lsst.ts.idl.enums.ScriptQueue import Location, ScriptProcessState

from alone import be_alone
from lsst.ts.dailycal.sal.topics import TopicReader
from lsst.ts.dailycal.sim.config import SimulationConfig
from lsst.ts.dailycal.sim.queue.csc import SimScriptQueue

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

FIRST = 200_000
PATIENCE = 60.0

_TEST_SCRIPT = """#!/usr/bin/env python
import asyncio
from lsst.ts import salobj
asyncio.run(salobj.TestScript.amain(descr="a script of the tests"))
"""

_SLOW_SCRIPT = """#!/usr/bin/env python
import asyncio
from lsst.ts import salobj
class Slow(salobj.TestScript):
    async def cleanup(self):
        await asyncio.sleep(3)
asyncio.run(Slow.amain(descr="a script that ends what it has begun"))
"""


@dataclasses.dataclass(frozen=True)
class Snapshot:
    """A queue event."""

    running: bool
    current: int
    waiting: tuple[int, ...]
    past: tuple[int, ...]


class Client:
    """Commands the queue, and remembers everything that it published."""

    def __init__(self, queue: SimScriptQueue, remote: salobj.Remote) -> None:
        self.queue, self.remote = queue, remote
        self.snapshots: list[Snapshot] = []
        self.scripts: dict[int, list[object]] = {}
        self.visits: list[tuple[str, int, str]] = []
        self.schemas: list[object] = []
        self.board = TopicReader()
        self.board.listen(remote.evt_queue, self._hear_queue)
        self.board.listen(remote.evt_script, self._hear_script)
        self.board.listen(remote.evt_configSchema, self.schemas.append)
        for topic, word in (("nextVisit", "next"), ("nextVisitCanceled", "cancelled")):
            self.board.listen(getattr(remote, f"evt_{topic}"), self._hear_visit(word))

    def _hear_queue(self, data) -> None:
        self.snapshots.append(
            Snapshot(
                bool(data.running),
                data.currentSalIndex,
                tuple(data.salIndices[: data.length]),
                tuple(data.pastSalIndices[: data.pastLength]),
            )
        )

    def _hear_script(self, data) -> None:
        self.scripts.setdefault(data.salIndex, []).append(data)

    def _hear_visit(self, word: str):
        return lambda data: self.visits.append((word, data.salIndex, data.groupId))

    async def add(self, path="script", config="", *, standard=True, **kwargs) -> int:
        fields = {"location": Location.LAST, **kwargs}
        ack = await self.remote.cmd_add.set_start(
            isStandard=standard, path=path, config=config, timeout=PATIENCE, **fields
        )
        return int(ack.result)

    async def stop(self, *indices: int, terminate: bool = False) -> None:
        padded = [*indices, *[0] * (400 - len(indices))]
        await self.remote.cmd_stopScripts.set_start(
            length=len(indices), salIndices=padded, terminate=terminate, timeout=PATIENCE
        )

    async def until(self, is_so, what: str) -> None:
        assert await self.board.wait_until(is_so, PATIENCE), f"{what}; last {self.snapshots[-1:]}"

    async def until_queue(self, **wanted) -> Snapshot:
        await self.until(
            lambda: (
                bool(self.snapshots)
                and all(getattr(self.snapshots[-1], name) == wanted[name] for name in wanted)
            ),
            f"queue {wanted}",
        )
        return self.snapshots[-1]

    async def until_process(self, index: int, state: ScriptProcessState):
        await self.until(
            lambda: bool(self.scripts.get(index)) and self.scripts[index][-1].processState == state,
            f"script {index} {state.name}",
        )
        return self.scripts[index][-1]

    async def configured(self, *indices: int) -> None:
        for index in indices:
            await self.until_process(index, ScriptProcessState.CONFIGURED)


@pytest.fixture
def folders(tmp_path) -> tuple[pathlib.Path, pathlib.Path]:
    standard, external = tmp_path / "standard", tmp_path / "external"
    for path, text in (
        (standard / "script", _TEST_SCRIPT),
        (standard / "slow", _SLOW_SCRIPT),
        (standard / "unloadable", "#!/bin/sh\nexit 1\n"),
        (standard / "_hidden", _TEST_SCRIPT),
        (external / "sub" / "other.py", _TEST_SCRIPT),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    (standard / "not_executable").write_text(_TEST_SCRIPT)
    return standard, external


@contextlib.asynccontextmanager
async def a_queue(
    folders, tmp_path, *faults, state=salobj.State.ENABLED, **settings
) -> AsyncIterator[Client]:
    be_alone()
    config = SimulationConfig(root=tmp_path / "root", faults=faults, **settings)
    standard, external = folders
    queue = SimScriptQueue(config, standard=standard, external=external, initial_state=state)
    async with queue, salobj.Domain() as domain:
        # Nothing is awaited in between: a callback that comes late misses the history.
        remote = salobj.Remote(domain, "ScriptQueue", 2)
        client = Client(queue, remote)
        await remote.start_task
        await client.until_queue(current=0)
        yield client


async def test_scripts_are_placed_moved_requeued_and_run_in_order(folders, tmp_path):
    async with a_queue(folders, tmp_path) as client:
        await client.remote.cmd_pause.start(timeout=PATIENCE)
        a = await client.add(config="wait_time: 0.1")
        b = await client.add("sub/other.py", standard=False)
        assert (a, b) == (FIRST, FIRST + 1)
        await client.remote.cmd_move.set_start(
            salIndex=b, location=Location.BEFORE, locationSalIndex=a, timeout=PATIENCE
        )
        await client.until_queue(running=False, waiting=(b, a))
        ack = await client.remote.cmd_requeue.set_start(
            salIndex=a, location=Location.AFTER, locationSalIndex=b, timeout=PATIENCE
        )
        c = int(ack.result)
        await client.until_queue(waiting=(b, c, a), current=0, past=())
        await client.configured(a, b, c)
        begin = len(client.snapshots)
        await client.remote.cmd_resume.start(timeout=PATIENCE)
        await client.until_queue(running=True, current=0, waiting=(), past=(a, c, b))
        starts = dict.fromkeys(item.current for item in client.snapshots[begin:] if item.current)
        assert list(starts) == [b, c, a]
        last = client.scripts[a][-1]
        assert last.processState == ScriptProcessState.DONE
        assert last.scriptState == ScriptState.DONE
        assert (
            0
            < last.timestampProcessStart
            < last.timestampConfigureStart
            < last.timestampConfigureEnd
            < last.timestampRunStart
            < last.timestampProcessEnd
        )
        # Each has a group id of its own, and none was taken away.
        assert [(word, index) for word, index, _ in client.visits] == [
            ("next", b),
            ("next", c),
            ("next", a),
        ]
        assert len({group for _, _, group in client.visits}) == 3


async def test_a_script_that_fails_pauses_the_queue_and_stays_current(folders, tmp_path):
    async with a_queue(folders, tmp_path) as client:
        await client.remote.cmd_pause.start(timeout=PATIENCE)
        bad = await client.add(config="fail_run: true")
        good = await client.add()
        await client.configured(bad, good)
        await client.remote.cmd_resume.start(timeout=PATIENCE)
        await client.until_queue(running=False, current=bad, waiting=(good,))
        assert client.scripts[bad][-1].processState == ScriptProcessState.DONE
        assert client.scripts[bad][-1].scriptState == ScriptState.FAILED
        await client.remote.cmd_resume.start(timeout=PATIENCE)
        await client.until_queue(running=True, current=0, waiting=(), past=(good, bad))


async def test_what_cannot_be_loaded_or_configured_leaves_the_queue_running(folders, tmp_path):
    async with a_queue(folders, tmp_path) as client:
        broken = await client.add("unloadable")
        await client.until_process(broken, ScriptProcessState.LOADFAILED)
        wrong = await client.add(config="wait_time: long")
        await client.until_process(wrong, ScriptProcessState.CONFIGUREFAILED)
        await client.until_queue(running=True, current=0, waiting=(), past=(wrong, broken))


async def test_a_script_that_loses_its_turn_loses_its_visit(folders, tmp_path):
    async with a_queue(folders, tmp_path) as client:
        await client.remote.cmd_pause.start(timeout=PATIENCE)
        a = await client.add(config="wait_time: 60")
        b = await client.add()
        c = await client.add()
        await client.configured(a, b, c)
        await client.remote.cmd_resume.start(timeout=PATIENCE)
        await client.until(lambda: any(visit[1] == b for visit in client.visits), "visit of b")
        await client.remote.cmd_move.set_start(salIndex=b, location=Location.LAST, timeout=PATIENCE)
        await client.until(lambda: any(visit[1] == c for visit in client.visits), "visit of c")
        begin = len(client.snapshots)
        # A running script ends with a stop command, a waiting one with a signal; an index that
        # does not exist does no harm.
        await client.stop(a, b, c, 4321)
        await client.until_queue(current=0, waiting=())
        assert set(client.snapshots[-1].past) == {a, b, c}
        assert len(client.snapshots) == begin + 1, "several scripts are stopped in one go"
        words = [(word, index) for word, index, _ in client.visits]
        assert words == [
            ("next", a),
            ("next", b),
            ("cancelled", b),
            ("next", c),
            ("cancelled", c),
        ]
        assert client.scripts[a][-1].scriptState == ScriptState.STOPPED
        assert client.scripts[a][-1].processState == ScriptProcessState.DONE
        assert client.scripts[b][-1].processState == ScriptProcessState.TERMINATED


async def test_a_terminated_script_is_told_apart_and_the_queue_goes_on(folders, tmp_path):
    async with a_queue(folders, tmp_path) as client:
        index = await client.add(config="wait_time: 60", logLevel=10, pauseCheckpoint="start")
        await client.until(
            lambda: (
                bool(client.scripts.get(index))
                and client.scripts[index][-1].scriptState == ScriptState.PAUSED
            ),
            "paused at its checkpoint",
        )
        await client.stop(index, terminate=True)
        await client.until_queue(running=True, current=0, past=(index,))
        assert client.scripts[index][-1].processState == ScriptProcessState.TERMINATED


async def test_the_queue_gives_up_on_a_script_that_stops_slowly_and_it_ends_by_itself(
    folders, tmp_path
):
    async with a_queue(folders, tmp_path, queue_stop_timeout=1.0) as client:
        slow = await client.add("slow", config="wait_time: 60")
        await client.until_process(slow, ScriptProcessState.RUNNING)
        await client.until(
            lambda: client.scripts[slow][-1].scriptState == ScriptState.RUNNING, "it runs"
        )
        with pytest.raises(salobj.AckError, match="Timeout") as error:
            await client.stop(slow)
        assert error.value.ackcmd.ack == salobj.SalRetCode.CMD_TIMEOUT
        assert client.scripts[slow][-1].processState == ScriptProcessState.RUNNING
        ended = await client.until_process(slow, ScriptProcessState.DONE)
        assert ended.scriptState == ScriptState.STOPPED
        assert (await client.until_queue(past=(slow,), current=0)).running


async def test_the_queue_shows_scripts_and_schemas_and_nothing_outside_of_its_folders(
    folders, tmp_path
):
    async with a_queue(folders, tmp_path) as client:
        listed = client.remote.evt_availableScripts.get()
        assert listed.standard.split(":") == ["script", "slow", "unloadable"]
        assert listed.external.split(":") == ["sub/other.py"]
        assert client.remote.evt_rootDirectories.get().standard == str(folders[0])
        await client.remote.cmd_showSchema.set_start(
            isStandard=True, path="script", timeout=PATIENCE
        )
        await client.until(lambda: bool(client.schemas), "schema")
        assert yaml.safe_load(client.schemas[0].configSchema) == salobj.TestScript.get_schema()
        for path in ("../external/sub/other.py", "/bin/true", "not_executable", "_hidden", ""):
            with pytest.raises(salobj.AckError):
                await client.add(path)
            with pytest.raises(salobj.AckError):
                await client.remote.cmd_showSchema.set_start(
                    isStandard=True, path=path, timeout=PATIENCE
                )
        with pytest.raises(salobj.AckError):
            await client.remote.cmd_showSchema.set_start(
                isStandard=True, path="unloadable", timeout=PATIENCE
            )
        with pytest.raises(salobj.AckError):
            await client.remote.cmd_showScript.set_start(salIndex=FIRST, timeout=PATIENCE)
        with pytest.raises(salobj.AckError):
            await client.add(location=25)
        with pytest.raises(salobj.AckError):
            await client.add(location=Location.AFTER, locationSalIndex=4321)
        assert client.snapshots[-1].waiting == ()


async def test_a_queue_that_is_not_enabled_obeys_nothing_but_pause(folders, tmp_path):
    async with a_queue(folders, tmp_path, "queue_paused", state=salobj.State.DISABLED) as client:
        assert client.snapshots[-1].running is False, "the fault queue_paused"
        for name in ("resume", "showQueue", "showAvailableScripts"):
            with pytest.raises(salobj.AckError):
                await getattr(client.remote, f"cmd_{name}").start(timeout=PATIENCE)
        with pytest.raises(salobj.AckError):
            await client.add()
        await client.remote.cmd_pause.start(timeout=PATIENCE)
        await client.remote.cmd_enable.start(timeout=PATIENCE)
        await client.remote.cmd_resume.start(timeout=PATIENCE)
        await client.until_queue(running=True)


async def test_closing_the_queue_ends_its_scripts(folders, tmp_path):
    async with a_queue(folders, tmp_path) as client:
        index = await client.add(config="wait_time: 600")
        await client.until_process(index, ScriptProcessState.RUNNING)
        process = client.queue.scripts[index]._process
        assert process.returncode is None
    assert process.returncode is not None
    await asyncio.sleep(0)
