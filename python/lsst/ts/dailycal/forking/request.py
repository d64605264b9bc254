# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said between who wants a program and the server that forks it."""

from __future__ import annotations

__all__ = [
    "ForkError",
    "Streams",
    "capture",
    "connect",
    "has_gone",
    "run_to_end",
    "send",
    "understand",
    "write_request",
]

import contextlib
import dataclasses
import json
import os
import socket
import subprocess
import tempfile
from asyncio.subprocess import DEVNULL, STDOUT
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_ASK = 60.0  # seconds; a server that has just been started imports before it answers


class ForkError(RuntimeError):
    """A program was not started, or nobody knows how it ended: the server has gone."""


@dataclasses.dataclass(frozen=True, slots=True)
class Streams:
    """Files of a program, as `asyncio.create_subprocess_exec` takes them."""

    stdin: int | IO[bytes] = DEVNULL
    stdout: int | IO[bytes] = DEVNULL
    stderr: int | IO[bytes] = DEVNULL


def connect(address: str) -> socket.socket:
    """Open a connection to a server; it is for one program."""
    with contextlib.ExitStack() as on_error:
        connection = on_error.enter_context(socket.socket(socket.AF_UNIX))
        connection.settimeout(_ASK)
        with has_gone():
            connection.connect(address)
        on_error.pop_all()
    return connection


def send(connection: socket.socket, request: bytes, streams: Streams) -> None:
    """Send a request with the files of a program."""
    with Path(os.devnull).open("r+b", buffering=0) as nothing:
        files: list[int] = []
        for file in (streams.stdin, streams.stdout, streams.stderr):
            if file == DEVNULL:
                files.append(nothing.fileno())
            elif file == STDOUT:
                files.append(files[1])
            else:
                files.append(file if isinstance(file, int) else file.fileno())
        sent = socket.send_fds(connection, [request], files)
    if sent < len(request):  # else the program may have ended, and the server have gone, by now
        connection.sendall(request[sent:])


def run_to_end(address: str, request: bytes, streams: Streams, timeout: float) -> int:
    """Have a program forked, and wait for its end. Blocks.

    Parameters
    ----------
    address : `str`
        That of the server.
    request : `bytes`
        The program, as `write_request` writes it.
    streams : `Streams`
        Its files.
    timeout : `float`
        Longest time that it may take (second).

    Returns
    -------
    exit_code : `int`
        Negative for the signal that ended it.

    Raises
    ------
    ForkError
        If there is no server, or it has gone.
    TimeoutError
        If it takes longer; it has been ended.
    """
    with connect(address) as connection, has_gone():
        connection.settimeout(timeout)
        send(connection, request, streams)
        with connection.makefile("rb") as answers:
            understand(answers.readline())
            return understand(answers.readline())["code"]


def capture(address: str, request: bytes, timeout: float) -> subprocess.CompletedProcess[bytes]:
    """Have a program forked, wait for its end, and give what it wrote. Blocks.

    Parameters and errors are those of `run_to_end`.
    """
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        streams = Streams(stdout=output, stderr=errors)
        code = run_to_end(address, request, streams, timeout)
        for file in (output, errors):
            file.seek(0)
        argv = json.loads(request)["argv"]
        return subprocess.CompletedProcess(argv, code, output.read(), errors.read())


@contextlib.contextmanager
def has_gone() -> Iterator[None]:
    """Tell of a server that has gone in the same way, however that is noticed."""
    try:
        yield
    except (ConnectionError, FileNotFoundError) as error:
        raise ForkError(f"the process that starts programs has gone: {error}") from error


def write_request(
    argv: Sequence[str],
    environment: Mapping[str, str],
    directory: Path,
    *,
    only_asked: bool = False,
) -> bytes:
    """Write what the server is asked for; one that is only asked to end is not killed."""
    what = {
        "argv": list(argv),
        "environment": dict(environment),
        "directory": str(directory),
        "only_asked": only_asked,
    }
    return json.dumps(what).encode() + b"\n"


def understand(line: bytes) -> dict[str, int]:
    """Read an answer of the server."""
    if not line:
        raise ForkError("the process that started it has gone")
    answer: dict[str, int] = json.loads(line)
    return answer
