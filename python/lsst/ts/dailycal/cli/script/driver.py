# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run a script in a process of its own from its start to its end."""

__all__ = ["ScriptDriver", "ScriptRequest"]

import asyncio
import contextlib
import dataclasses
import logging
import pathlib
import signal
import sys
import time
import typing
from collections.abc import Awaitable, Callable

import lsst.ts.salobj as salobj
import lsst.ts.utils as utils

from ..exit_codes import ExitCode
from .events import Ended, Remark, ScriptEvent
from .process import ScriptProcess
from .remote import FINAL_STATES, ScriptRemote, ack_text, swallow_refusal

LOAD_TIMEOUT = 60.0
"""How long a script may take from its start to UNCONFIGURED, in seconds, as on the queue."""
CONFIGURE_TIMEOUT = 60.0
"""How long it may take to be configured, in seconds, as on the queue."""
COMMAND_TIMEOUT = 5.0
"""How long a quick command may take, in seconds."""
STOP_TIMEOUT = 60.0
"""From the command ``stop`` to SIGTERM, in seconds."""
EXIT_TIMEOUT = 10.0
"""From the final state to the end of the process, in seconds."""


@dataclasses.dataclass(frozen=True, slots=True)
class ScriptRequest:
    """A script to be run."""

    path: pathlib.Path
    """Its executable."""
    index: int
    """Index of its Script component."""
    config: str
    """Its configuration, as YAML text."""
    log_level: int = 0
    """Level of its log; 0 for its own."""
    pause: str = ""
    """Regular expression of the checkpoints to pause at; empty for none."""
    stop: str = ""
    """Regular expression of the checkpoints to stop at; empty for none."""


