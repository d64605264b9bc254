# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fork ``pipetask`` and ``butler`` from a process that has imported them.

``python -m lsst.ts.dailycal.pipelines.fork_server SOCKET`` prints READY when it can be asked. It
imports what the programs need, three seconds of a processor, once; each program is then a fork.

A connection is for one program. The client writes the request as a line of JSON (argv, directory,
log), and reads two lines: ``{"pid": ...}`` when the program runs, and ``{"code": ...}`` when it
has ended. A client that closes the connection ends the program.
"""

from __future__ import annotations

__all__ = ["PROGRAMS", "main"]

import atexit
import contextlib
import gc
import importlib
import json
import multiprocessing
import os
import signal
import socketserver
import sys
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

PROGRAMS = {"pipetask": "lsst.ctrl.mpexec.cli.pipetask", "butler": "lsst.daf.butler.cli.butler"}
"""Modules of the programs, each with a function main."""
_ALSO = (
    "lsst.ctrl.mpexec.cli.cmd.commands",
    "lsst.ts.dailycal.pipelines.formatters",
    "lsst.ts.dailycal.pipelines.generate_task",
    "lsst.ts.dailycal.pipelines.verify_task",
)
_TERMINATE_TIME = 5.0  # seconds from SIGTERM to SIGKILL
_FORK = multiprocessing.get_context("fork")


def main() -> None:
    """Serve until the process that started this one ends it."""
    with _Server(sys.argv[1], _Minder) as server:
        sys.stdout.write("READY\n")
        sys.stdout.flush()
        # Who asks now waits in the queue of the socket.
        for module in (*PROGRAMS.values(), *_ALSO):
            importlib.import_module(module)
        gc.freeze()  # what all have in common stays in common
        server.serve_forever()


class _Server(socketserver.ForkingMixIn, socketserver.UnixStreamServer):
    """A process for each connection, as the library has it."""

    max_children = 64

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone: its program has ended with it."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Minder(socketserver.StreamRequestHandler):
    """Starts the program of a connection, and ends it when the client goes."""

    def handle(self) -> None:
        """Serve the one request of the connection."""
        request = json.loads(self.rfile.readline())
        program = _FORK.Process(target=_run, args=(os.getpid(), self.connection, request))
        program.start()
        # From here, so that it is true before anybody signals the group.
        os.setpgid(program.pid or 0, program.pid or 0)
        self._tell(pid=program.pid)
        wait([program.sentinel, self.connection])
        if program.exitcode is None:
            _end(program)
        program.join()
        self._tell(code=program.exitcode)

    def _tell(self, **what: int | None) -> None:
        self.wfile.write(json.dumps(what).encode() + b"\n")


def _run(minder: int, connection: Any, request: dict[str, Any]) -> None:
    """Become the program, in a process group of its own."""
    from ..parent_death import tie_to_parent

    connection.close()
    tie_to_parent(minder, signal.SIGTERM)
    os.chdir(request["directory"])
    with Path(request["log"]).open("ab") as log, Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    sys.argv = request["argv"]
    sys.modules["__main__"].__package__ = None  # or click takes the program for one of a package
    try:
        sys.exit(importlib.import_module(PROGRAMS[Path(sys.argv[0]).name]).main())
    finally:
        # A fork of multiprocessing leaves without them, and Butler has directories to remove.
        atexit._run_exitfuncs()


def _end(program: multiprocessing.process.BaseProcess) -> None:
    group = program.pid or 0
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
        program.join(_TERMINATE_TIME)


if __name__ == "__main__":
    main()
