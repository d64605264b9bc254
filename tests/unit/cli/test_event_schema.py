# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is printed with `--json` is what the schema says."""

import json
import logging
import typing

import jsonschema
import pytest
from click.testing import CliRunner

from lsst.ts.dailycal import model, page
from lsst.ts.dailycal.cli.main import cli
from lsst.ts.dailycal.cli.page.view import JsonPageView
from lsst.ts.dailycal.cli.script.events import Ended, LogLine, Metadata, Remark, StateChanged
from lsst.ts.dailycal.cli.script.view import JsonView
from lsst.ts.dailycal.cli.watch.schema import line_schema
from lsst.ts.dailycal.page import StepOutcome, StepStatus
from lsst.ts.dailycal.report.event_schema import EVENT_SCHEMA_VERSION, schema_of
from lsst.ts.dailycal.run.journal import RUN_CODEC

VALIDATOR = jsonschema.Draft202012Validator(line_schema())
OUTCOME = page.PageOutcome(
    "page-1", (StepOutcome("calibrations", StepStatus.FAILED, 200004, 60.0, "no camera"),),
    "Failed.", ("Look.",), "Step calibrations failed: no camera.", "Recover it.",
)  # fmt: skip
UPDATE = model.ScriptUpdate(
    200004, model.ProcessState.RUNNING, model.ScriptState.RUNNING, messages=((20, "a"), (40, "b"))
)
PAGE_EVENTS = (
    page.PageStarted("page-1", "bias-dark", (("calibrations", ""),), 896.0, "0"),
    page.ChecksMade("", (model.Finding("ATDome", model.Severity.OK, "ENABLED"),)),
    page.ConditionsRead(
        "calibrations",
        page.judge_readings([model.ConditionReading("ccd", -98.0)]),
    ),
    page.AnnouncementMade(model.Announcement(model.Occasion.BEFORE, "a", ("#b",)), ("c",)),
    page.StepStarted("calibrations", "x.py", ""),
    page.StepQueued("calibrations", 200004),
    page.StepProgress("calibrations", UPDATE, "paused"),
    page.StepEnded(OUTCOME.steps[0]),
    page.PageEnded(OUTCOME),
)
SCRIPT_EVENTS = (
    StateChanged("RUNNING", "", "BIAS 1/21", 2),
    Metadata(896.0, 44, 46),
    LogLine(logging.ERROR, "it failed", "Traceback"),
    Remark(logging.INFO, "Stopping."),
    Ended(137, "RUNNING", "", 6.9),
)


def lines(text: str) -> list[dict]:
    found = [json.loads(line) for line in text.splitlines()]
    for line in found:
        VALIDATOR.validate(line)
    return found


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(line_schema())
    assert line_schema()["version"] == EVENT_SCHEMA_VERSION


def test_every_event_of_the_page_is_as_the_schema_says(capsys):
    assert {type(event) for event in PAGE_EVENTS} == set(typing.get_args(page.PageEvent))
    view = JsonPageView()
    for event in PAGE_EVENTS:
        view.notify(event)
    view.tell("Starting the components")
    found = lines(capsys.readouterr().out)
    assert [line["event"] for line in found[:-1]] == [type(item).__name__ for item in PAGE_EVENTS]


def test_every_event_of_a_script_is_as_the_schema_says(capsys):
    view = JsonView()
    for event in SCRIPT_EVENTS:
        view.show(event)
    assert len(lines(capsys.readouterr().out)) == len(SCRIPT_EVENTS)


def test_the_plan_is_as_the_schema_says(monkeypatch):
    monkeypatch.delenv("DAILYCAL_SIM_CONFIG", raising=False)
    run = ["run", "--dry-run", "--json", "--time-available", "1min"]
    result = CliRunner().invoke(cli, run, standalone_mode=False)
    assert [line["event"] for line in lines(result.output)] == ["Plan", "Skipped"]


def test_a_watched_journal_is_as_the_schema_says(tmp_path):
    planned = model.PlannedExposure(model.ImageType.BIAS, 0.0, 1, 1, False)
    tags = model.ImageTags(group_id="2026-11-23T12:00:00.000")
    key = model.JobKey(model.JobStep.VERIFY, model.ImageType.BIAS)
    name = model.ImageName(20261123, 1)
    events = [
        model.RunStarted("run-1", "", (planned,), (key,), tags, "0"),
        model.ExposureAsked(planned, 1, "g#1"),
        model.ExposureTaken(model.Image(planned, name)),
        model.ImageIngested(name),
        model.JobAsked(key, model.JobRequest("p", "c", "q")),
        model.JobSubmitted(key, "job-1"),
        model.JobFinished(key, model.JobResult("job-1", 0)),
        model.Message(logging.WARNING, "something"),
        model.RunEnded(model.RunOutcome("run-1", (), model.Failure("run", "no camera"))),
    ]
    texts = [RUN_CODEC.encode(event, number=n, tai=float(n)) for n, event in enumerate(events)]
    path = tmp_path / "run-1.jsonl"
    path.write_text("\n".join(texts) + "\n", encoding="ascii")
    result = CliRunner().invoke(cli, ["watch", str(path), "--json"], standalone_mode=False)
    assert result.exception is None
    found = lines(result.output)
    assert [line["event"] for line in found] == [type(event).__name__ for event in events]


def test_what_is_wrong_is_refused():
    line = {"event": "StepQueued", "name": "calibrations", "index": "first"}
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(line)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate({"event": "Nonsense"})


def test_a_type_that_no_event_has_is_a_mistake_of_ours():
    with pytest.raises(TypeError, match="stands in no event"):
        schema_of(bytes)
