# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command that is advised is typed back as it is printed."""

import dataclasses
import inspect
import json
import shlex

import click
import pytest
from click.testing import CliRunner

from lsst.ts.dailycal import model
from lsst.ts.dailycal import page as page_room
from lsst.ts.dailycal.calibration.preflight import decertify_command
from lsst.ts.dailycal.cli.main import cli
from lsst.ts.dailycal.cli.page.options import CheckOptions, PlaceOptions, make_place
from lsst.ts.dailycal.cli.page.resume import page_command
from lsst.ts.dailycal.cli.simulate.options import MARKER, SimulationOptions, make_config
from lsst.ts.dailycal.journal import FileStorage
from lsst.ts.dailycal.model import ComponentName, QueuedScript, QueueStatus, ScriptState
from lsst.ts.dailycal.page import (
    BIAS_DARK,
    PageJournal,
    StepOutcome,
    StepStatus,
    advice,
    enabling_findings,
)
from lsst.ts.dailycal.run.journal import RUN_CODEC

PAGE = "page-20261123T115900-77"
SCRIPT = "20261123T120000-200004"
NAMES = [step.name for step in BIAS_DARK.steps]
TAGS = model.ImageTags(group_id="2026-11-23T12:00:00.000")
PAUSED = QueueStatus(
    ComponentName("ScriptQueue", 2),
    alive=True,
    state="ENABLED",
    running=False,
    current=QueuedScript(200004, "x.py", ScriptState.FAILED),
)


def parsed(command: str) -> click.Context:
    """Parse a command as `dailycal` would, without carrying it out."""
    program, *words = shlex.split(command)
    assert program == "dailycal"
    found, context = cli, click.Context(cli)
    while isinstance(found, click.Group):
        found = found.get_command(context, words.pop(0))
        assert found is not None, command
    return found.make_context(found.name, words, resilient_parsing=False)


def places(tmp_path):
    directory = tmp_path / "a b"
    small = SimulationOptions(small=True)
    other = SimulationOptions(seed=7, rice=True, database="postgresql:///x")
    yield make_place(PlaceOptions(False, 2, directory, None, small))
    yield make_place(PlaceOptions(False, 2, directory, None, other))
    yield make_place(PlaceOptions(True, 3, directory, None, SimulationOptions()))


@pytest.mark.parametrize("number", range(3))
def test_whatever_a_page_advises_can_be_typed(tmp_path, number, monkeypatch):
    monkeypatch.delenv("DAILYCAL_SIM_CONFIG", raising=False)
    place = list(places(tmp_path))[number]
    limits = tmp_path / "limits of mine.yaml"
    limits.touch()
    base = page_command(
        ("dailycal", "run"),
        place,
        CheckOptions(limits_file=limits, accepted=("CCD temperature",)),
    )
    plan = page_room.make_page_plan(BIAS_DARK, page_room.PageOptions())
    for command in (
        advice.go_on(base, ""),
        advice.go_on(base, PAGE),
        advice.go_on(base, PAGE, step="calibrations", queue=PAUSED),
        advice.take_anew(base, "calibrations", PAUSED),
        advice.leave_as_page_does(base, plan, {"enable-latiss"}).partition(": ")[2],
    ):
        given = parsed(str(command)).params
        assert given["real"] == (not place.simulated)
        assert given["queue"] == place.queue
        assert given["accepted"] == ("CCD temperature",)
        assert given["limits_file"] == limits
        if place.own is not None:
            assert given["directory"] == place.own.root
            fields = [field.name for field in dataclasses.fields(SimulationOptions)]
            options = SimulationOptions(**{field: given[field] for field in fields})
            again = make_config(given["directory"], options, time_scale=place.own.time_scale)
            assert again == place.own


def test_whatever_a_block_advises_can_be_typed(tmp_path):
    place = next(iter(places(tmp_path)))
    words = ("dailycal", "block", "run", "my block.json", "--override", "n_bias=3")
    command = advice.go_on(page_command(words, place), PAGE, step="1")
    given = parsed(str(command)).params
    assert str(given["file"]) == "my block.json"
    assert (given["pairs"], given["from_step"], given["small"]) == (("n_bias=3",), "1", True)


@pytest.mark.parametrize(
    "make", [advice.resume_script, advice.watch_run, advice.show_status], ids=lambda f: f.__name__
)
def test_whatever_is_advised_of_a_run_can_be_typed(make, tmp_path):
    given = parsed(str(make(SCRIPT, str(tmp_path / "a b")))).params
    assert (given["run"], given["directory"]) == (SCRIPT, tmp_path / "a b")
    assert parsed(str(make(SCRIPT))).params["directory"] is None


