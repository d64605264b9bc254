# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A script queue in memory, with the habits of the real one."""

import asyncio
import dataclasses
import logging

from lsst.ts.dailycal.calibration.schema import configuration_schema
from lsst.ts.dailycal.model import (
    Announcement,
    ComponentName,
    ComponentStatus,
    ConditionReading,
    ProcessState,
    QueuedScript,
    QueueError,
    QueueStatus,
    ScriptPath,
    ScriptRequest,
    ScriptState,
    ScriptUpdate,
)
from lsst.ts.dailycal.page import BIAS_DARK, PROCEDURES
from lsst.ts.dailycal.scripts.launch import schema as packaged_schema

NAME = ComponentName("ScriptQueue", 2)
EVERY_SCRIPT = frozenset(step.script for page in PROCEDURES.values() for step in page.steps)
HEALTHY = {
    "ccd": -104.0,
    "ccd_set_point": -104.0,
    "cold_plate": -112.0,
    "cryo_head": -134.0,
    "vacuum": 2.5e-6,
    "board": 27.5,
    "store": 60.0,
}
EVERY_COMPONENT = tuple(dict.fromkeys(name for step in BIAS_DARK.steps for name in step.components))


@dataclasses.dataclass
class Behaviour:
    """How a script behaves."""

    duration: float = 10.0
    end: ScriptState = ScriptState.DONE
    process: ProcessState = ProcessState.DONE
    reason: str = ""
    refuses: str = ""
    silent_after: float | None = None
    messages: tuple[tuple[int, str], ...] = ((logging.INFO, "the end"),)


class QueueInMemory:
    def __init__(self, behaviours: dict[str, Behaviour] | None = None) -> None:
        self.behaviours = behaviours or {}
        self.available_scripts = EVERY_SCRIPT
        self.alive, self.state, self.running = True, "ENABLED", True
        self.current: QueuedScript | None = None
        self.waiting: tuple[QueuedScript, ...] = ()
        self.added: list[ScriptRequest] = []
        self.stopped: list[int] = []
        self.gives_up_on_stop = 0.0
        """How long a script goes on after the queue gave up stopping it, in seconds; 0: it does."""
        self._ends_at: dict[int, float] = {}
        self.resumed = 0
        self.schemas: dict[ScriptPath, dict | None] = {}
        self.updates: dict[int, ScriptUpdate] = {}
        self._begun: dict[int, float] = {}

    async def status(self, timeout: float) -> QueueStatus:
        return QueueStatus(NAME, self.alive, self.state, self.running, self.current, self.waiting)

    async def available(self, timeout: float) -> frozenset[ScriptPath]:
        return self.available_scripts

    async def schema(self, script: ScriptPath, timeout: float):
        if script in self.schemas:
            return self.schemas[script]
        if script.path == "auxtel/make_latiss_calibrations.py":
            return configuration_schema()
        name = script.path.removesuffix(".py").replace("auxtel/scheduler/", "scheduler_")
        return packaged_schema(name.replace("auxtel/", "").replace("/", "_"))

    async def add(self, request: ScriptRequest, timeout: float) -> int:
        behaviour = self._behaviour(request)
        if behaviour.refuses:
            raise QueueError(f"ScriptQueue:2 refused command add: {behaviour.refuses}.")
        self.added.append(request)
        index = 200000 + len(self.added)
        self.updates[index] = ScriptUpdate(index, ProcessState.LOADING, ScriptState.UNCONFIGURED)
        return index

    async def next_update(self, seen: ScriptUpdate, timeout: float) -> ScriptUpdate:
        await asyncio.sleep(timeout)
        index = seen.index
        behaviour = self._behaviour(self.added[index - 200001])
        now = asyncio.get_running_loop().time()
        update = self.updates[index]
        if update.is_over:
            return update
        if now >= self._ends_at.get(index, now + 1.0):
            update = dataclasses.replace(
                update, process=ProcessState.DONE, state=ScriptState.STOPPED
            )
        elif update.is_waiting and self.running:
            self._begun[index] = now
            update = dataclasses.replace(
                update, process=ProcessState.RUNNING, state=ScriptState.RUNNING
            )
        elif update.state is ScriptState.RUNNING:
            spent = now - self._begun[index]
            if behaviour.silent_after is not None and spent > behaviour.silent_after:
                raise QueueError("ScriptQueue:2 has not been heard for 30 s.")
            if spent >= behaviour.duration:
                update = dataclasses.replace(
                    update,
                    process=behaviour.process,
                    state=behaviour.end,
                    reason=behaviour.reason,
                    messages=behaviour.messages,
                )
                if behaviour.end is ScriptState.FAILED:
                    self.running = False
                    self.current = QueuedScript(index, self.added[-1].script.path, update.state)
        update = dataclasses.replace(update, queue_running=self.running)
        self.updates[index] = update
        return update

    async def stop(self, index: int, timeout: float) -> None:
        self.stopped.append(index)
        if self.gives_up_on_stop:
            self._ends_at[index] = asyncio.get_running_loop().time() + self.gives_up_on_stop
            raise QueueError("ScriptQueue:2 refused command stopScripts: Timeout.")
        state = self.updates[index]
        new = (
            dataclasses.replace(state, process=ProcessState.TERMINATED)
            if state.is_waiting
            else dataclasses.replace(state, process=ProcessState.DONE, state=ScriptState.STOPPED)
        )
        self.updates[index] = new

    async def resume(self, timeout: float) -> None:
        self.resumed += 1
        self.running, self.current = True, None

    def _behaviour(self, request: ScriptRequest) -> Behaviour:
        return self.behaviours.get(request.script.path, Behaviour())


