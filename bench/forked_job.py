# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run one pipeline job as the simulated OCPS does, forked from a process that has imported all.

Prints wall time, processor time and peak memory of the job as JSON. With ``PYTHONPATH`` set to
that of another checkout, it is the code of that one which runs.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from lsst.ts.dailycal.pipelines.command import pipeline_environment, pipetask_argv

MODULES = (
    "lsst.ctrl.mpexec.cli.pipetask",
    "lsst.ctrl.mpexec.cli.cmd.commands",
    "lsst.ts.dailycal.pipelines.formatters",
    "lsst.ts.dailycal.pipelines.generate_task",
    "lsst.ts.dailycal.pipelines.verify_task",
)
"""What a job needs, in another checkout as well, which may name it elsewhere."""


def run(request: dict[str, Any], log: Path) -> dict[str, float]:
    """Fork the job and wait for it."""
    for module in MODULES:
        importlib.import_module(module)
    with contextlib.suppress(ImportError):  # other code may have no such thing
        importlib.import_module("lsst.ts.dailycal.pipelines.warm_up").open_a_repository()
    gc.freeze()
    argv = pipetask_argv(**request)
    start = time.perf_counter()
    child = os.fork()
    if child == 0:
        become(argv, log)
    _, status, usage = os.wait4(child, 0)
    if code := os.waitstatus_to_exitcode(status):
        raise SystemExit(f"the job ended with code {code}:\n{log.read_text()[-3000:]}")
    return {
        "seconds": time.perf_counter() - start,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_mb": usage.ru_maxrss / 1024,
        "load": os.getloadavg()[0],
    }


def become(argv: list[str], log: Path) -> None:
    """Be the job, and end with it."""
    code = 1
    with log.open("wb") as said:
        for stream in (1, 2):
            os.dup2(said.fileno(), stream)
        sys.argv = argv
        sys.modules["__main__"].__package__ = None  # or click takes it for a package's program
        try:
            importlib.import_module("lsst.ctrl.mpexec.cli.pipetask").main()
        except SystemExit as end:
            code = int(end.code or 0)
        finally:
            atexit._run_exitfuncs()  # Butler has directories to remove
            os._exit(code)


def main() -> None:
    """Run from the command line: the request as JSON, and a file for what the job says."""
    wanted = pipeline_environment()
    if any(os.environ.get(key) != value for key, value in wanted.items()):
        # The allocator and the numerical libraries look at it only when they are loaded.
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | wanted)  # noqa: S606
    result = run(json.loads(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
