# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fake ScriptQueue, with the interface of the real one."""

__all__ = ["SimScriptQueue"]

import asyncio
import typing
from pathlib import Path

import lsst.ts.salobj as salobj

from ...sal.compat import message_index
from ..clock import iso_from_tai
from ..config import SimulationConfig
from ..csc.simulated import SimulatedCsc
from ..csc.transition_faults import TransitionFaults
from .catalog import ScriptCatalog, fetch_schema
from .lineup import MOST_SCRIPTS, Lineup
from .script import STOP_TIMEOUT, QueuedScript, ScriptRequest

INDEX_RANGE = 100_000
"""Number of script indices that belong to a queue."""
_METADATA = (
    "coordinateSystem",
    "position",
    "rotationSystem",
    "cameraAngle",
    "filters",
    "dome",
    "duration",
    "nimages",
    "survey",
    "totalCheckpoints",
)
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
        self.lineup = Lineup()
        self.scripts: dict[int, QueuedScript] = {}
        self.running = True
        self._first_index = self._next_index = INDEX_RANGE * index
        self._last_group = ""
        self._seen_failures: set[int] = set()
        self._wake = asyncio.Event()
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
            self.running = False
        self.publish(
            self.evt_rootDirectories,
            standard=str(self.catalog.standard),
            external=str(self.catalog.external),
        )
        self._publish_available()
        self.spawn(self._advance_for_ever())

    async def close_tasks(self) -> None:
        """End all scripts."""
        alive = [script for script in self.scripts.values() if not script.done]
        await asyncio.gather(*(script.terminate() for script in alive))
        await super().close_tasks()

    async def handle_summary_state(self) -> None:
        """Start scripts only when ENABLED."""
        await super().handle_summary_state()
        self._publish_queue(force=False)
        self._wake.set()

    # Commands.

    async def do_showAvailableScripts(self, data: typing.Any) -> None:
        """Publish which scripts there are."""
        self.assert_enabled()
        self._publish_available()

    async def do_showSchema(self, data: typing.Any) -> None:
        """Publish the schema of a script."""
        self.assert_enabled()
        try:
            executable = self.catalog.executable(data.isStandard, data.path)
            schema = await fetch_schema(executable)
        except (ValueError, RuntimeError, OSError) as error:
            raise salobj.ExpectedError(str(error)) from error
        self.publish(
            self.evt_configSchema,
            isStandard=data.isStandard,
            path=data.path,
            configSchema=schema,
        )

    async def do_showQueue(self, data: typing.Any) -> None:
        """Publish the queue."""
        self.assert_enabled()
        self._publish_queue()

    async def do_showScript(self, data: typing.Any) -> None:
        """Publish how a script is."""
        self.assert_enabled()
        self._publish_script(self._find(data.salIndex), force=True)

    async def do_pause(self, data: typing.Any) -> None:
        """Start no more scripts."""
        self.running = False
        self._publish_queue()

    async def do_resume(self, data: typing.Any) -> None:
        """Start scripts again; one that failed becomes one of the past."""
        self.assert_enabled()
        self.running = True
        self._publish_queue()
        self._wake.set()

    async def do_add(self, data: typing.Any) -> typing.Any:
        """Put a script on the queue; its index is the result of the acknowledgement."""
        self.assert_enabled()
        request = ScriptRequest(
            is_standard=data.isStandard,
            path=data.path,
            config=data.config,
            log_level=data.logLevel,
            pause_checkpoint=data.pauseCheckpoint,
            stop_checkpoint=data.stopCheckpoint,
        )
        return await self._put(request, data)

    async def do_requeue(self, data: typing.Any) -> typing.Any:
        """Put a script that is or was on the queue on it again."""
        self.assert_enabled()
        return await self._put(self._find(data.salIndex).request, data)

    async def do_move(self, data: typing.Any) -> None:
        """Move a script that waits."""
        self.assert_enabled()
        try:
            self.lineup.move(data.salIndex, data.location, data.locationSalIndex)
        except ValueError as error:
            raise salobj.ExpectedError(str(error)) from error
        self._publish_queue()
        self._wake.set()

    async def do_stopScripts(self, data: typing.Any) -> None:
        """End scripts that wait or run; others are left alone."""
        self.assert_enabled()
        if not 0 < data.length <= len(data.salIndices):
            raise salobj.ExpectedError(f"length={data.length} is none")
        indices = dict.fromkeys(data.salIndices[: data.length])
        scripts = [self.scripts[index] for index in indices if index in self.lineup]
        for script in scripts:
            script.stopping = True
        self.cmd_stopScripts.ack_in_progress(data, STOP_TIMEOUT + _STOP_MARGIN)
        await asyncio.gather(*(script.stop(terminate=data.terminate) for script in scripts))
        for script in scripts:
            self._retire(script)
        self._publish_queue()
        self._wake.set()

    # The scripts.

    def _find(self, index: int) -> QueuedScript:
        script = self.scripts.get(index)
        if script is None:
            raise salobj.ExpectedError(f"There is no script {index}.")
        return script

    async def _put(self, request: ScriptRequest, data: typing.Any) -> typing.Any:
        try:
            executable = self.catalog.executable(request.is_standard, request.path)
            self.lineup.check(data.location, data.locationSalIndex)
        except ValueError as error:
            raise salobj.ExpectedError(str(error)) from error
        script = self._make_script(request, data.private_seqNum)
        self.lineup.add(script.index, data.location, data.locationSalIndex)
        name = f"script-{script.index}-{executable.stem}.log"
        try:
            await script.launch(executable, self.world.config.root / "logs" / name)
        except OSError as error:
            self.lineup.waiting.remove(script.index)
            del self.scripts[script.index]
            raise salobj.ExpectedError(f"{request.path} cannot be started: {error}") from error
        self.spawn(script.live())
        self._publish_queue()
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
            script.hear_state(message)

    async def _hear_metadata(self, message: typing.Any) -> None:
        script = self.scripts.get(message_index(message, "Script"))
        if script is not None:
            script.metadata = message

    def _script_changed(self, script: QueuedScript) -> None:
        self._publish_script(script)
        self.spawn(script.wake())
        self._wake.set()

    # The order in which they run.

    async def _advance_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            changed = False
            while self._clear_ended() or await self._start_next():
                changed = True
            if changed:
                self._publish_queue()

    def _clear_ended(self) -> bool:
        """Do away with scripts that have ended; pause if the current one failed."""
        ended = [
            self.scripts[index]
            for index in (self.lineup.current, *self.lineup.waiting)
            if index and self.scripts[index].done and not self.scripts[index].stopping
        ]
        changed = False
        for script in ended:
            if script.failed and script.index not in self._seen_failures:
                self._seen_failures.add(script.index)
                self.running = False
            elif script.failed and not self._may_start():
                continue
            else:
                self._retire(script)
            changed = True
        return changed

    def _retire(self, script: QueuedScript) -> None:
        if script.index not in self.lineup:
            return
        if script.group_id and not script.times.run_start:
            self._cancel_visit(script)
        for index in self.lineup.retire(script.index):
            self.scripts.pop(index, None)
            self._seen_failures.discard(index)

    def _may_start(self) -> bool:
        return self.running and self.summary_state == salobj.State.ENABLED

    async def _start_next(self) -> bool:
        """Take the next step towards running what is on top."""
        for index in self.lineup.waiting[1:]:
            script = self.scripts[index]
            if script.group_id and script.runnable:
                self._cancel_visit(script)
                await script.set_group_id("")
        if not self.lineup.waiting or not self._may_start():
            return False
        top = self.scripts[self.lineup.waiting[0]]
        if not top.runnable:
            return False
        if not top.group_id:
            if await top.set_group_id(self._make_group_id()):
                self._announce_visit(top)
            self._wake.set()
            return False
        if self.lineup.current:
            return False
        self.lineup.start(top.index)
        await top.run()
        return True

    def _make_group_id(self) -> str:
        tai = self.world.clock.tai()
        while (group := iso_from_tai(tai)) <= self._last_group:
            tai += 0.001
        self._last_group = group
        return group

    # Events.

    def _announce_visit(self, script: QueuedScript) -> None:
        fields = {name: getattr(script.metadata, name) for name in _METADATA if script.metadata}
        self.publish(self.evt_nextVisit, salIndex=script.index, groupId=script.group_id, **fields)

    def _cancel_visit(self, script: QueuedScript) -> None:
        self.publish(self.evt_nextVisitCanceled, salIndex=script.index, groupId=script.group_id)

    def _publish_available(self) -> None:
        self.publish(
            self.evt_availableScripts,
            standard=":".join(self.catalog.find(is_standard=True)),
            external=":".join(self.catalog.find(is_standard=False)),
        )

    def _publish_queue(self, *, force: bool = True) -> None:
        self.evt_queue.set_put(
            enabled=self.summary_state == salobj.State.ENABLED,
            running=self.running,
            currentSalIndex=self.lineup.current,
            length=len(self.lineup.waiting),
            salIndices=_pad(self.lineup.waiting),
            pastLength=len(self.lineup.past),
            pastSalIndices=_pad(self.lineup.past),
            force_output=force,
        )

    def _publish_script(self, script: QueuedScript, *, force: bool = False) -> None:
        times = script.times
        self.evt_script.set_put(
            cmdId=script.command_id,
            salIndex=script.index,
            isStandard=script.request.is_standard,
            path=script.request.path,
            timestampProcessStart=times.process_start,
            timestampConfigureStart=times.configure_start,
            timestampConfigureEnd=times.configure_end,
            timestampRunStart=times.run_start,
            timestampProcessEnd=times.process_end,
            processState=int(script.process_state),
            scriptState=script.state,
            force_output=force,
        )


def _pad(indices: list[int]) -> list[int]:
    return indices + [0] * (MOST_SCRIPTS - len(indices))
