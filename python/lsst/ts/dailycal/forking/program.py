# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program that was forked, and how that is asked for."""

from __future__ import annotations

__all__ = ["LONGEST_LINE", "ForkedProgram", "fork"]

import asyncio
import contextlib
import os
import socket
from asyncio.subprocess import PIPE
from typing import TYPE_CHECKING

from .request import Streams, connect, has_gone, send, understand

if TYPE_CHECKING:
    import signal

LONGEST_LINE = 1 << 20
"""Longest line that is read from the output of a program, in bytes."""
_FORK = 60.0  # seconds; a server that has just been started imports before it answers


class ForkedProgram:
    """A program that runs, as an `asyncio.subprocess.Process` is.

    Attributes
    ----------
    pid : `int`
        Its process id, and that of its process group.
    returncode : `int` or `None`
        `None` until somebody has waited for its end; negative for the signal that ended it.
    stdin, stdout : `asyncio.StreamWriter` and `asyncio.StreamReader`, or `None`
        Its input and output, where they were asked for.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = 0
        self.returncode: int | None = None
        self.stdin: asyncio.StreamWriter | None = None
        self.stdout: asyncio.StreamReader | None = None
        self._reader = reader
        self._writer = writer
        self._waiting = asyncio.Lock()

    async def wait(self) -> int:
        """Wait for its end, and give the exit code (`int`).

        Raises
        ------
        ForkError
            If nobody can tell any more.
        """
        async with self._waiting:
            if self.returncode is None:
                with has_gone():
                    self.returncode = understand(await self._reader.readline())["code"]
                self.close()
        return self.returncode

    async def end(self) -> int:
        """End it: SIGTERM to its process group, and SIGKILL if it takes long.

        Returns
        -------
        exit_code : `int`
            As of `wait`.
        """
        if self.returncode is None:
            self._writer.write_eof()
        return await self.wait()

    def send_signal(self, number: signal.Signals) -> None:
        """Send it a signal, as long as nobody has heard of its end."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def close(self) -> None:
        """End it if it runs."""
        for writer in (self._writer, self.stdin):
            if writer is not None:
                writer.close()


async def fork(
    address: str, request: bytes, streams: Streams, limit: int = LONGEST_LINE
) -> ForkedProgram:
    """Have a program forked by the server with this address.

    Raises
    ------
    ForkError
        If there is no such server.
    """
    with contextlib.ExitStack() as always, contextlib.ExitStack() as on_error:
        pipe = None
        if PIPE in (streams.stdin, streams.stdout):
            # One for both directions; a socket, which asyncio has streams for.
            pipe, theirs = socket.socketpair()
            on_error.callback(pipe.close)
            always.callback(theirs.close)
            streams = Streams(
                theirs.fileno() if streams.stdin == PIPE else streams.stdin,
                theirs.fileno() if streams.stdout == PIPE else streams.stdout,
                streams.stderr,
            )
        connection = await asyncio.to_thread(connect, address)
        on_error.callback(connection.close)
        with has_gone():
            await asyncio.to_thread(send, connection, request, streams)
        on_error.pop_all()
    connection.setblocking(False)
    with contextlib.ExitStack() as on_error:
        program = ForkedProgram(*await asyncio.open_unix_connection(sock=connection))
        on_error.callback(program.close)
        if pipe is not None:
            program.stdout, program.stdin = await asyncio.open_connection(sock=pipe, limit=limit)
        async with asyncio.timeout(_FORK):
            with has_gone():
                program.pid = understand(await program._reader.readline())["pid"]
        on_error.pop_all()
    return program