def test_the_advice_to_withdraw_a_calibration_names_its_repository(tmp_path):
    validity = model.Validity("2026-11-23T12:00:00.000", "2026-11-24T12:00:00.000")
    repository = str(tmp_path / "a b" / "repo")
    conflict = model.Conflict("bias", "LATISS/calib/daily", "u/run", validity, repository)
    given = parsed(str(decertify_command(conflict))).params
    assert given["repository"] == repository
    assert (given["collection"], given["dataset_type"]) == ("LATISS/calib/daily", "bias")
    assert (given["begin"], given["end"]) == (validity.begin, validity.end)


def test_the_advice_to_leave_fault_can_be_typed():
    status = model.ComponentStatus(ComponentName("ATDome"), "FAULT", alive=True)
    (finding,) = enabling_findings([status])
    given = parsed(finding.advice.partition(": ")[2]).params
    assert given["path"] == "set_summary_state.py"
    assert given["pairs"] == ("data: [[ATDome, STANDBY]]",)


def test_no_advice_is_left_out_above():
    made = {
        name
        for name, item in vars(advice).items()
        if inspect.isfunction(item)
        and item.__module__ == advice.__name__
        and not name.startswith("_")
    }
    tested = {"go_on", "take_anew", "leave_as_page_does", "resume_script", "watch_run"}
    tested |= {"show_status"}
    # The first two choose among those above; the last is a sentence without a command.
    assert made == tested | {"begin_again", "go_on_after", "queue_advice"}


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def tai(self) -> float:
        self.now += 1.0
        return self.now


async def make_page(directory, status, *, begun=True, reason="", is_elsewhere=False):
    """Leave a simulated observatory with a page that ended in its calibrations."""
    root = directory / "a b"
    options = SimulationOptions(seed=3, small=True, faults=("camera_fault@DARK/5",))
    make_config(root, options).save(root / MARKER)
    base = f"dailycal run --small --seed 3 --directory {shlex.quote(str(root))}"
    journal = PageJournal(FileStorage(root / "journal" / "pages" / f"{PAGE}.jsonl"), Clock())
    plan = page_room.make_page_plan(BIAS_DARK, page_room.PageOptions())
    await journal.record(
        page_room.PageStarted(
            PAGE, "bias-dark", tuple((name, "") for name in NAMES), 1108.0, "0", base,
            tuple((step.name, step.configuration) for step in plan.to_do), "",
            "" if is_elsewhere else str(root),
        )
    )  # fmt: skip
    for number, name in enumerate(NAMES[:4]):
        await journal.record(page_room.StepStarted(name, "x.py", ""))
        await journal.record(
            page_room.StepEnded(StepOutcome(name, StepStatus.DONE, 200000 + number, 9.0))
        )
    configuration = "script_mode: BIAS_DARK\n"
    await journal.record(page_room.StepStarted("calibrations", "x.py", configuration))
    if begun:
        await journal.record(page_room.StepQueued("calibrations", 200004))
    if status is not StepStatus.UNKNOWN:
        outcome = StepOutcome("calibrations", status, 200004 * begun, 60.0, reason)
        await journal.record(page_room.StepEnded(outcome))
        steps = (
            *(StepOutcome(name, StepStatus.DONE, 1, 9.0) for name in NAMES[:4]),
            outcome,
            StepOutcome(NAMES[5], StepStatus.NOT_REACHED),
        )
        command = str(advice.go_on(base, PAGE))
        await journal.record(
            page_room.PageEnded(page_room.PageOutcome(PAGE, steps, "Failed.", command=command))
        )
    return root


def write_script(root, *, ends=None):
    biases = tuple(model.PlannedExposure(model.ImageType.BIAS, 0.0, n, 2, False) for n in (1, 2))
    dark = model.PlannedExposure(model.ImageType.DARK, 30.0, 1, 1, False)
    events = [model.RunStarted(SCRIPT, "script_mode: BIAS_DARK", (*biases, dark), (), TAGS, "0")]
    for number, planned in enumerate(biases, start=1):
        name = model.ImageName(20261123, number)
        events += [
            model.ExposureAsked(planned, 1, f"g#{number}"),
            model.ExposureTaken(model.Image(planned, name)),
            model.ImageIngested(name),
        ]
    if ends is not None:
        events.append(model.RunEnded(model.RunOutcome(SCRIPT, (), ends)))
    lines = [RUN_CODEC.encode(e, number=n, tai=1_000_050.0 + n) for n, e in enumerate(events)]
    path = root / "journal" / f"{SCRIPT}.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def typed(command: str, *more: str):
    """Type a command at the shell; the plan is printed and nothing is done."""
    program, *words = shlex.split(command)
    assert program == "dailycal"
    return CliRunner().invoke(cli, [*words, *more], standalone_mode=False)


