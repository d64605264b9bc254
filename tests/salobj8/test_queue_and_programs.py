# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fake ScriptQueue on salobj 8, and the program that runs components there."""

import asyncio
import os
import pathlib
import re
import signal
import stat

import pytest
from salobj8_bench import running, until
from salobj8_components import Controller, Domain
from salobj8_world import ScriptState

from lsst.ts.dailycal.model import ProcessState

INDEX = 200_000
LAST = 2
PROCESS = """#!/bin/sh
while [ ! -e "{end}" ]; do sleep 0.05; done
"""


class Script(Controller):
    """The SAL side of a script; its process is another one, which waits for a file to end."""

    version = "test"

    def __init__(self, index: int, end: pathlib.Path) -> None:
        self.received: list[tuple[str, dict[str, object]]] = []
        self._end = end
        super().__init__("Script", index, do_callbacks=True)

    async def start(self) -> None:
        await super().start()
        await self.tell(ScriptState.UNCONFIGURED)

    async def tell(self, state: ScriptState) -> None:
        await self.evt_state.set_write(state=int(state), force_output=True)

    def note(self, command: str, data: object) -> None:
        self.received.append((command, vars(data)))

    async def do_configure(self, data: object) -> None:
        self.note("configure", data)
        await self.evt_metadata.set_write(duration=5.0, instrument="LATISS")
        await self.tell(ScriptState.CONFIGURED)

    async def do_setGroupId(self, data: object) -> None:
        self.note("setGroupId", data)

    async def do_run(self, data: object) -> None:
        self.note("run", data)
        await self.tell(ScriptState.RUNNING)

    async def do_stop(self, data: object) -> None:
        self.note("stop", data)
        await self.tell(ScriptState.STOPPING)

    async def do_resume(self, data: object) -> None:
        self.note("resume", data)

    async def do_setCheckpoints(self, data: object) -> None:
        self.note("setCheckpoints", data)

    async def finish(self) -> None:
        await self.tell(ScriptState.DONE)
        self._end.touch()

    def commands(self) -> list[str]:
        return [command for command, _ in self.received]


@pytest.fixture
def scripts(tmp_path: pathlib.Path) -> pathlib.Path:
    folder = tmp_path / "scripts"
    folder.mkdir()
    script = folder / "wait"
    script.write_text(PROCESS.format(end=tmp_path / "end"))
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return folder


def is_at(bench, process_state: int):
    def look() -> bool:
        told = bench.written("evt_script")
        return bool(told) and told[-1].processState == process_state

    return look


async def test_a_script_is_loaded_run_and_shown_with_the_fields_of_xml_28(
    scripts, make_config, tmp_path
):
    config = make_config()
    async with running("ScriptQueue:2", config, standard=scripts, external=scripts) as bench:
        assert await bench.send("pause") == ""
        assert await bench.send("add", isStandard=True, path="wait", location=LAST) == ""
        assert bench.written("ack_ackcmd")[-1].result == str(INDEX)
        async with Script(INDEX, tmp_path / "end") as script:
            await until(is_at(bench, ProcessState.CONFIGURED))
            assert script.received[0][1]["salIndex"] == INDEX
            assert "no script" in await bench.send("showScript", scriptSalIndex=INDEX + 7)
            assert await bench.send("showScript", scriptSalIndex=INDEX) == ""
            assert await bench.send("move", scriptSalIndex=INDEX, location=LAST) == ""
            assert await bench.send("resume") == ""
            await until(is_at(bench, ProcessState.RUNNING))
            await script.finish()
            await until(is_at(bench, ProcessState.DONE))
            await until(lambda: bench.written("evt_queue")[-1].pastLength == 1)
            assert script.commands() == ["configure", "setGroupId", "run"]
        told = bench.written("evt_script")[-1]
        assert (told.scriptSalIndex, told.salIndex) == (INDEX, 2)
        visit = bench.written("evt_nextVisit")[-1]
        assert (visit.scriptSalIndex, visit.duration, visit.instrument) == (INDEX, 5.0, "LATISS")
        assert bench.topics() >= {
            "evt_availableScripts",
            "evt_nextVisit",
            "evt_queue",
            "evt_rootDirectories",
            "evt_script",
        }


