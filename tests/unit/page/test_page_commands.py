# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What `run`, `check` and `block` print, and their exit codes, where no observatory is needed."""

import importlib.resources
import json

import pytest
from click.testing import CliRunner
from queue_in_memory import EVERY_COMPONENT
from rich.console import Console

from lsst.ts.dailycal.cli.page.block import block
from lsst.ts.dailycal.cli.page.check import check
from lsst.ts.dailycal.cli.page.options import make_settings
from lsst.ts.dailycal.cli.page.run import run
from lsst.ts.dailycal.cli.page.tables import checks_table, condense, outcome_view
from lsst.ts.dailycal.cli.simulate.directory import refuse_other_frames
from lsst.ts.dailycal.cli.simulate.options import MARKER, SimulationOptions, make_config
from lsst.ts.dailycal.model import ConfigurationError, Finding, Severity
from lsst.ts.dailycal.page import (
    BIAS_DARK,
    DEFAULT_LIMITS,
    PageOptions,
    PageOutcome,
    StepOutcome,
    StepStatus,
    condition_findings,
    make_page_plan,
)

BLOCK = importlib.resources.files("lsst.ts.dailycal").joinpath(
    "data", "blocks", "block-latiss-daily-bias-dark.json"
)


@pytest.fixture(autouse=True)
def no_observatory(monkeypatch, tmp_path):
    monkeypatch.delenv("DAILYCAL_SIM_CONFIG", raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)


def invoke(command, *args):
    return CliRunner().invoke(command, args, standalone_mode=False)


def lines_of(renderable, width=80):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(renderable)
    console.file.close()
    return console.export_text().rstrip("\n").split("\n")


def test_a_dry_run_fits_on_one_screen_and_starts_nothing(tmp_path):
    result = invoke(run, "--dry-run")
    assert result.return_value == 0
    lines = result.output.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    for words in ("enable-scheduler", "config: auxtel_fbs_image_photocal.yaml", "14 min 56 s",
                  "Together about 18 min 28 s", "#summit-announce #summit-auxtel"):  # fmt: skip
        assert words in result.output
    assert not list(tmp_path.iterdir())


def test_a_dry_run_for_programs_has_every_step():
    answer = json.loads(invoke(run, "--dry-run", "--json").output)
    assert [item["step"]["name"] for item in answer["steps"]] == [
        step.name for step in BIAS_DARK.steps
    ]
    assert answer["duration"] == pytest.approx(1107.8)


def test_too_little_time_skips_the_page_with_a_code_of_its_own(tmp_path):
    result = invoke(run, "--time-available", "5min")
    assert result.return_value == 75
    assert "takes about 18 min 28 s, and there are 5 min" in result.output
    assert not list(tmp_path.iterdir())
    result = invoke(run, "--time-available", "5min", "--json")
    assert json.loads(result.output)["available"] == 300.0


def test_a_short_configuration_fits_into_little_time(tmp_path):
    file = tmp_path / "short.yaml"
    file.write_text("script_mode: BIAS\nn_bias: 2\n", encoding="utf-8")
    result = invoke(
        run, "--dry-run", "--time-available", "5min", "--config-for", "calibrations", str(file)
    )
    assert result.return_value == 0


@pytest.mark.parametrize(
    "args",
    [
        ("--time-available", "soon"),
        ("--procedure", "flats"),
        ("--config-for", "calibrations", "nowhere.yaml"),
        ("--from-step", "nonsense"),
        ("--real", "--limits", "nowhere.yaml"),
    ],
)
def test_what_cannot_be_meant_is_refused(args, tmp_path):
    result = invoke(run, *args)
    assert result.exception is not None
    assert not list(tmp_path.iterdir())


def test_a_real_observatory_is_not_looked_for_where_a_simulated_one_is_set_up(monkeypatch):
    monkeypatch.setenv("DAILYCAL_SIM_CONFIG", "/nowhere/observatory.json")
    assert "is that of a simulated observatory" in str(invoke(check, "--real").exception)


def test_a_directory_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").touch()
    result = invoke(run, "--small", "--directory", str(tmp_path / "thesis"))
    assert "holds something that is not ours" in str(result.exception)
    assert [item.name for item in (tmp_path / "thesis").iterdir()] == ["chapter1.tex"]


