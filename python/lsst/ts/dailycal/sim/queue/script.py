# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One script on the queue: its process, and what is heard from it."""

__all__ = ["QueuedScript"]

import asyncio
import contextlib
import logging
import signal
import typing
from collections.abc import Awaitable, Callable
from pathlib import Path

import lsst.ts.salobj as salobj

from ...forking import Program, script_environment, start_program
from ...model import ProcessState
from ...sal.compat import enumerations, index_field
from ...sal.topics import TopicReader
from ..csc.compat import existing_fields
from .request import ScriptRequest, Timestamps

LOAD_TIMEOUT = 60.0
"""How long a script may take to start, in seconds."""
CONFIGURE_TIMEOUT = 60.0
"""How long a script may take to be configured, in seconds."""
COMMAND_TIMEOUT = 5.0
"""How long a script may take to answer a short command, in seconds."""
TERMINATE_TIMEOUT = 2.0
"""How long a process may take to end after SIGTERM, in seconds; then it is killed."""


class _LoadError(Exception):
    """The script did not come up, or could not be configured."""


class QueuedScript:
    """A script on the queue.

    Parameters
    ----------
    index : `int`
        Index of its Script component.
    command_id : `int`
        Number of the command that put it on the queue.
    request : `ScriptRequest`
        What is wanted.
    remote : `lsst.ts.salobj.Remote`
        Remote of all scripts, with index 0.
    changed : `~collections.abc.Callable`
        Coroutine function, called with the script whenever something about it is new.
    now : `~collections.abc.Callable`
        Gives the TAI, in Unix seconds.
    log : `logging.Logger`
        Where to tell what goes wrong.
    """

    def __init__(
        self,
        index: int,
        command_id: int,
        request: ScriptRequest,
        *,
        remote: typing.Any,
        changed: Callable[["QueuedScript"], Awaitable[None]],
        now: Callable[[], float],
        log: logging.Logger,
    ) -> None:
        self.index = index
        self.command_id = command_id
        self.request = request
        self.times = Timestamps()
        self.state = 0
        self.metadata: typing.Any = None
        self.group_id = ""
        self.configured = False
        self.stopping = False
        self._remote = remote
        self._tell = changed
        self._now = now
        self._log = log
        self._board = TopicReader()
        self._states: typing.Any = enumerations("Script").ScriptState
        self._process: Program | None = None
        self._failure = ProcessState.UNKNOWN
        self._exit_code = 0

    @property
    def _index(self) -> dict[str, int]:
        """The field by which a command tells which script it is for."""
        return {index_field(self._remote.cmd_run.DataType(), "Script"): self.index}

    @property
    def done(self) -> bool:
        """Has its process ended (`bool`)?"""
        return self.times.process_end > 0

    @property
    def failed(self) -> bool:
        """Did it run, and end with an error (`bool`)?"""
        return self._exit_code > 0 and self.times.run_start > 0

    @property
    def runnable(self) -> bool:
        """Can it be run now (`bool`)?"""
        return self.configured and not self.done and not self.stopping

    @property
    def process_state(self) -> ProcessState:
        """How its process is (`ProcessState`)."""
        if self._failure is not ProcessState.UNKNOWN:
            return self._failure
        if self.done:
            return ProcessState.DONE
        if self.times.run_start > 0:
            return ProcessState.RUNNING
        if self.configured:
            return ProcessState.CONFIGURED
        return ProcessState.LOADING if self._process is not None else ProcessState.UNKNOWN

    async def launch(self, executable: Path, output: Path) -> None:
        """Start its process.

        Parameters
        ----------
        executable : `~pathlib.Path`
            The program.
        output : `~pathlib.Path`
            File for what it writes.
        """
        output.parent.mkdir(parents=True, exist_ok=True)
        with output.open("ab") as file:
            self._process = await start_program(
                [executable.name, str(self.index)],
                env=script_environment(executable),
                stdout=file,
                stderr=file,
            )
        self.times.process_start = self._now()
        await self._tell(self)

    async def live(self) -> None:
        """Load and configure it, and wait until its process has ended."""
        assert self._process is not None  # noqa: S101 - launched before
        async with asyncio.TaskGroup() as group:
            loading = group.create_task(self._load())
            try:
                self._exit_code = await self._process.wait()
            finally:
                loading.cancel()
                await self._end()

    async def _end(self) -> None:
        self.times.process_end = self._now()
        if self._failure is ProcessState.UNKNOWN and not self.configured:
            is_up = self.state != 0
            self._failure = ProcessState.CONFIGUREFAILED if is_up else ProcessState.LOADFAILED
        await self._tell(self)

    async def hear_state(self, message: typing.Any) -> None:
        """Take note of its state."""
        self.state = message.state
        await self._tell(self)

    async def wake(self) -> None:
        """Wake whoever waits for its state."""
        await self._board.changed()

    async def set_group_id(self, group_id: str) -> bool:
        """Give it a group id, or take it away.

        Returns
        -------
        is_done : `bool`
            False if it did not answer; then it is terminated.
        """
        self.group_id = group_id
        try:
            await self._remote.cmd_setGroupId.set_start(
                **self._index, groupId=group_id, timeout=COMMAND_TIMEOUT
            )
        except salobj.AckError as error:
            self._log.error("Script %d took no group id: %s", self.index, error.ackcmd.result)
            self._signal(signal.SIGTERM)
            return False
        return True

    async def run(self) -> None:
        """Tell it to run."""
        self.times.run_start = self._now()
        await self._tell(self)
        try:
            await self._remote.cmd_run.set_start(
                **self._index, timeout=COMMAND_TIMEOUT, wait_done=False
            )
        except salobj.AckError as error:
            self._log.error("Script %d did not run: %s", self.index, error.ackcmd.result)
            self._signal(signal.SIGTERM)

    async def stop(self, *, terminate: bool, timeout: float) -> None:
        """End it: with a stop command if it is running, otherwise with a signal.

        Parameters
        ----------
        terminate : `bool`
            With a signal in any case?
        timeout : `float`
            How long to wait for a script that was told to stop, in seconds.

        Raises
        ------
        TimeoutError
            If it has not ended in time; it is left to end by itself, as by the real queue.
        """
        if self.times.run_start > 0 and not terminate and not self.done:
            async with asyncio.timeout(timeout):
                with contextlib.suppress(salobj.AckError):
                    await self._remote.cmd_stop.set_start(**self._index, timeout=COMMAND_TIMEOUT)
                if not await self._board.wait_until(lambda: self.done, timeout):
                    raise TimeoutError
        await self.terminate()

    async def terminate(self) -> None:
        """End its process with SIGTERM, and then with SIGKILL."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.done:
                return
            if self._failure is ProcessState.UNKNOWN:
                self._failure = ProcessState.TERMINATED
            self._signal(number)
            await self._wait_end(TERMINATE_TIMEOUT)

    async def _wait_end(self, timeout: float) -> None:
        await self._board.wait_until(lambda: self.done, timeout)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    async def _load(self) -> None:
        """Wait for the script to come up, and configure it."""
        try:
            await self._wait_up()
            await self._configure()
        except _LoadError as error:
            self._log.warning("%s", error)
            await self.terminate()

    async def _wait_up(self) -> None:
        unconfigured = self._states.UNCONFIGURED
        if not await self._board.wait_until(lambda: self.state == unconfigured, LOAD_TIMEOUT):
            self._failure = ProcessState.LOADFAILED
            raise _LoadError(
                f"Script {self.index} ({self.request.path}) did not come up "
                f"within {LOAD_TIMEOUT:g} s."
            )

    async def _configure(self) -> None:
        self.times.configure_start = self._now()
        await self._tell(self)
        configure = self._remote.cmd_configure
        try:
            await configure.set_start(
                **self._index,
                **existing_fields(
                    configure,
                    blockId=self.request.place.block_id,
                    executionId=self.request.execution_id,
                ),
                config=self.request.config,
                logLevel=self.request.log_level,
                pauseCheckpoint=self.request.pause_checkpoint,
                stopCheckpoint=self.request.stop_checkpoint,
                timeout=CONFIGURE_TIMEOUT,
            )
        except salobj.AckError as error:
            self.times.configure_end = self._now()
            self._failure = ProcessState.CONFIGUREFAILED
            raise _LoadError(
                f"Script {self.index} ({self.request.path}) could not be configured: "
                f"{error.ackcmd.result}"
            ) from None
        self.times.configure_end = self._now()
        self.configured = True
        await self._tell(self)
