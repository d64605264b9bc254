# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command `dailycal resume`: what it says when there is nothing to resume."""

import os

import pytest
from click.testing import CliRunner

from lsst.ts.dailycal.cli.main import cli
from lsst.ts.dailycal.model import (
    CalibrationOutcome,
    CalibrationStatus,
    Failure,
    ImageTags,
    ImageType,
    PlannedExposure,
    RunEnded,
    RunOutcome,
    RunStarted,
)
from lsst.ts.dailycal.run.journal import RUN_CODEC

EXPOSURES = tuple(PlannedExposure(kind, 0.0, 1, 1, False) for kind in ImageType)
STARTED = RunStarted(
    "night", "script_mode: BIAS_DARK\n", EXPOSURES, (), ImageTags("2026-11-23T12:00:00.000"), "0"
)


def ended(failure=None):
    calibration = CalibrationOutcome(ImageType.BIAS, CalibrationStatus.VERIFIED, 1, 1, 1)
    return RunEnded(RunOutcome("night", (calibration,), failure))


@pytest.fixture
def resume(tmp_path, monkeypatch):
    monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", "/nowhere")

    def run(*events, arguments=("night",)):
        lines = [RUN_CODEC.encode(event, number=n, tai=float(n)) for n, event in enumerate(events)]
        (tmp_path / "night.jsonl").write_text("".join(f"{line}\n" for line in lines))
        command = cli.get_command(None, "resume")
        return CliRunner().invoke(command, [*arguments, "--directory", str(tmp_path)])

    return run


@pytest.mark.parametrize("arguments", [("night",), ("--last",)])
def test_a_run_that_is_finished_has_nothing_left_to_do(resume, arguments):
    result = resume(STARTED, ended(), arguments=arguments)
    assert "nothing left to do" in result.output
    assert result.exit_code == 0


def test_a_run_that_never_began_is_told_to_be_started_anew(resume):
    result = resume()
    assert result.exit_code != 0
    assert "start a new one" in result.output


@pytest.mark.parametrize("arguments", [(), ("night", "--last")])
def test_it_must_be_clear_which_run_is_meant(resume, arguments):
    result = resume(STARTED, arguments=arguments)
    assert result.exit_code != 0
    assert "--last" in result.output


@pytest.mark.parametrize("last", [None, ended(Failure("verify BIAS", "no result"))])
def test_the_script_is_asked_for_the_same_images_and_the_id_of_the_run(
    resume, monkeypatch, tmp_path, last
):
    from lsst.ts.dailycal.cli.script import command as run_script

    asked = []
    monkeypatch.setattr(run_script.script, "callback", lambda **given: asked.append(given) or 0)
    result = resume(STARTED, *([last] if last else []), arguments=("night", "--yes"))
    assert result.exit_code == 0, result.output
    (given,) = asked
    assert given["path"] == "auxtel/make_latiss_calibrations.py"
    assert given["pairs"] == ("script_mode=BIAS_DARK", "resume='night'")
    assert given["yes"]
    # The script finds the journal where the command found it.
    assert os.environ["DAILYCAL_JOURNAL_DIR"] == str(tmp_path)
