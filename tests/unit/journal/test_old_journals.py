# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Journals that were written before the rooms were moved can be read (decision 0028)."""

import json
import pathlib

import pytest

from lsst.ts.dailycal.cli.runs.journals import read_run
from lsst.ts.dailycal.page import PageState, StepStatus, read_page_entries, summarize_page
from lsst.ts.dailycal.page.journal import PAGE_CODEC
from lsst.ts.dailycal.report import summarize_run
from lsst.ts.dailycal.run import RunState, read_run_entries
from lsst.ts.dailycal.run.journal import RUN_CODEC

JOURNALS = pathlib.Path(__file__).parents[2] / "data" / "journals"


@pytest.mark.parametrize(
    ("name", "status", "taken"),
    [("run_done", "done", [21, 23]), ("run_failed", "failed", [11, 0]), ("run_killed", "open", [])],
)
def test_the_journal_of_a_run_says_what_became_of_it(name, status, taken):
    entries = read_run_entries(JOURNALS / f"{name}.jsonl")
    summary = summarize_run(entries)
    assert summary.status == status
    found = [part.taken for part in summary.calibrations]
    assert found == taken or (name == "run_killed" and 0 < found[0] < 21)
    state = RunState(entry.event for entry in entries)
    assert state.group_ids_used >= sum(found)


@pytest.mark.parametrize(
    ("name", "status", "last"),
    [
        ("page_done", "done", {StepStatus.DONE}),
        ("page_failed", "failed", {StepStatus.FAILED, StepStatus.NOT_REACHED}),
        ("page_killed", "open", {StepStatus.UNKNOWN, StepStatus.NOT_REACHED}),
    ],
)
def test_the_journal_of_a_page_says_what_became_of_its_steps(name, status, last):
    summary = summarize_page(read_page_entries(JOURNALS / f"{name}.jsonl"))
    assert summary.status == status
    assert {step.status for step in summary.outcome.steps} - {StepStatus.DONE} <= last
    assert bool(summary.next_step) == (status != "done")


@pytest.mark.parametrize("codec", [RUN_CODEC, PAGE_CODEC], ids=["run", "page"])
def test_a_line_is_written_as_it_was(codec):
    """A program of before the move reads what this one writes."""
    prefix = "run" if codec is RUN_CODEC else "page"
    for path in sorted(JOURNALS.glob(f"{prefix}_*.jsonl")):
        for number, line in enumerate(path.read_text(encoding="ascii").splitlines()):
            entry = codec.decode(line, number=number)
            assert entry.number == number
            again = json.loads(codec.encode(entry.event, number=number, tai=entry.tai))
            assert holds(again, json.loads(line)), line


def holds(new, old) -> bool:
    """Tell whether everything that stood in a record still does; there may be more."""
    if isinstance(old, dict):
        return all(key in new and holds(new[key], value) for key, value in old.items())
    if isinstance(old, list):
        return len(new) == len(old) and all(map(holds, new, old))
    return new == old


def test_the_state_of_a_page_is_the_same_however_far_it_is_read():
    events = [entry.event for entry in read_page_entries(JOURNALS / "page_done.jsonl")]
    state = PageState()
    for number, event in enumerate(events, start=1):
        state.apply(event)
        assert state.steps == PageState(events[:number]).steps
    assert state.outcome.succeeded


def test_old_journals_are_listed():
    found = [read_run(path) for path in sorted(JOURNALS.glob("run_*.jsonl"))]
    assert [run.listed.status for run in found] == ["done", "failed", "open"]