class ScriptDriver:
    """Starts a script, drives it as a queue does, and ends it.

    Parameters
    ----------
    request : `ScriptRequest`
        The script.
    show : `~collections.abc.Callable`
        Is given everything that happens, at once.
    """

    def __init__(self, request: ScriptRequest, show: Callable[[ScriptEvent], None]) -> None:
        self._request = request
        self._show = show
        self._interrupts = 0
        self._interrupted = asyncio.Event()
        self._not_carried_out: int | None = None

    def interrupt(self) -> None:
        """Ask for an end: the first time for a stop, the second time for SIGTERM."""
        self._interrupts += 1
        self._interrupted.set()

    async def run(self) -> int:
        """Run the script.

        Returns
        -------
        exit_code : `int`
            That of the script; 128 + n if a signal ended it, 1 if it could not be configured,
            69 if it did not answer.
        """
        begin = time.monotonic()
        with self._signals():
            async with ScriptRemote(self._request.index, self._show) as remote:
                process = await ScriptProcess.start(self._request.path, self._request.index)
                try:
                    await self._drive(process, remote)
                finally:
                    await process.end()
                await remote.settle(timeout=0.0 if remote.last_state is None else 1.0)
                ended = self._conclude(process, remote, time.monotonic() - begin)
        self._show(ended)
        return ended.exit_code

    @contextlib.contextmanager
    def _signals(self) -> typing.Iterator[None]:
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.getsignal(number) for number in numbers}
        for number in numbers:
            loop.add_signal_handler(number, self.interrupt)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)

    async def _drive(self, process: ScriptProcess, remote: ScriptRemote) -> None:
        flow = asyncio.create_task(self._flow(remote), name="script commands")
        keys = asyncio.create_task(self._resume_on_enter(remote), name="resume")
        interrupted = asyncio.create_task(self._interrupted.wait(), name="interrupt")
        try:
            waiting: set[asyncio.Future[typing.Any]] = {flow, process.ended, interrupted}
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            interrupted.cancel()
            if process.ended.done():
                return
            if self._interrupts:
                await self._stop(process, remote)
            else:
                flow.result()
                if remote.state in FINAL_STATES:
                    await self._within(EXIT_TIMEOUT, process)
                    if process.return_code is None:
                        self._remark("The script has ended, but its process has not; ending it.")
        finally:
            for task in (flow, keys, interrupted):
                task.cancel()
            await asyncio.gather(flow, keys, interrupted, return_exceptions=True)

    async def _flow(self, remote: ScriptRemote) -> None:
        """Do what a queue does; return when there is nothing more to do."""
        request = self._request
        if not await remote.wait_state({"UNCONFIGURED", *FINAL_STATES}, LOAD_TIMEOUT):
            self._not_carried_out = ExitCode.UNAVAILABLE
            self._remark(f"The script was not heard within {LOAD_TIMEOUT:g} s; ending it.")
            return
        configure = remote.configure(
            request.config,
            log_level=request.log_level,
            pause=request.pause,
            stop=request.stop,
            timeout=CONFIGURE_TIMEOUT,
        )
        if not await self._command("configure", configure):
            await swallow_refusal(remote.stop(COMMAND_TIMEOUT))
            await remote.wait_state(FINAL_STATES, COMMAND_TIMEOUT)
            return
        group_id = utils.astropy_time_from_tai_unix(utils.current_tai()).isot
        if not await self._command("setGroupId", remote.set_group_id(group_id, COMMAND_TIMEOUT)):
            return
        run = asyncio.create_task(remote.run())
        try:
            final = asyncio.create_task(remote.wait_state(FINAL_STATES, sys.maxsize))
            # Either may be the first to be heard; a script that fails refuses `run` in the end.
            await asyncio.wait({run, final}, return_when=asyncio.FIRST_COMPLETED)
            refusal = await swallow_refusal(run) if run.done() else ""
            if refusal and remote.state == "CONFIGURED":
                self._remark(f"run was refused: {refusal}")
                self._not_carried_out = ExitCode.FAILED
                return
            await final
        finally:
            run.cancel()
            final.cancel()
            await asyncio.gather(run, final, return_exceptions=True)

    async def _command(self, name: str, command: Awaitable[None]) -> bool:
        try:
            await command
        except salobj.AckError as error:
            self._not_carried_out = ExitCode.FAILED
            # The component repeats the configuration, and cuts the rest; its log has all of it.
            text = ack_text(error).rpartition(") failed: ")[2]
            self._remark(f"{name} was refused, so nothing was run: {text}")
            return False
        return True

    async def _stop(self, process: ScriptProcess, remote: ScriptRemote) -> None:
        """Ask for a stop; after a minute, or a second Ctrl-C, use a signal."""
        if remote.state:
            self._remark(
                f"Stopping. The script may take {STOP_TIMEOUT:g} s to clean up; "
                "Ctrl-C again ends it at once.",
                logging.INFO,
            )
            stop = asyncio.create_task(swallow_refusal(remote.stop(COMMAND_TIMEOUT)))
            await self._within(STOP_TIMEOUT, process, until_interrupt=True)
            stop.cancel()
            await asyncio.gather(stop, return_exceptions=True)
        if process.return_code is None:
            self._remark("Ending the script's process.")

    async def _within(
        self, timeout: float, process: ScriptProcess, *, until_interrupt: bool = False
    ) -> None:
        """Wait for the end of the process, or another Ctrl-C, but not for ever."""
        before = self._interrupts
        deadline = time.monotonic() + timeout
        while process.return_code is None and time.monotonic() < deadline:
            await asyncio.wait({process.ended}, timeout=0.1)
            if until_interrupt and self._interrupts > before:
                return

    async def _resume_on_enter(self, remote: ScriptRemote) -> None:
        """Let the person at the terminal resume a script that has paused."""
        if not sys.stdin or not sys.stdin.isatty():
            return
        loop = asyncio.get_running_loop()
        pressed = asyncio.Event()

        def read() -> None:
            if not sys.stdin.readline():
                loop.remove_reader(sys.stdin)
            pressed.set()

        loop.add_reader(sys.stdin, read)
        try:
            while True:
                await pressed.wait()
                pressed.clear()
                if remote.state == "PAUSED":
                    refusal = await swallow_refusal(remote.resume(COMMAND_TIMEOUT))
                    if refusal:
                        self._remark(f"resume was refused: {refusal}")
        finally:
            loop.remove_reader(sys.stdin)

    def _remark(self, text: str, level: int = logging.ERROR) -> None:
        self._show(Remark(level, text))

    def _conclude(self, process: ScriptProcess, remote: ScriptRemote, elapsed: float) -> Ended:
        last = remote.last_state
        state = last.state if last is not None else ""
        code = process.return_code
        if code is None:
            self._remark(f"Process {process.pid} cannot be ended: it waits for a disk that hangs.")
        if state not in FINAL_STATES and process.output:
            self._remark(f"The last that the script printed:\n{process.output}")
        if self._not_carried_out is not None:
            exit_code = self._not_carried_out
        elif (code is None or code < 0) and state in FINAL_STATES:
            # It had ended, and its process was slow to go.
            exit_code = ExitCode.OK if state in {"DONE", "STOPPED"} else ExitCode.FAILED
        elif code is None:
            exit_code = ExitCode.UNAVAILABLE
        elif code < 0:
            exit_code = 128 - code
        elif code == 0 and state not in FINAL_STATES:
            self._remark("The process ended without a word on what came of the script.")
            exit_code = ExitCode.UNAVAILABLE
        else:
            exit_code = code
        reason = last.reason if last is not None else ""
        if self._not_carried_out is not None:
            reason = "it was not run"
        return Ended(int(exit_code), state, reason, elapsed)