async def test_a_script_of_a_block_is_told_its_block_and_shown_with_it(
    scripts, make_config, tmp_path
):
    config = make_config()
    where = {"isStandard": True, "path": "wait", "location": LAST}
    block = {"block": "BLOCK-295", "blockSize": 2, "executionId": "E1"}
    async with running("ScriptQueue:2", config, standard=scripts, external=scripts) as bench:
        await bench.send("pause")
        assert "no observing block" in await bench.send("add", **where, block="LATISS")
        assert await bench.send("add", **{**where, "path": "x"}, **block, startBlock=True) != ""
        assert await bench.send("add", **where, **block, startBlock=True) == ""
        assert await bench.send("add", **where, **block) == ""
        assert await bench.send("add", **where) == ""
        # Again, in its place of before: the script of a block that failed, for example.
        requeued = {"scriptSalIndex": INDEX + 1, "location": LAST}
        assert await bench.send("requeue", **requeued) == ""
        async with Script(INDEX, tmp_path / "end") as script:
            await until(lambda: script.received)
            told = script.received[0][1]
        shown = {item.scriptSalIndex: item for item in bench.written("evt_script")}
        execution = shown[INDEX].blockId
        assert re.fullmatch(r"BL295_O_\d{8}_000001", execution)
        assert [
            (item.blockId, item.scriptBlockIndex, item.blockSize, item.executionId)
            for _, item in sorted(shown.items())
        ] == [(execution, 0, 2, "E1"), (execution, 1, 2, "E1"), ("", 0, 0, ""),
              (execution, 1, 2, "E1")]  # fmt: skip
        assert (told["blockId"], told["executionId"]) == (execution, "E1")


async def test_a_script_that_does_not_stop_in_time_is_left_to_end_by_itself(
    scripts, make_config, tmp_path
):
    config = make_config(queue_stop_timeout=0.5)
    async with running("ScriptQueue:2", config, standard=scripts, external=scripts) as bench:
        await bench.send("add", isStandard=True, path="wait", location=LAST)
        async with Script(INDEX, tmp_path / "end") as script:
            await until(is_at(bench, ProcessState.RUNNING))
            indices = [INDEX, *[0] * 399]
            assert await bench.send("stopScripts", length=1, salIndices=indices) == "Timeout"
            assert bench.written("ack_ackcmd")[-1].ack == -304
            assert script.commands()[-1] == "stop"
            assert is_at(bench, ProcessState.RUNNING)()
            await script.finish()
            await until(is_at(bench, ProcessState.DONE))
            await until(lambda: bench.written("evt_queue")[-1].pastLength == 1)
        assert bench.written("evt_queue")[-1].running


async def test_a_script_that_lost_its_turn_loses_its_visit_and_its_process(
    scripts, make_config, tmp_path
):
    config = make_config()
    async with running("ScriptQueue:2", config, standard=scripts, external=scripts) as bench:
        await bench.send("pause")
        await bench.send("add", isStandard=True, path="wait", location=LAST)
        async with Script(INDEX, tmp_path / "end") as script:
            await until(is_at(bench, ProcessState.CONFIGURED))
            await bench.send("resume")
            await until(lambda: "run" in script.commands())
            indices = [INDEX, *[0] * 399]
            arguments = {"length": 1, "salIndices": indices, "terminate": True}
            assert await bench.send("stopScripts", **arguments) == ""
        assert bench.written("evt_script")[-1].processState == ProcessState.TERMINATED
        assert bench.written("evt_queue")[-1].pastLength == 1


async def test_sigterm_ends_every_component_of_a_process(make_config):
    from lsst.ts.dailycal.sim import programs

    names = ["ATMCS", "ATPtg"]
    ended = asyncio.ensure_future(programs._run(names, make_config(), "enabled"))
    bus = Domain.shared
    await until(lambda: all(bus.last(name, "evt_heartbeat") for name in names))
    os.kill(os.getpid(), signal.SIGTERM)
    async with asyncio.timeout(10):
        assert await ended == 0
    assert {name for (name, _), readers in bus.readers.items() if readers} == set()


@pytest.fixture(autouse=True)
def signals():
    """Give the signals back that components take."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