READINGS = condition_findings([], DEFAULT_LIMITS)
HEALTHY = [
    Finding("ScriptQueue:2", Severity.OK, "ENABLED, running, empty"),
    Finding("Scripts", Severity.OK, "ScriptQueue:2 has all 6"),
    *(Finding(str(name), Severity.OK, "STANDBY") for name in EVERY_COMPONENT),
    *(Finding(item.subject, Severity.OK, "-104 °C") for item in READINGS),
    Finding("ATCamera use", Severity.OK, "idle"),
    Finding("Disk", Severity.OK, "70 GB free for /repo/LATISS; 9.9 GB needed"),
    Finding("Repository", Severity.OK, "LATISS is readable, nothing will be certified"),
]


def test_healthy_checks_fit_on_a_small_screen():
    lines = lines_of(checks_table(HEALTHY), width=80)
    assert len(lines) <= 24
    assert lines[-1].startswith("Ready: ")


def test_bad_checks_fit_on_a_screen_and_stand_out():
    advice = "Find out why it is silent; look at its log, then start it again."
    bad = [
        Finding(item.subject, Severity.REFUSAL, "no heartbeat; last state ENABLED", advice)
        if item.subject in {"ATMCS", "ATCamera", "CCD temperature"}
        else item
        for item in HEALTHY
    ]
    lines = lines_of(checks_table(bad), width=100)
    assert len(lines) <= 30
    assert sum("REFUSED" in line for line in lines) == 3
    assert lines[-1].startswith(f"Refused by 3 of {len(HEALTHY)} checks.")


def test_components_that_say_the_same_share_a_line_and_others_do_not():
    changed = [
        Finding("ATDome", Severity.OK, "ENABLED") if item.subject == "ATDome" else item
        for item in HEALTHY
    ]
    subjects = [item.subject for item in condense(changed)]
    assert "ATCS (6 of it)" in subjects
    assert "ATDome" in subjects
    assert "LATISS (4)" in subjects


def test_the_table_of_the_steps_fits_and_says_how_to_go_on():
    plan = make_page_plan(BIAS_DARK, PageOptions(skip=("enable-ocps",)))
    statuses = [
        StepStatus.DONE,
        StepStatus.FAILED,
        StepStatus.SKIPPED,
        *[StepStatus.NOT_REACHED] * 3,
    ]
    steps = [
        StepOutcome(step.name, status, 200000 + number, 61.0 * number)
        for number, (step, status) in enumerate(zip(BIAS_DARK.steps, statuses, strict=True))
    ]
    outcome = PageOutcome(
        "run", tuple(steps), "Step failed: why, at length.", ("Look at this.",),
        headline="Step failed.", kept="20 of 20 BIAS are kept.", command="dailycal run --resume",
    )  # fmt: skip
    lines = lines_of(outcome_view(outcome, plan))
    assert lines[:3] == [
        "Step failed.", "20 of 20 BIAS are kept.", "To go on:  dailycal run --resume"
    ]  # fmt: skip
    table = lines[lines.index("") + 1 :]
    assert table[0].split()[:4] == ["Step", "Script", "Result", "Time"]
    assert [line.split()[0] for line in table[1:7]] == [step.name for step in BIAS_DARK.steps]
    assert "skipped" in table[3]
    assert "not reached" in table[4]
    assert table[-1] == "- Look at this."


def test_a_run_that_never_began_needs_no_table():
    plan = make_page_plan(BIAS_DARK, PageOptions())
    steps = tuple(StepOutcome(step.name, StepStatus.NOT_REACHED) for step in BIAS_DARK.steps)
    lines = lines_of(outcome_view(PageOutcome("run", steps, "Nothing was started. No."), plan))
    assert lines == ["Nothing was started. No."]


def test_the_block_that_is_shipped_is_valid():
    result = invoke(block, "validate", str(BLOCK))
    assert result.return_value == 0
    assert result.output == "BLOCK-T295 latiss_daily_bias_dark: 1 script, valid.\n"


