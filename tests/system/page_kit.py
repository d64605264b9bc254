# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of the procedure page, in an observatory of their own or in one for many."""

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping

import psutil

from command_line import DAILYCAL, run_forked
from lsst.ts.dailycal.cli.simulate.options import MARKER
from lsst.ts.dailycal.page import BIAS_DARK
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig

PROGRAM = [str(DAILYCAL)]
TIME_SCALE = "50"
LONGEST = 400.0
"""How long a command may take, in seconds."""
NAMES = [step.name for step in BIAS_DARK.steps]


class Result:
    """What a command printed as JSON lines."""

    def __init__(self, process: subprocess.CompletedProcess[str]) -> None:
        self.code = process.returncode
        self.text = process.stdout + process.stderr
        self.events = [json.loads(line) for line in process.stdout.splitlines()]

    def of(self, kind: str) -> list[dict]:
        return [event for event in self.events if event.get("event") == kind]

    @property
    def outcome(self) -> dict:
        assert self.of("Outcome"), self.text
        return self.of("Outcome")[0]

    @property
    def statuses(self) -> dict[str, str]:
        return {step["name"]: step["status"] for step in self.outcome["steps"]}

    @property
    def messages(self) -> str:
        return "\n".join(
            text for event in self.of("StepProgress") for _, text in event["update"]["messages"]
        )


def images(directory: pathlib.Path) -> set[str]:
    return {path.name for path in (directory / "raw").rglob("AT_O_*.fits")}


def arguments(command: str, directory: pathlib.Path, *args: str) -> list[str]:
    """Write a command with an observatory of its own."""
    return [*PROGRAM, *command.split(), "--small", "--directory", str(directory), "--json", *args]


def dailycal(command: str, directory: pathlib.Path, *args: str) -> Result:
    """Carry out a command with an observatory of its own."""
    return Result(run_forked(arguments(command, directory, *args), os.environ, LONGEST))


def with_repository(directory: pathlib.Path, template: pathlib.Path) -> pathlib.Path:
    """Give a directory of an observatory the repository that all tests share a copy of."""
    shutil.copytree(template, directory / "repo")
    # Whoever made it has left a file that tells a directory of ours from any other.
    config = SimulationConfig(root=directory, frame=DIRECT_FRAME)
    config.save(directory / MARKER)
    return directory


@dataclasses.dataclass(frozen=True)
class Joined:
    """An observatory that runs, for commands that are to be part of it."""

    directory: pathlib.Path
    environment: Mapping[str, str]

    def arguments(self, command: str, *args: str) -> list[str]:
        return [*PROGRAM, *command.split(), "--json", *args]

    def dailycal(self, command: str, *args: str) -> Result:
        result = Result(run_forked(self.arguments(command, *args), self.environment, LONGEST))
        wait_for_scripts()
        return result


def wait_for_scripts(timeout: float = 20.0) -> None:
    """Wait until the scripts of a queue have ended: their last words are said before."""
    deadline = time.monotonic() + timeout
    while any(map(_is_script, psutil.Process().children(recursive=True))):
        assert time.monotonic() < deadline, "a script does not end"
        time.sleep(0.1)


def _is_script(process: psutil.Process) -> bool:
    try:
        return any("/data/scripts/" in word for word in process.cmdline())
    except psutil.NoSuchProcess:
        return False


@contextlib.contextmanager
def simulated(directory: pathlib.Path, *args: str) -> Iterator[Joined]:
    """Run an observatory as `dailycal simulate` does."""
    # Also for the scripts of its queue, or their journals lie among those of whoever runs tests.
    environment = os.environ | {"DAILYCAL_JOURNAL_DIR": str(directory / "journal")}
    with subprocess.Popen(
        arguments("simulate", directory, "--time-scale", TIME_SCALE, *args),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment,
    ) as observatory:  # fmt: skip
        try:
            own = json.loads(observatory.stdout.readline())["environment"]
            yield Joined(directory, environment | own)
        finally:
            observatory.send_signal(signal.SIGINT)
            _, errors = observatory.communicate(timeout=60)
    assert observatory.returncode == 0, errors