def advised(root) -> str:
    result = typed(f"dailycal runs --json --directory {shlex.quote(str(root / 'journal'))}")
    (page,) = [
        item for item in map(json.loads, result.output.splitlines()) if item["kind"] == "page"
    ]
    return page["advice"]


def plan_of(result) -> dict[str, dict]:
    assert result.exception is None, result.exception
    return {step["step"]["name"]: step for step in json.loads(result.output)["steps"]}


@pytest.mark.parametrize("status", [StepStatus.FAILED, StepStatus.STOPPED, StepStatus.UNKNOWN])
async def test_the_page_goes_on_with_the_run_of_its_script_whatever_ended_it(tmp_path, status):
    root = await make_page(tmp_path, status)
    failure = model.Failure("take images", "ATCamera is not ENABLED.", "Recover it.")
    write_script(root, ends=None if status is StepStatus.UNKNOWN else failure)
    steps = plan_of(typed(advised(root), "--dry-run", "--json"))
    assert [name for name, step in steps.items() if not step["skipped"]] == NAMES[4:]
    assert steps["enable-atcs"]["skipped"] == f"done in {PAGE}"
    assert steps["calibrations"]["step"]["configuration"] == (
        f"script_mode: BIAS_DARK\nresume: {SCRIPT}\n"
    )
    assert steps["calibrations"]["step"]["duration"] == pytest.approx(34.0)  # one dark is left


async def test_the_page_goes_on_after_a_script_that_came_to_its_end_without_it(tmp_path):
    root = await make_page(tmp_path, StepStatus.UNKNOWN)
    path = write_script(root)
    lines = path.read_text(encoding="ascii").splitlines()
    done = tuple(
        model.CalibrationOutcome(kind, model.CalibrationStatus.VERIFIED, 1, 1, 1)
        for kind in model.ImageType
    )
    end = model.RunEnded(model.RunOutcome(SCRIPT, done))
    lines.append(RUN_CODEC.encode(end, number=len(lines), tai=1_000_099.0))
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    steps = plan_of(typed(advised(root), "--dry-run", "--json"))
    assert [name for name, step in steps.items() if not step["skipped"]] == ["standby-latiss"]
    assert steps["calibrations"]["skipped"] == f"done in {SCRIPT}"
    # The page did not live to tell the summit that the images are taken.
    assert "complete" in steps["standby-latiss"]["step"]["before"]["text"]


async def test_a_page_whose_script_goes_on_is_not_repeated_beside_it(tmp_path):
    from lsst.ts.dailycal.run import run_lock

    root = await make_page(tmp_path, StepStatus.UNKNOWN)
    path = write_script(root)
    with run_lock(path):
        command = advised(root)
        result = typed(f"dailycal run --resume {PAGE} --directory {shlex.quote(str(root))}")
    assert command.split()[:3] == ["dailycal", "watch", SCRIPT]
    assert "goes on in the queue" in str(result.exception)
    assert f"dailycal watch {SCRIPT} --directory" in str(result.exception)


async def test_the_observatory_is_started_as_it_was_but_without_the_fault(tmp_path, monkeypatch):
    from lsst.ts.dailycal.cli.page.resume import read_resumption

    monkeypatch.delenv("DAILYCAL_SIM_CONFIG", raising=False)
    root = await make_page(tmp_path, StepStatus.FAILED)
    resumption = read_resumption(PAGE, root, real=False)
    assert (resumption.simulation.seed, resumption.simulation.faults) == (3, ())
    assert resumption.enabled


async def test_a_step_that_never_reached_the_queue_is_done_anew(tmp_path):
    root = await make_page(tmp_path, StepStatus.UNKNOWN, begun=False)
    steps = plan_of(typed(advised(root), "--dry-run", "--json"))
    assert steps["calibrations"]["step"]["configuration"] == "script_mode: BIAS_DARK\n"


