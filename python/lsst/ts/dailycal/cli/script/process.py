# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The process of a script: start it, drain what it prints, end it in bounded time."""

__all__ = ["ScriptProcess"]

import asyncio
import collections
import os
import pathlib
import signal
import typing

from ...forking import Program, script_environment, start_program

TERMINATE_TIMEOUT = 10.0
"""From SIGTERM to SIGKILL, in seconds."""
_KEPT_LINES = 200


class ScriptProcess:
    """A script that runs in a process of its own, which ends with the one that started it.

    Parameters
    ----------
    process : `~lsst.ts.dailycal.forking.Program`
        The process; its output is drained from now on.
    """

    def __init__(self, process: Program) -> None:
        self._process = process
        self._lines: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        self._drain = asyncio.create_task(self._read(), name="script output")
        self.ended = asyncio.create_task(process.wait(), name="script process")
        """Ends when the process does."""

    @classmethod
    async def start(cls, path: pathlib.Path, index: int) -> typing.Self:
        """Start a script.

        Parameters
        ----------
        path : `pathlib.Path`
            The executable.
        index : `int`
            Index of its Script component.
        """
        # It ends with this process, so that no script takes frames on when nobody follows it any
        # more; Ctrl-C reaches this program alone, which then asks the script to stop.
        process = await start_program(
            [str(path), str(index)],
            env=script_environment(path),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """Id of the process."""
        return self._process.pid

    @property
    def return_code(self) -> int | None:
        """Return code of the process; `None` while it runs."""
        return self._process.returncode

    @property
    def output(self) -> str:
        """The last lines that it printed (`str`)."""
        return "\n".join(self._lines)

    async def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101 - it was asked for
        rest = b""
        while chunk := await stream.read(65536):
            *lines, rest = (rest + chunk).split(b"\n")
            self._lines.extend(line.decode(errors="replace") for line in lines)
            rest = rest[-65536:]
        if rest:
            self._lines.append(rest.decode(errors="replace"))

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the script and all that it started."""
        if self._process.returncode is None:
            try:
                os.killpg(self._process.pid, number)
            except ProcessLookupError:
                return

    async def end(self) -> None:
        """End the process if it still runs, at first politely, and take its last output.

        Even SIGKILL does not end a process that waits in the kernel, for a disk that hangs: then
        `return_code` is `None` afterwards, and the process goes when the disk answers.
        """
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.returncode is not None:
                break
            self.send_signal(number)
            await asyncio.wait({self.ended}, timeout=TERMINATE_TIMEOUT)
        # A grandchild may hold the pipe open; nobody needs what it prints.
        await asyncio.wait({self._drain}, timeout=1.0)
        for task in (self._drain, self.ended):
            task.cancel()
        await asyncio.gather(self._drain, self.ended, return_exceptions=True)
