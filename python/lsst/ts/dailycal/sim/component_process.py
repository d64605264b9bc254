# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process in which simulated components run."""

__all__ = ["ComponentProcess"]

import asyncio
import contextlib
import os
import signal
import sys
import typing
from collections.abc import Mapping
from pathlib import Path

from ..forking import ForkedProgram, ForkServer

_LAST_LINES = 15
_LOG_TAIL = 8192  # bytes


class ComponentProcess:
    """A process of a simulated observatory, in a process group of its own.

    Parameters
    ----------
    names : `tuple` [`str`]
        The components in it.
    programs : `~lsst.ts.dailycal.forking.ForkServer`
        Starts it.
    environment : `~collections.abc.Mapping` [`str`, `str`]
        What is added to the environment.
    log : `~pathlib.Path`
        Where its log goes.
    state : `str`
        State that the components go to at the start.
    program : `str`
        Module that runs components.

    Attributes
    ----------
    names : `tuple` [`str`]
        The components in it.
    log : `~pathlib.Path`
        Its log.
    ready : `asyncio.Event`
        Is set when all components beat, or the process has ended.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        programs: ForkServer,
        environment: Mapping[str, str],
        log: Path,
        *,
        state: str = "rest",
        program: str = "lsst.ts.dailycal.sim.programs",
    ) -> None:
        self.names = names
        self.log = log
        self.ready = asyncio.Event()
        self._programs = programs
        self._environment = environment
        self._state = state
        self._program = program
        self._process: ForkedProgram | None = None
        self._stopping = False

    @property
    def pid(self) -> int:
        """Process id (`int`); 0 if it was never started."""
        return 0 if self._process is None else self._process.pid

    @property
    def exit_code(self) -> int | None:
        """Exit code (`int` or `None`); `None` as long as it runs."""
        return None if self._process is None else self._process.returncode

    @property
    def crashed(self) -> bool:
        """Did it fail without being asked to end (`bool`)?

        A component that gets ``exitControl`` ends with exit code 0, as real ones do.
        """
        return bool(self.exit_code) and not self._stopping

    async def start(self) -> None:
        """Start it. Somebody must run `follow`."""
        self._stopping = False
        self.ready.clear()
        argv = [sys.executable, "-m", self._program, *self.names]
        argv += ["--state", self._state]
        with self._open_log() as log:
            self._process = await self._programs.start(
                argv,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=os.environ | self._environment,
            )

    async def follow(self) -> None:
        """Read what it says, until it ends."""
        process = self._process
        if process is None or process.stdout is None:
            raise RuntimeError("It was not started.")
        waiting = set(self.names)
        async for line in process.stdout:
            word, _, name = line.decode(errors="replace").strip().partition(" ")
            if word == "READY":
                waiting.discard(name)
            if not waiting:
                self.ready.set()
        await process.wait()
        self.ready.set()

    async def stop(self, timeout: float) -> None:
        """End it: SIGTERM, and after ``timeout`` seconds SIGKILL."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        # One that was stopped by SIGSTOP could not hear anything else.
        self.send(signal.SIGCONT)
        # Not to its group: salobj 8 reads in a process of its own there, and ends that itself.
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(timeout):
                await process.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            await process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal to its process group."""
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)

    def last_lines(self) -> str:
        """Read the end of its log (`str`)."""
        try:
            with self.log.open("rb") as log:
                log.seek(max(self.log.stat().st_size - _LOG_TAIL, 0))
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(lines[-_LAST_LINES:])

    def _open_log(self) -> typing.BinaryIO:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        return self.log.open("ab")
