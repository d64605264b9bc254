# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command that carries out the page is killed in the middle: nothing is left of it."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time

import psutil
import pytest

from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig

pytestmark = [pytest.mark.system, pytest.mark.timeout(580)]

PROGRAM = [sys.executable, "-c", "from lsst.ts.dailycal.cli.main import main; main()"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda item: item.name)
def test_nothing_is_left_of_a_page_whose_command_is_killed(tmp_path, template, number):
    directory = tmp_path / "run"
    config = SimulationConfig(root=directory, frame=DIRECT_FRAME)
    shutil.copytree(template, config.repository)
    config.save(directory / "observatory.json")
    command = [*PROGRAM, "run", "--small", "--directory", str(directory), "--json"]
    program = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "XDG_STATE_HOME": str(tmp_path / "state")},
    )  # fmt: skip
    started: list[psutil.Process] = []
    try:
        assert program.stdout is not None
        # The second step is under way: there are components, a queue and a script.
        next(line for line in program.stdout if '"StepStarted"' in line and "latiss" in line)
        started = wait_for_child(program.pid, "enable_latiss.py")
        program.send_signal(number)
        program.communicate(timeout=60)
        _, alive = psutil.wait_procs(started, 20)
        assert not [item for item in alive if item.status() != psutil.STATUS_ZOMBIE]
    finally:
        for process in (program, *started):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        program.wait()
    assert program.returncode == (130 if number == signal.SIGTERM else -signal.SIGKILL)


def wait_for_child(pid: int, name: str, timeout: float = 60.0) -> list[psutil.Process]:
    """Wait for a program below a process; return all that are below it."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = psutil.Process(pid).children(recursive=True)
        with contextlib.suppress(psutil.NoSuchProcess):
            if any(name in " ".join(item.cmdline()) for item in found):
                return found
        time.sleep(0.05)
    raise AssertionError(f"{name} was never started")
