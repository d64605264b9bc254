# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fake ScriptQueue, with the interface of the real one."""

__all__ = ["SimScriptQueue"]

import asyncio
import dataclasses
import typing
from pathlib import Path

import lsst.ts.salobj as salobj

from ...sal.compat import message_index
from ..config import SimulationConfig
from ..csc.compat import acknowledge_progress, script_index_field
from ..csc.simulated import SimulatedCsc
from ..csc.transition_faults import TransitionFaults
from .blocks import BlockTracker
from .catalog import ScriptCatalog, fetch_schema
from .events import QueueEvents
from .request import ScriptRequest
from .runner import QueueRunner
from .script import QueuedScript

INDEX_RANGE = 100_000
"""Number of script indices that belong to a queue."""
_STOP_MARGIN = 10.0


class SimScriptQueue(TransitionFaults, SimulatedCsc):
    """Fake ScriptQueue: loads scripts as processes, and runs them one after the other.

    Parameters
    ----------
    config : `SimulationConfig`, optional
        Settings of the observatory.
    index : `int`
        Index; 2 is the Auxiliary Telescope's.
    standard, external : `~pathlib.Path`, optional
        Directories of the scripts; by default both are that of this package.
    initial_state : `lsst.ts.salobj.State`, optional
        State to go to at the start; by default ENABLED, where the real one is always.
    **kwargs
        More arguments of `SimulatedCsc`.
    """

    def __init__(
        self,
        config: SimulationConfig | None = None,
        *,
        index: int = 2,
        standard: Path | None = None,
        external: Path | None = None,
        initial_state: salobj.State | None = None,
        **kwargs: typing.Any,
    ) -> None:
        default = Path(__file__).parents[2] / "data" / "scripts"
        self.catalog = ScriptCatalog(standard or default, external or default)
        self._events = QueueEvents(self)
        self._runner = QueueRunner(
            self._events,
            is_enabled=lambda: self.summary_state == salobj.State.ENABLED,
            now=lambda: self.world.clock.tai(),  # noqa: PLW0108 - made by the base class
        )
        self._blocks = BlockTracker(lambda: self.world.clock.day_obs())  # noqa: PLW0108 - as above
        self.scripts = self._runner.scripts
        self._first_index = self._next_index = INDEX_RANGE * index
        rest = salobj.State.ENABLED if initial_state is None else initial_state
        super().__init__("ScriptQueue", config, index=index, initial_state=rest, **kwargs)
        self.cmd_stopScripts.allow_multiple_callbacks = True
        self.cmd_showSchema.allow_multiple_callbacks = True
        self._remote = salobj.Remote(
            self.domain, "Script", 0, include=["state", "metadata"], evt_max_history=0
        )
        self._remote.evt_state.callback = self._hear_state
        self._remote.evt_metadata.callback = self._hear_metadata

    async def start_background(self) -> None:
        """Begin to watch over scripts, and tell what there is."""
        await super().start_background()
        await self._remote.start_task
        if self.world.faults.hit("queue.start", component=self.component):
            self._runner.running = False
        await self._events.directories(self.catalog)
        await self._events.available(self.catalog)
        self.spawn(self._runner.advance_for_ever())

    async def close_tasks(self) -> None:
        """End all scripts."""
        alive = [script for script in self.scripts.values() if not script.done]
        await asyncio.gather(*(script.terminate() for script in alive))
        await super().close_tasks()

    async def handle_summary_state(self) -> None:
        """Start scripts only when ENABLED."""
        await super().handle_summary_state()
        await self._runner.tell_queue(force=False)
        self._runner.wake.set()

    # Commands.

    async def do_showAvailableScripts(self, data: typing.Any) -> None:
        """Publish which scripts there are."""
        self.assert_enabled()
        await self._events.available(self.catalog)

    async def do_showSchema(self, data: typing.Any) -> None:
        """Publish the schema of a script."""
        self.assert_enabled()
        try:
            executable = self.catalog.executable(data.isStandard, data.path)
            schema = await fetch_schema(executable)
        except (ValueError, RuntimeError, OSError) as error:
            raise salobj.ExpectedError(str(error)) from error
        await self._events.schema(data, schema)

    async def do_showQueue(self, data: typing.Any) -> None:
        """Publish the queue."""
        self.assert_enabled()
        await self._runner.tell_queue()

    async def do_showScript(self, data: typing.Any) -> None:
        """Publish how a script is."""
        self.assert_enabled()
        await self._events.script(self._find(_script_index(data)), force=True)

    async def do_pause(self, data: typing.Any) -> None:
        """Start no more scripts."""
        self._runner.running = False
        await self._runner.tell_queue()

    async def do_resume(self, data: typing.Any) -> None:
        """Start scripts again; one that failed becomes one of the past."""
        self.assert_enabled()
        self._runner.running = True
        await self._runner.tell_queue()
        self._runner.wake.set()

    async def do_add(self, data: typing.Any) -> typing.Any:
        """Put a script on the queue; its index is the result of the acknowledgement."""
        self.assert_enabled()
        return await self._put(ScriptRequest.of(data), data)

    async def do_requeue(self, data: typing.Any) -> typing.Any:
        """Put a script that is or was on the queue on it again."""
        self.assert_enabled()
        return await self._put(self._find(_script_index(data)).request, data)

    async def do_move(self, data: typing.Any) -> None:
        """Move a script that waits."""
        self.assert_enabled()
        try:
            self._runner.lineup.move(_script_index(data), data.location, data.locationSalIndex)
        except ValueError as error:
            raise salobj.ExpectedError(str(error)) from error
        await self._runner.tell_queue()
        self._runner.wake.set()

    async def do_stopScripts(self, data: typing.Any) -> None:
        """End scripts that wait or run; others are left alone."""
        self.assert_enabled()
        if not 0 < data.length <= len(data.salIndices):
            raise salobj.ExpectedError(f"length={data.length} is none")
        indices = dict.fromkeys(data.salIndices[: data.length])
        scripts = [self.scripts[index] for index in indices if index in self._runner.lineup]
        for script in scripts:
            script.stopping = True
        limit = self.world.config.queue_stop_timeout
        await acknowledge_progress(self.cmd_stopScripts, data, limit + _STOP_MARGIN)
        ends = await asyncio.gather(
            *(script.stop(terminate=data.terminate, timeout=limit) for script in scripts),
            return_exceptions=True,
        )
        for script in scripts:
            script.stopping = False
            if script.done:
                await self._runner.retire(script)
        await self._runner.tell_queue()
        self._runner.wake.set()
        for end in ends:
            if isinstance(end, BaseException):
                raise end  # salobj acknowledges a TimeoutError as a timeout

    # The scripts.

    def _find(self, index: int) -> QueuedScript:
        script = self.scripts.get(index)
        if script is None:
            raise salobj.ExpectedError(f"There is no script {index}.")
        return script

    async def _put(self, request: ScriptRequest, data: typing.Any) -> typing.Any:
        try:
            executable = self.catalog.executable(request.is_standard, request.path)
            self._runner.lineup.check(data.location, data.locationSalIndex)
            # Last, since a script that is refused for something else has no place in its block.
            # One that is put on the queue again keeps the one that it had.
            if getattr(data, "block", ""):
                place = self._blocks.place(data.block, data.blockSize, starts=data.startBlock)
                request = dataclasses.replace(request, place=place)
        except ValueError as error:
            raise salobj.ExpectedError(str(error)) from error
        script = self._make_script(request, data.private_seqNum)
        self._runner.lineup.add(script.index, data.location, data.locationSalIndex)
        name = f"script-{script.index}-{executable.stem}.log"
        try:
            await script.launch(executable, self.world.config.root / "logs" / name)
        except OSError as error:
            self._runner.lineup.waiting.remove(script.index)
            del self.scripts[script.index]
            raise salobj.ExpectedError(f"{request.path} cannot be started: {error}") from error
        self.spawn(script.live())
        await self._runner.tell_queue()
        return self.salinfo.make_ackcmd(
            private_seqNum=data.private_seqNum,
            ack=salobj.SalRetCode.CMD_COMPLETE,
            result=str(script.index),
        )

    def _make_script(self, request: ScriptRequest, command_id: int) -> QueuedScript:
        script = QueuedScript(
            self._next_index,
            command_id,
            request,
            remote=self._remote,
            changed=self._script_changed,
            now=self.world.clock.tai,
            log=self.log,
        )
        self._next_index += 1
        if self._next_index >= self._first_index + INDEX_RANGE:
            self._next_index = self._first_index
        self.scripts[script.index] = script
        return script

    async def _hear_state(self, message: typing.Any) -> None:
        script = self.scripts.get(message_index(message, "Script"))
        if script is not None and not script.done:
            await script.hear_state(message)

    async def _hear_metadata(self, message: typing.Any) -> None:
        script = self.scripts.get(message_index(message, "Script"))
        if script is not None:
            script.metadata = message

    async def _script_changed(self, script: QueuedScript) -> None:
        await self._events.script(script)
        await script.wake()
        self._runner.wake.set()


def _script_index(data: typing.Any) -> int:
    """Return which script a command is about (`int`)."""
    return int(getattr(data, script_index_field(data)))
