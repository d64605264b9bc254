# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A SAL script as a process, from its start to its end, for tests."""

__all__ = ["ScriptProcesses", "ScriptResult", "ScriptRun"]

import asyncio
import contextlib
import dataclasses
import itertools
import pathlib
import signal
import time
import typing
from collections.abc import Callable, Mapping

import psutil
import yaml

from ..cli.script.driver import ScriptDriver, ScriptRequest
from ..cli.script.events import Ended, LogLine, Remark, StateChanged
from ..journal import journal_path

FIRST_INDEX = 201_000
"""Index of the first script: that of a script of the Auxiliary Telescope, whose queue is 2."""
STEP_TIMEOUT = 60.0
"""How long a test waits for what a script is to do, in seconds."""
RUN_TIMEOUT = 150.0
"""How long a test waits for the end of a script, in seconds."""
_indices = itertools.count(FIRST_INDEX)


@dataclasses.dataclass(frozen=True)
class ScriptResult:
    """What was seen of a script that has ended."""

    exit_code: int
    """Exit code of its process; 128 + n if signal n ended it."""
    state: str
    """Name of its last state, e.g. ``DONE``; empty if none was heard."""
    reason: str
    """The reason that came with it."""
    log: str
    """Its log messages, one a line."""
    states: tuple[str, ...] = ()
    """Names of the states that it went through."""
    checkpoints: tuple[str, ...] = ()
    """Names of the checkpoints that it came to."""

    @property
    def text(self) -> str:
        """All that it said (`str`)."""
        return f"{self.reason}\n{self.log}"


class ScriptRun:
    """A script process under way.

    Parameters
    ----------
    path : `~pathlib.Path`
        The executable.
    config : `~collections.abc.Mapping`
        Its configuration.
    pause, stop : `str`, optional
        Regular expressions of the checkpoints to pause or to stop at.
    """

    def __init__(
        self,
        path: pathlib.Path,
        config: Mapping[str, typing.Any],
        *,
        pause: str = "",
        stop: str = "",
    ) -> None:
        self.config = config
        self.index = next(_indices)
        self.seen: list[object] = []
        text = yaml.safe_dump(dict(config)) if config else ""
        request = ScriptRequest(path, self.index, text, pause=pause, stop=stop)
        self.driver = ScriptDriver(request, self.seen.append)
        # Owned by `ScriptProcesses`, which ends it with the test.
        self._task = asyncio.create_task(self.driver.run(), name=f"script {self.index}")

    def process(self) -> psutil.Process:
        """Find its process.

        Raises
        ------
        LookupError
            If there is none.
        """
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                # A forked one has its command line in one piece.
                if str(self.index) in " ".join(child.cmdline()).split():
                    return child
        raise LookupError(f"there is no process of script {self.index}")

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self.process().send_signal(number)

    def journal(self) -> pathlib.Path | None:
        """Find its journal (`~pathlib.Path`); `None` if it has begun none of its own."""
        found = journal_path("x").parent.glob(f"*-{self.index}.jsonl")
        return next(found, None)

    async def until(self, predicate: Callable[[], bool], timeout: float = STEP_TIMEOUT) -> bool:
        """Wait until something is so; false if the script ended first."""
        deadline = time.monotonic() + timeout
        while not predicate():
            if self._task.done():
                return False
            assert time.monotonic() < deadline, f"it never happened; seen: {self.seen[-5:]}"  # noqa: S101
            await asyncio.sleep(0.004)
        return True

    async def until_checkpoint(self, name: str) -> bool:
        """Wait until the script has come to a checkpoint; false if it ended first."""
        return await self.until(lambda: any(item.last_checkpoint == name for item in self.states))

    async def until_state(self, name: str) -> bool:
        """Wait until the script is in a state; false if it ended first."""
        return await self.until(lambda: any(item.state == name for item in self.states))

    @property
    def states(self) -> list[StateChanged]:
        """What it published of its state (`list` [`StateChanged`])."""
        return [item for item in self.seen if isinstance(item, StateChanged)]

    async def give_up(self) -> None:
        """End it at once, if a test has forgotten it."""
        if not self._task.done():
            with contextlib.suppress(LookupError, psutil.NoSuchProcess):
                self.process().kill()
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def end(self, timeout: float = RUN_TIMEOUT) -> ScriptResult:
        """Wait for its end, and tell what was seen (`ScriptResult`)."""
        async with asyncio.timeout(timeout):
            code = await self._task
        ended = next(item for item in self.seen if isinstance(item, Ended))
        log = "\n".join(item.text for item in self.seen if isinstance(item, LogLine | Remark))
        states = tuple(key for key, _ in itertools.groupby(item.state for item in self.states))
        passed = (item.last_checkpoint for item in self.states if item.last_checkpoint)
        checkpoints = tuple(key for key, _ in itertools.groupby(passed))
        return ScriptResult(code, ended.state, ended.reason, log, states, checkpoints)


class ScriptProcesses:
    """Starts scripts, and ends those that a test which failed has left."""

    def __init__(self) -> None:
        self._under_way: list[ScriptRun] = []

    def start(
        self, path: pathlib.Path, config: Mapping[str, typing.Any], **options: str
    ) -> ScriptRun:
        """Start a script; takes what `ScriptRun` takes."""
        script = ScriptRun(path, config, **options)
        self._under_way.append(script)
        return script

    async def run(
        self, path: pathlib.Path, config: Mapping[str, typing.Any] | None = None, **options: str
    ) -> ScriptResult:
        """Run a script to its end."""
        return await self.start(path, config or {}, **options).end()

    async def end(self) -> None:
        """End whatever is left."""
        while self._under_way:
            await self._under_way.pop().give_up()
