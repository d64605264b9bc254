# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The queue port over ScriptQueue, of any XML version."""

__all__ = ["QUEUE_INDEX", "SalQueue"]

import typing
from collections.abc import Mapping

import lsst.ts.salobj as salobj
import yaml

from ...model import QueueError, QueueStatus, ScriptPath, ScriptRequest, ScriptUpdate
from ..compat import message_fields
from ..component import ComponentWatch
from .tracks import QueueTracks

QUEUE_INDEX = 2
"""Index of the queue of the Auxiliary Telescope."""
LAST = 2
"""Location in the queue: at its end."""
SILENCE = 30.0
"""How long the queue may be silent, in seconds, before it counts as gone: it beats every 1 s."""
LAST_WORDS = 2.0
"""How long a script's own last message may come after the queue's, in seconds."""


class SalQueue:
    """Puts scripts into a ScriptQueue, and follows them.

    Parameters
    ----------
    remote : `lsst.ts.salobj.Remote`
        Remote of the queue, with the events of `QUEUE_TOPICS`.
    scripts : `lsst.ts.salobj.Remote`
        Remote of all scripts, with the events of `SCRIPT_TOPICS`. Its index is 0: a remote for
        one script would not be ready in time for its first messages.
    """

    QUEUE_TOPICS = (
        *ComponentWatch.TOPICS,
        "queue",
        "script",
        "availableScripts",
        "configSchema",
    )
    """Events that the remote of the queue must include."""
    SCRIPT_TOPICS = ("state", "metadata", "logMessage")
    """Events that the remote of the scripts must include."""

    def __init__(self, remote: typing.Any, scripts: typing.Any) -> None:
        self._remote = remote
        self._scripts = scripts
        self._watch = ComponentWatch(remote)
        self._board = self._watch.board
        fields = message_fields(self._remote.evt_script.DataType())
        self._tracks = QueueTracks("scriptSalIndex" if "scriptSalIndex" in fields else "salIndex")
        self._queue: Mapping[str, typing.Any] = {}
        self._available: list[frozenset[ScriptPath]] = []
        self._schemas: dict[ScriptPath, str] = {}
        self._taken: dict[int, int] = {}
        listen = self._board.listen
        listen(self._remote.evt_queue, self._hear_queue)
        listen(self._remote.evt_script, self._tracks.hear_script)
        listen(self._remote.evt_availableScripts, self._hear_available)
        listen(self._remote.evt_configSchema, self._hear_schema)
        listen(self._scripts.evt_state, self._tracks.hear_state)
        listen(self._scripts.evt_metadata, self._tracks.hear_metadata)
        listen(self._scripts.evt_logMessage, self._tracks.hear_log)

    @classmethod
    def make(cls, domain: typing.Any, index: int = QUEUE_INDEX) -> typing.Self:
        """Make the port with remotes of its own.

        Parameters
        ----------
        domain : `lsst.ts.salobj.Domain`
            Domain of the remotes.
        index : `int`, optional
            Index of the queue.
        """
        remote = salobj.Remote(domain, "ScriptQueue", index, include=list(cls.QUEUE_TOPICS))
        return cls(remote, salobj.Remote(domain, "Script", 0, include=list(cls.SCRIPT_TOPICS)))

    async def start(self) -> None:
        """Wait until the remotes have their history."""
        await self._remote.start_task
        await self._scripts.start_task

    async def status(self, timeout: float) -> QueueStatus:
        """Report how the queue is."""
        beats = self._watch.beats
        alive = await self._board.wait_until(lambda: self._watch.beats > beats, timeout)
        state = "" if self._watch.state is None else str(self._watch.state.name)
        queue = self._queue
        current = int(queue.get("currentSalIndex", 0))
        waiting = list(queue.get("salIndices", ()))[: int(queue.get("length", 0))]
        if alive and self._watch.is_enabled:
            for index in filter(None, (current, *waiting)):
                if not self._tracks.get(int(index)).path:
                    await self._show_script(int(index), timeout)
        return QueueStatus(
            name=self._watch.name,
            alive=alive,
            state=state,
            running=bool(queue.get("running", False)),
            current=self._tracks.queued(current) if current else None,
            waiting=tuple(self._tracks.queued(int(index)) for index in waiting),
        )

    async def available(self, timeout: float) -> frozenset[ScriptPath]:
        """Return the scripts that the queue can run."""
        self._available.clear()
        await self._command("showAvailableScripts", timeout)
        if not await self._board.wait_until(lambda: bool(self._available), timeout):
            raise self._error(f"did not tell its scripts within {timeout:g} s.")
        return self._available[-1]

    async def schema(self, script: ScriptPath, timeout: float) -> Mapping[str, typing.Any] | None:
        """Return the JSON schema of a script's configuration."""
        self._schemas.pop(script, None)
        await self._command("showSchema", timeout, isStandard=script.is_standard, path=script.path)
        await self._board.wait_until(lambda: script in self._schemas, timeout)
        if script not in self._schemas:
            raise self._error(f"did not tell the schema of {script} within {timeout:g} s.")
        try:
            schema = yaml.safe_load(self._schemas[script])
        except yaml.YAMLError as error:
            raise self._error(f"tells a schema of {script} that is not YAML.") from error
        if schema is None:
            return None
        if not isinstance(schema, dict):
            raise self._error(f"tells a schema of {script} that is none.")
        # What a script leaves out is as good as empty.
        return {"properties": {}, "required": [], **schema}

    async def add(self, request: ScriptRequest, timeout: float) -> int:
        """Put a script at the end of the queue, and return its index."""
        self._tracks.forget()
        ackcmd = await self._command(
            "add",
            timeout,
            isStandard=request.script.is_standard,
            path=request.script.path,
            config=request.configuration,
            descr=request.description,
            location=LAST,
        )
        try:
            index = int(ackcmd.result)
        except ValueError:
            raise self._error(
                f"added {request.script}, but told {ackcmd.result!r} for its index."
            ) from None
        self._taken[index] = -1
        return index

    async def next_update(self, seen: ScriptUpdate, timeout: float) -> ScriptUpdate:
        """Wait until something new is heard of a script."""
        index = seen.index
        track = self._tracks.get(index)
        running = seen.queue_running

        def has_news() -> bool:
            return track.changes != self._taken.get(index, -1) or self._is_running() != running

        await self._board.wait_until(has_news, timeout)
        if self._watch.silence > SILENCE:
            raise self._error(
                f"has not been heard for {SILENCE:g} s, while script {index} was under way."
            )
        if track.is_over:
            await self._board.wait_until(lambda: track.has_said_goodbye, LAST_WORDS)
            # Its verdict is a log message, which its state can overtake.
            await self._board.settle(lambda: track.changes)
        elif not self._watch.is_enabled:
            raise self._error(f"is no longer ENABLED, while script {index} was under way.")
        self._taken[index] = track.changes
        return track.update(index, queue_running=self._is_running())

    async def stop(self, index: int, timeout: float) -> None:
        """Stop a script if it runs, take it out of the queue if it waits."""
        size = len(self._remote.cmd_stopScripts.DataType().salIndices)
        indices = [index, *[0] * (size - 1)]
        await self._command("stopScripts", timeout, length=1, salIndices=indices, terminate=False)

    async def resume(self, timeout: float) -> None:
        """Let a paused queue start scripts again."""
        await self._command("resume", timeout)
        await self._board.wait_until(self._is_running, timeout)

    async def _show_script(self, index: int, timeout: float) -> None:
        field = "scriptSalIndex"
        if field not in message_fields(self._remote.cmd_showScript.DataType()):
            field = "salIndex"
        try:
            await self._command("showScript", timeout, **{field: index})
        except QueueError:
            return  # it has just left the queue
        await self._board.wait_until(lambda: bool(self._tracks.get(index).path), 1.0)

    async def _command(self, name: str, timeout: float, **fields: typing.Any) -> typing.Any:
        command = getattr(self._remote, f"cmd_{name}")
        try:
            return await command.set_start(timeout=timeout, **fields)
        except salobj.AckTimeoutError as error:
            raise self._error(f"did not answer command {name} within {timeout:g} s.") from error
        except salobj.AckError as error:
            result = str(error.ackcmd.result).removeprefix("Failed: ").rstrip(".")
            raise self._error(f"refused command {name}: {result or 'no reason given'}.") from error

    def _is_running(self) -> bool:
        return bool(self._queue.get("running", False))

    def _error(self, what: str) -> QueueError:
        return QueueError(
            f"{self._watch.name} {what}",
            last_seen=self._watch.describe(),
            remedy=f"Look at {self._watch.name} in LOVE.",
        )

    def _hear_queue(self, message: typing.Any) -> None:
        self._queue = message_fields(message)

    def _hear_available(self, message: typing.Any) -> None:
        self._available.append(
            frozenset(
                ScriptPath(path, is_standard)
                for text, is_standard in ((message.standard, True), (message.external, False))
                for path in text.split(":")
                if path
            )
        )

    def _hear_schema(self, message: typing.Any) -> None:
        script = ScriptPath(message.path, bool(message.isStandard))
        self._schemas[script] = message.configSchema