class AnnouncerInMemory:
    def __init__(self, delay: float = 0.0, problem: str = "", error: Exception | None = None):
        self.delay, self.problem, self.error = delay, problem, error
        self.made: list[Announcement] = []

    async def announce(self, announcement: Announcement, timeout: float):
        await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error
        self.made.append(announcement)
        return [self.problem] if self.problem else []


class ComponentsInMemory:
    """Components that become ENABLED by the scripts that a queue has run."""

    def __init__(self, *, rest: str = "STANDBY", **changes: ComponentStatus) -> None:
        self.rest, self.changes = rest, changes
        self.queue: QueueInMemory | None = None

    async def status(self):
        done = {request.script.path for request in self.queue.added} if self.queue else set()
        enabled = {
            name
            for step in BIAS_DARK.steps
            if step.enables and step.script.path in done
            for name in step.components
        }
        return [
            self.changes.get(
                name.name,
                ComponentStatus(name, "ENABLED" if name in enabled else self.rest, alive=True),
            )
            for name in EVERY_COMPONENT
        ]


class CameraInMemory:
    def __init__(self, *findings) -> None:
        self.findings = findings

    async def check(self):
        return self.findings


class GaugesInMemory:
    def __init__(self, **changes: float | None) -> None:
        self.values = {**HEALTHY, **changes}

    async def read(self, timeout: float):
        return [
            ConditionReading(name, value)
            for name, value in self.values.items()
            if value is not None
        ]


class RepositoryInMemory:
    def __init__(self, *conflicts, error: Exception | None = None, lacks: str = "") -> None:
        self.conflicts, self.error, self.lacks = conflicts, error, lacks

    async def has_calibration(self, collections, dataset_type, moment, timeout: float):
        assert moment.startswith("20")
        return bool(collections) and dataset_type != self.lacks

    async def find_conflicts(self, certification, timeout: float):
        if self.error is not None:
            raise self.error
        return [item for item in self.conflicts if item.dataset_type == certification.dataset_type]


class LoopClock:
    def tai(self) -> float:
        return 1795000000.0 + asyncio.get_running_loop().time()
