# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fork Python programs from a process that has imported what they need.

``python -m lsst.ts.dailycal.forking.fork_server SOCKET MODULE[:FUNCTION]...`` prints READY when it
can be asked, and imports the modules, which takes seconds, once, and calls the functions; each
program is then a fork.

A connection is for one program. The client sends the request as a line of JSON together with the
program's standard input, output and error, and reads two lines: ``{"pid": ...}`` when the program
runs, and ``{"code": ...}`` when it has ended. A client that closes the connection ends the program.
"""

from __future__ import annotations

__all__ = ["main"]

import atexit
import contextlib
import gc
import importlib
import json
import multiprocessing
import os
import runpy
import signal
import socket
import socketserver
import sys
import time
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

_TERMINATE_TIME = 5.0  # seconds from SIGTERM to SIGKILL
_LONGEST_PART = 1 << 16  # bytes of a request in one packet
_FORK = multiprocessing.get_context("fork")


def main() -> None:
    """Serve until the process that started this one ends it."""
    address, *places = sys.argv[1:]
    with _Server(address, _Minder) as server:
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        # Who asks now waits in the queue of the socket.
        for place in places:
            module, _, function = place.partition(":")
            with contextlib.suppress(ImportError):  # who needs it will say what is missing
                found = importlib.import_module(module)
                if function:
                    getattr(found, function)()
        gc.freeze()  # what all have in common stays in common
        server.serve_forever()


class _Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    """A process for each connection, as the library has it."""

    max_children = 200
    request_queue_size = 200

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone: its program has ended with it."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Minder(socketserver.BaseRequestHandler):
    """Starts the program of a connection, and ends it when the client goes."""

    server: socketserver.UnixStreamServer

    def handle(self) -> None:
        """Serve the one request of the connection."""
        connection: socket.socket = self.request
        os.close(self.server.fileno())  # nobody here answers anybody else
        text, files, _, _ = socket.recv_fds(connection, _LONGEST_PART, 3)
        while text and not text.endswith(b"\n"):
            text += connection.recv(_LONGEST_PART)
        if not text:  # somebody wanted to know whether the server is there
            return
        request = json.loads(text)
        program = _FORK.Process(target=_run, args=(os.getpid(), connection, files, request))
        program.start()
        for file in files:
            os.close(file)
        pid = program.pid or 0
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has done so, or ended
            # From here, so that it is true before anybody signals the group.
            os.setpgid(pid, pid)
        _tell(connection, pid=pid)
        wait([program.sentinel, connection])
        if program.exitcode is None:
            _end(program, only_asked=request["only_asked"])
        program.join()
        _tell(connection, code=program.exitcode)


def _tell(connection: socket.socket, **what: int | None) -> None:
    connection.sendall(json.dumps(what).encode() + b"\n")


def _run(minder: int, connection: Any, files: list[int], request: dict[str, Any]) -> None:
    """Become the program, in a process group of its own."""
    from ..parent_death import tie_to_parent

    connection.close()
    tie_to_parent(minder, signal.SIGTERM)
    os.setpgid(0, 0)
    os.chdir(request["directory"])
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - multiprocessing has put another there
    with contextlib.suppress(ImportError):  # or it is listed by the name of this server
        # Before the environment moves, by which it finds where the title is.
        from setproctitle import setproctitle

        setproctitle(" ".join(request["argv"]))
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    try:
        _become(request["argv"])
    finally:
        # A fork of multiprocessing leaves without them, and Butler has directories to remove.
        atexit._run_exitfuncs()


def _become(argv: list[str]) -> None:
    program, *words = argv
    for folder in filter(None, reversed(os.environ.get("PYTHONPATH", "").split(os.pathsep))):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    if words[:1] == ["-m"]:
        sys.argv = words[1:]
        if not hasattr(sys.modules.get(words[1]), "__path__"):
            sys.modules.pop(words[1], None)  # another module may have imported it
        runpy.run_module(words[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = argv
        sys.path.insert(0, str(Path(program).parent))
        runpy.run_path(program, run_name="__main__")


def _end(program: multiprocessing.process.BaseProcess, *, only_asked: bool) -> None:
    group = program.pid or 0
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGTERM)
    program.join(None if only_asked else _TERMINATE_TIME)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    main()
