# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command that carries out the page is killed in the middle: nothing is left of it."""

import contextlib
import json
import os
import shlex
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


def test_a_page_that_is_killed_in_its_darks_is_gone_on_with_by_the_command_that_is_told(
    tmp_path, template
):
    directory = tmp_path / "run"
    config = SimulationConfig(root=directory, frame=DIRECT_FRAME)
    shutil.copytree(template, config.repository)
    config.save(directory / "observatory.json")
    short = tmp_path / "short.yaml"
    short.write_text("script_mode: BIAS_DARK\nn_bias: 3\nn_dark: 4\nexp_times_dark: 20\n")
    command = [*PROGRAM, "run", "--small", "--directory", str(directory), "--time-scale", "4",
               "--config-for", "calibrations", str(short), "--plain"]  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as program:
        try:
            before = wait_for_dark(directory / "journal")
        finally:
            program.kill()
    told = subprocess.run(
        [*PROGRAM, "runs", "--json", "--directory", str(directory / "journal")],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    (advice,) = [
        item["advice"] for item in map(json.loads, told.stdout.splitlines()) if item["advice"]
    ]
    program_name, *words = shlex.split(advice)
    assert program_name == "dailycal"
    again = subprocess.run(
        [*PROGRAM, *words], capture_output=True, text=True, check=False, timeout=300,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert again.returncode == 0, again.stdout + again.stderr
    assert "All steps are done." in again.stdout
    taken = exposures(next((directory / "journal").glob("*.jsonl")))
    assert taken[: len(before)] == before
    assert len(taken) == len(set(taken)) == 9  # 3 + 1 biases, 4 + 1 darks: none twice
    listed = subprocess.run(
        [*PROGRAM, "runs", "--json", "--directory", str(directory / "journal")],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert not [item for item in map(json.loads, listed.stdout.splitlines()) if item["advice"]]


def wait_for_dark(journals, timeout: float = 240.0) -> list[str]:
    """Wait until a dark is read out; return the exposures of the plan that are taken."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        for path in journals.glob("*.jsonl"):
            taken = exposures(path)
            if any("DARK" in label for label in taken):
                return taken
        time.sleep(0.1)
    raise AssertionError("no dark was taken")


def exposures(journal) -> list[str]:
    """Name the exposures of the plan that a journal has as taken, in order."""
    events = [json.loads(line)["record"] for line in journal.read_text().splitlines()]
    planned = [e["image"]["planned"] for e in events if e["event"] == "ExposureTaken"]
    return [f"{item['image_type']} {item['number']}" for item in planned]


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