def test_everything_that_is_wrong_with_a_block_is_told(tmp_path):
    file = tmp_path / "block.json"
    scripts = [
        {"name": "auxtel/enable_latis.py", "standard": True, "parameters": {}},
        {"name": "auxtel/enable_latiss.py", "standard": True, "parameters": {"atcamra": "x"}},
        {"name": "auxtel/scheduler/enable.py", "standard": True, "parameters": {}},
    ]
    file.write_text(
        json.dumps({"name": "n", "program": "BLOCK-1", "scripts": scripts}), encoding="utf-8"
    )
    result = invoke(block, "validate", str(file), "--json")
    assert result.return_value == 65
    answer = json.loads(result.output)
    assert answer["valid"] is False
    first, second, third = answer["problems"]
    assert "is auxtel/enable_latiss.py meant?" in first
    assert "is atcamera meant?" in second
    assert "config must be given" in third


def test_a_block_is_planned_with_its_overrides():
    result = invoke(block, "run", str(BLOCK), "--dry-run", "-p", "n_bias=2", "-p", "n_dark=1",
                    "-p", "exp_times_dark=5", "--json")  # fmt: skip
    (step,) = json.loads(result.output)["steps"]
    assert step["step"]["duration"] < 60


def test_limits_come_from_a_file(tmp_path):
    from lsst.ts.dailycal.cli.page.options import CheckOptions, Place

    file = tmp_path / "limits.yaml"
    place = Place("x", simulated=False, queue=2)
    file.write_text("ccd: {refuse: [-100, -90]}\n", encoding="utf-8")
    settings = make_settings(place, CheckOptions(limits_file=file))
    assert settings.limits["ccd"].refuse == (-100.0, -90.0)
    file.write_text("ccd: {refuse: [-100\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"limits\.yaml is not YAML: line 2, column 1"):
        make_settings(place, CheckOptions(limits_file=file))
    file.write_text("ccd: {refuse: [-100]}\n", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"limits\.yaml: ccd\.refuse: "):
        make_settings(place, CheckOptions(limits_file=file))


def test_a_block_of_ours_is_found_by_its_name():
    result = invoke(block, "validate", BLOCK.name)
    assert result.return_value == 0
    assert "BLOCK-T295" in result.output
    refused = invoke(block, "validate", "nowhere.json")
    assert BLOCK.name in str(refused.exception)


@pytest.mark.parametrize(("from_step", "enabled"), [("", False), ("calibrations", True)])
def test_an_observatory_of_ones_own_is_as_the_steps_that_are_left_out_leave_it(
    from_step, enabled, monkeypatch
):
    places = []
    monkeypatch.setattr(
        "lsst.ts.dailycal.cli.page.run.carry_out",
        lambda plan, place, *_args, **_options: places.append(place) or 0,
    )
    assert invoke(run, "--small", "--from-step", from_step).return_value == 0
    assert [place.enabled for place in places] == [enabled]


@pytest.mark.parametrize(
    "when",
    ["DARK/3", "verify/BIAS", "OCPS:1", "ATPtg/enable/2", "AT_O_20261123_000003", "bias", "9%"],
)
def test_a_fault_that_can_strike_is_accepted(when):
    assert invoke(run, "--dry-run", "--fault", f"camera_fault@{when}").return_value == 0


@pytest.mark.parametrize("when", ["Dark", "NIX", "DARK/ATCamra"])
def test_a_fault_that_could_never_strike_is_refused_with_the_word_that_fits_nothing(when):
    result = invoke(run, "--dry-run", "--fault", f"camera_fault@{when}")
    assert isinstance(result.exception, ConfigurationError)
    assert "would never strike" in str(result.exception)
    assert repr(when.rpartition("/")[2]) in str(result.exception)


@pytest.mark.parametrize(
    ("changes", "word"), [(("--small",), "size"), (("--seed", "7"), "seed (1)")]
)
def test_frames_that_the_calibrations_there_do_not_fit_are_refused(changes, word, tmp_path):
    there = make_config(tmp_path / "run", SimulationOptions())
    there.repository.mkdir(parents=True)
    (there.repository / "butler.yaml").touch()
    there.save(tmp_path / "run" / MARKER)
    refuse_other_frames(there)
    result = invoke(run, *changes)
    assert f"frames of another {word}" in str(result.exception)
