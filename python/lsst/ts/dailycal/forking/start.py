# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start a program of an observatory, forked where that is possible."""

from __future__ import annotations

__all__ = ["SERVER_VARIABLE", "Program", "run_program", "script_environment", "start_program"]

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
from asyncio.subprocess import DEVNULL
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ..parent_death import argv_tied_to_parent
from .program import LONGEST_LINE, ForkedProgram, fork
from .request import ForkError, Streams, capture, write_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SERVER_VARIABLE = "DAILYCAL_FORK_SERVER"
"""Environment variable with the address of the server of an observatory."""

Program = ForkedProgram | asyncio.subprocess.Process


def script_environment(executable: Path) -> dict[str, str]:
    """Return the environment for a script of a queue (`dict`).

    Its own directory comes first in the path, as in the real queue; then that of this Python, so
    that ``/usr/bin/env python`` finds it also when its environment is not activated.
    """
    path = [str(executable.parent), str(Path(sys.executable).parent)]
    return {**os.environ, "PATH": os.pathsep.join([*path, os.environ.get("PATH", os.defpath)])}


async def start_program(
    argv: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    stdin: int = DEVNULL,
    stdout: int | IO[bytes] = DEVNULL,
    stderr: int | IO[bytes] = DEVNULL,
    limit: int = LONGEST_LINE,
) -> Program:
    """Start a program in a process group of its own, which ends with this process.

    In a simulated observatory a Python program is forked by the server of that observatory.

    Parameters
    ----------
    argv : sequence of `str`
        The program, and its arguments.
    env : mapping of `str` to `str`, optional
        Its environment; by default that of this process.
    stdin, stdout, stderr : `int` or file
        As for `asyncio.create_subprocess_exec`.
    limit : `int`
        Longest line that is read from its output, in bytes.
    """
    environment = dict(os.environ if env is None else env)
    address = environment.get(SERVER_VARIABLE, "")
    if address and (forkable := _forkable(argv, environment)):
        request = write_request(forkable, environment, Path.cwd(), only_asked=True)
        with contextlib.suppress(ForkError):  # then it is started as everywhere else
            return await fork(address, request, Streams(stdin, stdout, stderr), limit)
    return await asyncio.create_subprocess_exec(
        *argv_tied_to_parent(argv),
        env=environment,
        stdin=stdin,
        stdout=stdout,
        stderr=stderr,
        start_new_session=True,
        limit=limit,
    )


def run_program(
    argv: Sequence[str], timeout: float, *, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Run a program to its end, as `start_program` would start it. Blocks.

    Parameters
    ----------
    argv : sequence of `str`
        The program, and its arguments.
    timeout : `float`
        Longest time that it may take (second).
    env : mapping of `str` to `str`, optional
        Its environment; by default that of this process.

    Raises
    ------
    TimeoutError
        If it takes longer; it has been ended.
    OSError
        If it cannot be started.
    """
    environment = dict(os.environ if env is None else env)
    address = environment.get(SERVER_VARIABLE, "")
    if address and (forkable := _forkable(argv, environment)):
        request = write_request(forkable, environment, Path.cwd())
        with contextlib.suppress(ForkError):  # then it is started as everywhere else
            return capture(address, request, timeout)
    try:
        return subprocess.run(
            argv,
            env=environment,
            stdin=DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"{argv[0]} took longer than {timeout:g} s") from error


def _forkable(argv: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """Find the file of a program for this Python, if it is one; else nothing."""
    if argv[0] == sys.executable:
        return list(argv) if list(argv[1:2]) == ["-m"] else []
    path = environment.get("PATH")
    found = shutil.which(argv[0], path=path)
    if found is None:
        return []
    with Path(found).open("rb") as file:
        words = file.readline(LONGEST_LINE).decode(errors="replace").removeprefix("#!").split()
    if words[:1] == ["/usr/bin/env"]:
        words = words[1:]
    interpreter = shutil.which(words[0], path=path) if len(words) == 1 else None
    ours = Path(sys.executable)
    if interpreter is None or Path(interpreter).parent != ours.parent:
        return []
    return [found, *argv[1:]] if Path(interpreter).samefile(ours) else []
