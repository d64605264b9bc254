# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ``pipetask`` and ``butler`` quickly: forked from a process that has imported them."""

from __future__ import annotations

__all__ = ["ForkError", "ForkServer"]

import asyncio
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

from ..parent_death import argv_tied_to_parent
from .command import pipeline_environment

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence

_END = 5.0  # seconds for the server to end


class ForkError(RuntimeError):
    """A program was not started, or nobody knows how it ended: the server has gone."""


class ForkServer:
    """A process that has imported what the programs need, and the programs forked from it.

    It is started by the first program. It and all its programs end with this process.
    """

    def __init__(self) -> None:
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

    def call(self, argv: Sequence[str], timeout: float) -> tuple[int, str]:
        """Run a program to its end. Blocks.

        Parameters
        ----------
        argv : sequence of `str`
            Its arguments; the name of the first is pipetask or butler.
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
        with (
            tempfile.NamedTemporaryFile("r", errors="replace") as log,
            socket.socket(socket.AF_UNIX) as connection,
        ):
            connection.settimeout(timeout)
            address = self._serve()
            with _has_gone():
                connection.connect(str(address))
                connection.sendall(_request(argv, Path.cwd(), Path(log.name)))
                with connection.makefile("rb") as answers:
                    _understand(answers.readline())
                    code = _understand(answers.readline())["code"]
            return code, log.read()

    @contextlib.asynccontextmanager
    async def start(
        self, argv: Sequence[str], *, directory: Path, log: Path
    ) -> AsyncIterator[ForkedProgram]:
        """Start a program, which ends with the context.

        Parameters
        ----------
        argv : sequence of `str`
            As for `call`.
        directory : `~pathlib.Path`
            Where it works.
        log : `~pathlib.Path`
            What it writes is added to this file.

        Raises
        ------
        ForkError
            If the server cannot be started, or has gone.
        """
        address = await asyncio.to_thread(self._serve)
        with _has_gone():
            reader, writer = await asyncio.open_unix_connection(address)
        try:
            writer.write(_request(argv, directory, log))
            with _has_gone():
                answer = _understand(await reader.readline())
            yield ForkedProgram(reader, answer["pid"])
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _serve(self) -> Path:
        """Start the server if it does not run, and give its address."""
        with self._starting:
            if self._closed:
                raise ForkError("the server has been closed")
            if self._directory is None:
                # A short path: the address of a socket has at most 108 characters.
                self._directory = Path(tempfile.mkdtemp(prefix="dailycal-"))
            address = self._directory / "fork"
            if self._process is None or self._process.poll() is not None:
                if self._process is not None:
                    self._process.communicate()
                address.unlink(missing_ok=True)
                self._process = _start_server(address)
            return address


class ForkedProgram:
    """A program that runs.

    Attributes
    ----------
    pid : `int`
        Its process id, and that of its process group.
    exit_code : `int` or `None`
        `None` as long as it runs; negative for the signal that ended it.
    """

    def __init__(self, reader: asyncio.StreamReader, pid: int) -> None:
        self.pid = pid
        self.exit_code: int | None = None
        self._reader = reader
        self._waiting = asyncio.Lock()

    async def wait(self) -> int:
        """Wait for its end, and give the exit code (`int`).

        Raises
        ------
        ForkError
            If nobody can tell any more.
        """
        async with self._waiting:
            if self.exit_code is None:
                with _has_gone():
                    answer = _understand(await self._reader.readline())
                self.exit_code = answer["code"]
        return self.exit_code


def _start_server(address: Path) -> subprocess.Popen[str]:
    server = [sys.executable, "-m", f"{__package__}.fork_server", str(address)]
    process = subprocess.Popen(
        argv_tied_to_parent(server),
        env=os.environ | pipeline_environment(),
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


@contextlib.contextmanager
def _has_gone() -> Iterator[None]:
    try:
        yield
    except (ConnectionError, FileNotFoundError) as error:
        raise ForkError(f"the process that starts programs has gone: {error}") from error


def _request(argv: Sequence[str], directory: Path, log: Path) -> bytes:
    what = {"argv": list(argv), "directory": str(directory), "log": str(log)}
    return json.dumps(what).encode() + b"\n"


def _understand(line: bytes) -> dict[str, int]:
    if not line:
        raise ForkError("the process that started it has gone")
    answer: dict[str, int] = json.loads(line)
    return answer
