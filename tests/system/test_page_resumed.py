# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A page that failed, or was interrupted in each of its steps: one command goes on with it."""

import collections
import json
import os
import pathlib
import shlex
import signal
import subprocess

import pytest
from page_kit import NAMES, PROGRAM, arguments, images, with_repository
from test_kill_page import exposures, wait_for_dark

pytestmark = [pytest.mark.system, pytest.mark.slow, pytest.mark.timeout(1800)]

PLANNED = [f"BIAS {n}" for n in range(1, 5)] + [f"DARK {n}" for n in range(1, 6)]


@pytest.fixture
def directory(tmp_path, template) -> pathlib.Path:
    """An observatory's directory."""
    return with_repository(tmp_path / "run", template)


@pytest.fixture
def first(tmp_path, directory) -> list[str]:
    """The command that begins: a short page whose darks take five seconds each."""
    short = tmp_path / "short.yaml"
    short.write_text("script_mode: BIAS_DARK\nn_bias: 3\nn_dark: 4\nexp_times_dark: 20\n")
    return arguments("run", directory, "--time-scale", "4", "--config-for", "calibrations",
                     str(short))  # fmt: skip


def go_on(outcome: dict) -> list[str]:
    """Return what a person types who copies the command that was told."""
    program, *words = shlex.split(outcome["command"])
    assert program == "dailycal"
    assert "--resume" in words
    return [*PROGRAM, *words, "--json"]


def carry_out(argv: list[str], interrupt_in: str = "") -> tuple[int, list[dict]]:
    """Carry a command out; Ctrl-C, as a terminal sends it, comes in the middle of a step."""
    with subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        events = []
        for line in process.stdout:
            events.append(json.loads(line))
            kind, name = events[-1].get("event"), events[-1].get("name")
            if interrupt_in and (kind, name) == ("StepQueued", interrupt_in):
                if name == "calibrations":
                    at = argv.index("--directory") + 1
                    wait_for_dark(pathlib.Path(argv[at]) / "journal")
                os.killpg(process.pid, signal.SIGINT)
                interrupt_in = ""
    return process.returncode, events


def outcome_of(events: list[dict]) -> dict:
    (outcome,) = [event for event in events if event["event"] == "Outcome"]
    return outcome


def journal_of(directory) -> pathlib.Path:
    (found,) = (directory / "journal").glob("*.jsonl")
    return found


def test_a_page_whose_camera_failed_in_a_dark_is_gone_on_with_by_one_command(directory, first):
    code, events = carry_out([*first, "--fault", "camera_fault@DARK/3"])
    outcome = outcome_of(events)
    assert code == 1
    assert "DARK 3/5 could not be taken: ATCamera is not ENABLED" in outcome["headline"]
    assert outcome["kept"].endswith("nothing is taken twice.")
    before, frames = exposures(journal_of(directory)), images(directory)
    code, events = carry_out(go_on(outcome))
    assert code == 0, outcome_of(events)
    after = exposures(journal_of(directory))
    assert before == PLANNED[: len(before)]
    assert sorted(after) == PLANNED
    assert frames < images(directory)


def test_a_page_that_is_interrupted_in_each_of_its_steps_is_gone_on_with_by_one_command(
    directory, first
):
    argv, done = first, collections.Counter()
    for step in [*NAMES, ""]:
        code, events = carry_out(argv, step)
        outcome = outcome_of(events)
        done.update(item["name"] for item in outcome["steps"] if item["duration"]
                    and item["status"] == "done")  # fmt: skip
        if step:
            assert code == 130, outcome
            assert outcome["command"], outcome
            argv = go_on(outcome)
    assert code == 0, outcome
    assert done == dict.fromkeys(NAMES, 1)
    assert sorted(exposures(journal_of(directory))) == PLANNED
