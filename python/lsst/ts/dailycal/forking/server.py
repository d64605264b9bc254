# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start Python programs quickly: forked from a process that has imported what they need."""

from __future__ import annotations

__all__ = ["ForkServer"]

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from asyncio.subprocess import DEVNULL, STDOUT
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

from ..parent_death import argv_tied_to_parent
from .program import ForkedProgram, fork
from .request import ForkError, Streams, connect, run_to_end, write_request
from .start import SERVER_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_END = 5.0  # seconds for the server to end


class ForkServer:
    """A process that has imported what programs need, and the programs forked from it.

    It is started by the first program, unless the environment names one that runs. It and all its
    programs end with this process.

    Parameters
    ----------
    modules : sequence of `str`
        What it imports; with ``:function`` behind it, also what it calls then.
    environment : mapping of `str` to `str`, optional
        What is added to its environment: the numerical libraries read theirs only once.
    """

    def __init__(
        self, modules: Sequence[str], environment: Mapping[str, str] | None = None
    ) -> None:
        self._modules = modules
        self._environment = environment or {}
        self._starting = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._directory: Path | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server; programs end with their connections. Blocks for some milliseconds."""
        with self._starting:
            self._closed = True
            process, self._process = self._process, None
            if process is not None:
                process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_END)
                process.kill()
                process.communicate()
            if self._directory is not None:
                shutil.rmtree(self._directory, ignore_errors=True)

    def address(self) -> str:
        """Start the server if none runs, and give its address. Blocks for some milliseconds.

        Returns
        -------
        address : `str`
            Path of its socket.

        Raises
        ------
        ForkError
            If it cannot be started.
        """
        with self._starting:
            if self._closed:
                raise ForkError("the server has been closed")
            if _runs(shared := os.environ.get(SERVER_VARIABLE, "")):
                return shared
            if self._directory is None:
                # A short path: the address of a socket has at most 108 characters.
                self._directory = Path(tempfile.mkdtemp(prefix="dailycal-"))
            address = self._directory / "fork"
            if self._process is None or self._process.poll() is not None:
                if self._process is not None:
                    self._process.communicate()
                address.unlink(missing_ok=True)
                self._process = self._start_server(address)
            return str(address)

    def call(self, argv: Sequence[str], timeout: float) -> tuple[int, str]:
        """Run a program to its end. Blocks.

        Parameters
        ----------
        argv : sequence of `str`
            Path of the program, and its arguments.
        timeout : `float`
            Longest time that it may take (second).

        Returns
        -------
        exit_code : `int`
            Negative for the signal that ended it.
        output : `str`
            What it wrote.

        Raises
        ------
        ForkError
            If the server cannot be started, or has gone.
        TimeoutError
            If it takes longer; it has been ended.
        """
        request = write_request(argv, {**os.environ, **self._environment}, Path.cwd())
        with (
            tempfile.NamedTemporaryFile("r", errors="replace") as log,
            Path(log.name).open("ab") as writing,
        ):
            streams = Streams(DEVNULL, writing, STDOUT)
            return run_to_end(self.address(), request, streams, timeout), log.read()

    async def start(
        self,
        argv: Sequence[str],
        *,
        stdout: int | IO[bytes] = DEVNULL,
        stderr: int | IO[bytes] = STDOUT,
        env: Mapping[str, str] | None = None,
        directory: Path | None = None,
    ) -> ForkedProgram:
        """Start a program. Somebody must wait for its end.

        Parameters
        ----------
        argv : sequence of `str`
            Path of the program, or that of this Python with ``-m`` and a module; its arguments.
        stdout, stderr : `int` or file
            As for `asyncio.create_subprocess_exec`.
        env : mapping of `str` to `str`, optional
            Its environment; by default that of this process.
        directory : `~pathlib.Path`, optional
            Where it works.

        Raises
        ------
        ForkError
            If the server cannot be started, or has gone.
        """
        address = await asyncio.to_thread(self.address)
        environment = {**(os.environ if env is None else env), **self._environment}
        request = write_request(argv, environment, directory or Path.cwd())
        return await fork(address, request, Streams(DEVNULL, stdout, stderr))

    def _start_server(self, address: Path) -> subprocess.Popen[str]:
        server = [sys.executable, "-m", f"{__package__}.fork_server", str(address), *self._modules]
        process = subprocess.Popen(
            argv_tied_to_parent(server),
            env=os.environ | self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        is_ready = False
        try:
            is_ready = process.stdout is not None and process.stdout.readline().strip() == "READY"
        finally:
            if not is_ready:  # after Ctrl-C as well: nobody else knows of the process
                process.kill()
                process.communicate()
        if not is_ready:
            raise ForkError(f"{server[2]} cannot be started")
        return process


def _runs(address: str) -> bool:
    if not address:
        return False
    try:
        connect(address).close()
    except ForkError:
        return False
    return True
