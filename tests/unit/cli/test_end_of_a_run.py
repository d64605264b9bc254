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
    rest = " ".join(result.output.split())
    for expected in HEAD[name]:
        before, _, rest = rest.partition(" ".join(expected.split()))
        assert not before.strip() or "dailycal resume" in expected
    assert result.output.count("dailycal resume") == (name != "run_done")


def test_why_an_image_was_lost_is_said_once():
    path = JOURNALS / "run_failed.jsonl"
    output = CliRunner().invoke(cli, ["status", str(path)], env={"COLUMNS": "200"}).output
    assert output.count("Last seen: ATCamera FAULT") == 1


@pytest.mark.parametrize("width", [60, 80, 100])
def test_nothing_that_is_said_of_a_run_is_cut(width):
    words = ["status", str(JOURNALS / "run_failed.jsonl")]

    def failures(columns):
        output = CliRunner().invoke(cli, words, env={"COLUMNS": str(columns)}).output
        return output.rpartition("Failed\n")[2].partition("Journal")[0].split()

    assert failures(width) == failures(500) != []


@pytest.mark.parametrize("name", ["run_failed", "run_killed"])
def test_the_command_that_goes_on_is_on_one_line_whatever_the_width(name):
    path = JOURNALS / f"{name}.jsonl"
    for words in (["status", str(path)], ["runs", "--directory", str(JOURNALS)]):
        narrow, wide = (
            [line for line in output.splitlines() if line.startswith("To go on:  dailycal")]
            for output in (
                CliRunner().invoke(cli, words, env={"COLUMNS": columns}).output
                for columns in ("40", "500")
            )
        )
        assert narrow == wide != []


def test_the_list_of_runs_breaks_no_word_in_a_narrow_terminal():
    words = ["runs", "--directory", str(JOURNALS)]
    narrow, wide = (
        set(CliRunner().invoke(cli, words, env={"COLUMNS": columns}).output.split())
        for columns in ("60", "500")
    )
    assert narrow - wide == {"frames"}