async def test_images_whose_journal_is_gone_are_taken_anew_by_the_command_that_is_printed(tmp_path):
    reason = "verify DARK: no result. Nothing is lost; resume: 20261123T120000-7 finishes this run."
    root = await make_page(tmp_path, StepStatus.FAILED, reason=reason)
    refused = typed(advised(root), "--dry-run", "--json").exception
    assert "There is no journal of run 20261123T120000-7" in str(refused)
    steps = plan_of(typed(refused.advice.partition(": ")[2], "--dry-run", "--json"))
    assert [name for name, step in steps.items() if not step["skipped"]] == NAMES[4:]
    assert "resume" not in steps["calibrations"]["step"]["configuration"]


async def test_a_queue_elsewhere_tells_the_run_by_its_reason(tmp_path):
    reason = "verify DARK: no result. Nothing is lost; resume: 20261123T120000-7 finishes this run."
    root = await make_page(tmp_path, StepStatus.FAILED, reason=reason, is_elsewhere=True)
    steps = plan_of(typed(advised(root), "--dry-run", "--json"))
    assert "resume: 20261123T120000-7" in steps["calibrations"]["step"]["configuration"]


async def test_going_on_leaves_no_room_for_other_steps(tmp_path):
    root = await make_page(tmp_path, StepStatus.FAILED)
    result = typed(advised(root), "--from-step", "calibrations")
    assert "leave --from-step out" in str(result.exception)


async def test_whoever_types_an_old_advice_goes_on_with_the_last_of_those_who_did(tmp_path):
    from lsst.ts.dailycal.cli.page.resume import read_resumption

    root = await make_page(tmp_path, StepStatus.FAILED)
    write_script(root)
    later = "page-20261123T121500-78"
    journal = PageJournal(FileStorage(root / "journal" / "pages" / f"{later}.jsonl"), Clock())
    steps = tuple((name, f"done in {PAGE}" * (number < 4)) for number, name in enumerate(NAMES))
    await journal.record(
        page_room.PageStarted(
            later, "bias-dark", steps, 100.0, "0",
            configurations=(("calibrations", f"script_mode: BIAS_DARK\nresume: {SCRIPT}\n"),),
            continues=PAGE, simulation=str(root),
        )
    )  # fmt: skip
    await journal.record(page_room.StepStarted("calibrations", "x.py", f"resume: {SCRIPT}\n"))
    await journal.record(page_room.StepQueued("calibrations", 200000))
    outcome = StepOutcome("calibrations", StepStatus.DONE, 200000, 60.0)
    await journal.record(page_room.StepEnded(outcome))
    resumption = read_resumption(PAGE, root, real=False)
    assert resumption.run_id == later
    assert [step.name for step in resumption.plan.to_do] == ["standby-latiss"]


async def test_a_later_run_with_the_same_index_is_no_part_of_a_page_that_was_killed(tmp_path):
    """A queue that was started again counts its scripts from the same number."""
    from lsst.ts.dailycal.cli.page.resume import read_resumption

    root = await make_page(tmp_path, StepStatus.UNKNOWN)
    path = write_script(root)
    entries = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]
    later = "20261123T160000-200004"
    for entry in entries:
        entry["tai"] += 10_000.0
    entries[0]["record"]["run_id"] = later
    lines = "".join(f"{json.dumps(entry)}\n" for entry in entries)
    (root / "journal" / f"{later}.jsonl").write_text(lines, encoding="ascii")
    clock = Clock()
    clock.now += 9_000.0
    other = root / "journal" / "pages" / "page-20261123T155900-99.jsonl"
    journal = PageJournal(FileStorage(other), clock)
    steps = tuple((name, "") for name in NAMES)
    await journal.record(page_room.PageStarted(other.stem, "bias-dark", steps, 1108.0, "0"))
    await journal.record(page_room.StepStarted("calibrations", "x.py", ""))
    await journal.record(page_room.StepQueued("calibrations", 200004))
    for run_id, script in ((PAGE, SCRIPT), (other.stem, later)):
        plan = read_resumption(run_id, root, real=False).plan
        step = next(step for step in plan.to_do if step.takes_images)
        assert f"resume: {script}" in step.configuration
    listed = typed(f"dailycal runs --json --directory {shlex.quote(str(root / 'journal'))}")
    who = {item["run_id"]: item["who"] for item in map(json.loads, listed.output.splitlines())}
    assert who[SCRIPT] == f"part of {PAGE}"
    assert who[later] == f"part of {other.stem}"
