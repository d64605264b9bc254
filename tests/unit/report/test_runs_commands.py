# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""`dailycal runs`, `status` and `resume` on journals of runs of the script and of the page."""

import os

import pytest
from click.testing import CliRunner
from report_journal import BIASES, DARKS, TAGS, JournalMaker

from json_strictly import check_output
from lsst.ts.dailycal import model
from lsst.ts.dailycal import page as page_room
from lsst.ts.dailycal.cli.runs.command import runs, status
from lsst.ts.dailycal.cli.runs.resume import resume
from lsst.ts.dailycal.cli.simulate.options import MARKER
from lsst.ts.dailycal.journal import FileStorage, LockOwner
from lsst.ts.dailycal.page import PageJournal, StepOutcome, StepStatus, page_lock
from lsst.ts.dailycal.run import run_lock

SCRIPT = "20261123T120000-200001"
PAGE = "page-20261123T115900-77"
DONE = StepOutcome("enable-latiss", StepStatus.DONE, 200000, 8.0)
FAILED = StepOutcome("calibrations", StepStatus.FAILED, 200001, 60.0, "no endReadout.")


class Clock:
    def __init__(self, tai: float) -> None:
        self.now = tai

    def tai(self) -> float:
        self.now += 1.0
        return self.now


@pytest.fixture(autouse=True)
def directory(tmp_path, monkeypatch):
    """Make the directory of the journals, which is the default one; nothing else is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(tmp_path / "journals"))
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "journals").mkdir()
    return tmp_path / "journals"


def invoke(command, *args):
    return CliRunner().invoke(command, args, standalone_mode=False)


def listed(*args):
    output = invoke(runs, "--json", *args).output
    return check_output("runs", output) if output else []


def write_script(directory, *, ends=True, started=999_900.0, run_id=SCRIPT):
    journal = JournalMaker()
    journal.now = started
    journal.add(model.RunStarted(run_id, "script_mode: BIAS", BIASES + DARKS, (), TAGS, "0"))
    for number, planned in enumerate(BIASES, start=1):
        journal.take(planned, number)
    if ends:
        failure = model.Failure("take images", "no endReadout within 32 s.", "Look at ATCamera.")
        journal.add(model.RunEnded(model.RunOutcome(run_id, (), failure)))
    return journal.write(directory / f"{run_id}.jsonl")


async def write_page(directory, *steps, run_id=PAGE, ends=True, advice=(), continues=""):
    path = directory / "pages" / f"{run_id}.jsonl"
    journal = PageJournal(FileStorage(path), Clock(999_800.0))
    names = ("enable-latiss", "calibrations", "standby-latiss")
    await journal.record(
        page_room.PageStarted(
            run_id,
            "bias-dark",
            tuple((name, "") for name in names),
            1100.0,
            "0",
            continues=continues,
        )
    )
    for step in steps:
        await journal.record(page_room.StepStarted(step.name, "x.py", ""))
        journal._clock.now += step.duration
        if step.index:
            await journal.record(page_room.StepQueued(step.name, step.index))
        if step.status is not StepStatus.UNKNOWN:
            await journal.record(page_room.StepEnded(step))
    if ends:
        rest = tuple(StepOutcome(name, StepStatus.NOT_REACHED) for name in names[len(steps) :])
        outcome = page_room.PageOutcome(run_id, (*steps, *rest), "Step failed.", advice)
        journal._clock.now += 200.0
        await journal.record(page_room.PageEnded(outcome))
    return path


async def test_runs_of_the_script_and_of_the_page_are_listed_with_how_to_go_on(
    directory, monkeypatch
):
    write_script(directory)
    await write_page(directory, DONE, FAILED)
    page, script = listed()
    assert (page["kind"], page["status"]) == ("page", "failed")
    assert page["advice"] == f"dailycal run --resume {PAGE}"
    assert (script["kind"], script["status"]) == ("script", "failed")
    assert (script["advice"], script["who"]) == ("", f"part of {PAGE}")
    narrow = invoke(runs).output.splitlines()
    monkeypatch.setenv("COLUMNS", "120")
    wide = invoke(runs).output.splitlines()
    assert f"To go on:  dailycal run --resume {PAGE}" in narrow
    assert f"To go on:  dailycal run --resume {PAGE}" in wide
    page_line = next(line for line in wide if line.startswith(PAGE))
    assert "page" in page_line.split()
    assert {"failed", "3+0", "Step"} <= set(page_line.split())
    begin = narrow.index(f"{PAGE}  page  failed  3+0 frames")
    assert narrow[begin + 1].startswith("  Step ")


async def test_the_runs_of_its_scripts_are_shown_with_a_run_of_the_page(directory):
    write_script(directory)
    write_script(directory, started=500_000.0, run_id="20261117T000000-200001")
    await write_page(directory, DONE, FAILED, advice=("Look at the queue.",))
    (told,) = check_output("status", invoke(status, PAGE, "--json").output)
    assert [item["run_id"] for item in told["scripts"]] == [SCRIPT]
    output = invoke(status, PAGE).output
    for words in ("Step failed.", "- Look at the queue.", f"Run {SCRIPT}: failed",
                  "Take biases and darks", "3 of 3"):  # fmt: skip
        assert words in output


async def test_a_page_that_was_killed_says_what_is_kept_and_how_to_go_on(directory):
    write_script(directory, ends=False)
    await write_page(directory, DONE, StepOutcome("calibrations", StepStatus.UNKNOWN, 200001),
                     ends=False)  # fmt: skip
    output = " ".join(invoke(status, PAGE).output.split())
    assert "no end recorded" in output
    assert "ended without a word in step calibrations, at DARK 1/1." in output
    assert f"To go on: dailycal run --resume {PAGE}" in output
    assert "not ended" in output


async def test_a_page_whose_script_goes_on_is_watched_and_not_repeated(directory):
    path = write_script(directory, ends=False)
    await write_page(directory, DONE, StepOutcome("calibrations", StepStatus.UNKNOWN, 200001),
                     ends=False)  # fmt: skip
    with run_lock(path):
        page, script = listed()
        assert page["advice"] == f"dailycal watch {SCRIPT}"
        assert script["advice"] == ""
        assert "its script goes on, at DARK 1/1." in " ".join(invoke(runs).output.split())


async def test_a_page_that_was_gone_on_with_is_closed(directory):
    later = "page-20261123T121500-78"
    write_script(directory)
    await write_page(directory, DONE, FAILED)
    await write_page(directory, DONE, run_id=later, continues=PAGE)
    found = {item["run_id"]: item for item in listed()}
    assert (found[PAGE]["status"], found[PAGE]["advice"]) == ("resumed", "")
    assert found[PAGE]["who"] == f"went on as {later}"


async def test_a_page_that_never_began_is_simply_run_again(directory):
    await write_page(directory)
    (page,) = listed()
    assert page["advice"] == "dailycal run"
    assert "Nothing was started." in invoke(runs).output.replace("\n", " ")


async def test_a_run_under_way_is_told_from_one_that_was_killed(directory):
    path = write_script(directory, ends=False)
    assert listed()[0]["status"] == "open"
    with run_lock(path):
        (script,) = listed()
        assert script["status"] == "running"
        assert f"process {os.getpid()}" in script["who"]
        assert script["advice"] == f"dailycal watch {SCRIPT}"
        assert f"To watch it:  dailycal watch {SCRIPT}" in invoke(status, SCRIPT).output
    assert listed()[0]["status"] == "open"


async def test_a_page_under_way_is_told_from_an_earlier_one_that_was_killed(directory):
    mine = f"page-20261123T121500-{os.getpid()}"
    await write_page(directory, DONE, ends=False)
    await write_page(directory, DONE, run_id=mine, ends=False)
    with page_lock(directory / "pages").hold("bias-dark"):
        found = {item["run_id"]: item["status"] for item in listed()}
    assert found == {PAGE: "open", mine: "running"}


def test_the_owner_of_a_lock_is_looked_for_on_its_own_machine_only(monkeypatch):
    owner = LockOwner("a", "elsewhere", 2**22 + 1, "2026-11-23T12:00:00+00:00")
    assert owner.is_alive
    import socket

    assert not LockOwner("a", socket.gethostname(), 2**22 + 1, owner.since).is_alive


async def test_the_latest_run_is_that_of_the_page_and_only_the_script_can_be_resumed(directory):
    script = write_script(directory)
    page = await write_page(directory, DONE, FAILED)
    os.utime(script, (1.0, 1.0))
    os.utime(page, (2.0, 2.0))
    (told,) = check_output("status", invoke(status, "--last", "--json").output)
    assert told["run_id"] == PAGE
    result = invoke(resume, PAGE)
    assert f"The run that took the images: {SCRIPT}" in str(result.exception)
    assert f"dailycal run --resume {PAGE}" in str(result.exception)


def test_a_run_in_another_directory_is_resumed_with_that_directory(directory, tmp_path):
    write_script(tmp_path)
    advice = listed("--directory", str(tmp_path))[0]["advice"]
    assert advice == f"dailycal resume {SCRIPT} --directory {tmp_path}"


def test_a_run_that_was_stopped_is_unfinished_and_not_taken(directory):
    journal = JournalMaker()
    journal.add(model.RunStarted(SCRIPT, "script_mode: BIAS", BIASES, (), TAGS, "0"))
    journal.take(BIASES[0], 1)
    taken = model.CalibrationOutcome(
        model.ImageType.BIAS, model.CalibrationStatus.TAKEN, wanted=2, taken=1, kept=0
    )
    outcome = model.RunOutcome(SCRIPT, (taken,), model.Failure("run", "stopped."), stopped=True)
    journal.add(model.RunEnded(outcome))
    journal.write(directory / f"{SCRIPT}.jsonl")
    assert "BIAS unfinished" in invoke(runs).output


def test_the_runs_of_a_simulated_observatory_here_are_found_without_being_told(
    tmp_path, monkeypatch
):
    monkeypatch.delenv("DAILYCAL_JOURNAL_DIR")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    (tmp_path / "run" / "journal").mkdir(parents=True)
    write_script(tmp_path / "run" / "journal")
    assert listed() == []
    (tmp_path / "run" / MARKER).touch()
    assert [item["run_id"] for item in listed()] == [SCRIPT]
    assert listed()[0]["advice"] == f"dailycal resume {SCRIPT}"


def test_a_damaged_journal_does_not_hide_the_others(directory):
    write_script(directory)
    (directory / "broken.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    (directory / "pages").mkdir()
    (directory / "pages" / "page-1.jsonl").write_text("", encoding="utf-8")
    result = CliRunner().invoke(runs, ["--json"], standalone_mode=False)
    assert SCRIPT in result.output
    assert "broken.jsonl" in result.stderr


@pytest.mark.parametrize("name", ["nowhere", "../nowhere", "pages/x"])
def test_a_run_without_a_journal_is_refused_with_what_to_do(name):
    message = str(invoke(status, name).exception)
    assert "no journal of a run nowhere" in message or "neither a journal nor" in message
