# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Commands in processes of their own, forked from one that has imported what they need.

A command imports for seconds, and tests give hundreds. The observatory that a command starts is
forked from there too. Those that are about a process itself, its children or its signals, start it.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from lsst.ts.dailycal.forking import SERVER_VARIABLE, ForkServer
from lsst.ts.dailycal.forking.request import capture, write_request
from lsst.ts.dailycal.pipelines.command import pipeline_environment
from lsst.ts.dailycal.sim.forked import OBSERVATORY_MODULES

DAILYCAL = Path(sys.executable).with_name("dailycal")
MODULES = (
    *OBSERVATORY_MODULES,
    "lsst.ts.dailycal.cli.main",
    "lsst.ts.dailycal.cli.page.carry_out",
    "lsst.ts.dailycal.cli.page.view",
    "lsst.ts.dailycal.cli.simulate.rehearsal",
    "lsst.ts.dailycal.report",
    "lsst.ts.dailycal.sal.page",
)

_server = ForkServer(MODULES, pipeline_environment())


@pytest.fixture(scope="session")
def warm_server() -> Iterator[str]:
    """Have the server of all commands and observatories of this worker, and give its address."""
    with _server:
        yield _server.address()


def run_dailycal(
    *words: str, env: Mapping[str, str] | None = None, timeout: float = 300.0
) -> subprocess.CompletedProcess[str]:
    """Carry out a command of ``dailycal`` to its end."""
    return run_forked([str(DAILYCAL), *words], os.environ if env is None else env, timeout)


def run_forked(
    argv: Sequence[str], env: Mapping[str, str], timeout: float, directory: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, as `subprocess.run` does, here or in another directory.

    Raises
    ------
    TimeoutError
        If it takes longer; it has been ended.
    """
    address = env.get(SERVER_VARIABLE) or _server.address()
    request = write_request(argv, env, directory or Path.cwd())
    done = capture(address, request, timeout)
    return subprocess.CompletedProcess(
        argv, done.returncode, done.stdout.decode(), done.stderr.decode()
    )
