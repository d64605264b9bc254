# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a terminal says first of a run that is over: in five seconds, in sixty columns."""

import pathlib

import pytest
from click.testing import CliRunner

from lsst.ts.dailycal.cli.main import cli

JOURNALS = pathlib.Path(__file__).parents[2] / "data" / "journals"
HEAD = {
    "run_failed": (
        "Failed",
        "BIAS 12/21 could not be taken: ATCamera is not ENABLED.",
        "Recover the camera (see its recovery page).",
        "10 of 20 BIAS and 0 of 22 DARK are kept; nothing is taken twice.",
        "To go on:  dailycal resume",
    ),
    "run_killed": (
        "Killed",
        "The process of the run ended before the run did.",
        "To go on:  dailycal resume",
    ),
    "run_done": ("Run 20261125T155141-200004: done, 1 min 19 s",),
}


@pytest.mark.parametrize("name", HEAD)
def test_what_is_wrong_what_was_kept_and_one_command_come_first(name):
    path = JOURNALS / f"{name}.jsonl"
    result = CliRunner().invoke(cli, ["status", str(path)], env={"COLUMNS": "60"})
    lines = result.output.splitlines()
    for line, expected in zip(lines, HEAD[name], strict=False):
        assert line.startswith(expected)
    assert result.output.count("dailycal resume") == (name != "run_done")


def test_why_an_image_was_lost_is_said_once():
    path = JOURNALS / "run_failed.jsonl"
    output = CliRunner().invoke(cli, ["status", str(path)], env={"COLUMNS": "200"}).output
    assert output.count("Last seen: ATCamera FAULT") == 1
