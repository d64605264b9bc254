# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""`--directory` means the same for `run` and for the commands that read journals."""

import shlex

import pytest
from click.testing import CliRunner

from lsst.ts.dailycal import model
from lsst.ts.dailycal.cli.journal_directory import write_journals_to
from lsst.ts.dailycal.cli.main import cli
from lsst.ts.dailycal.cli.runs.journals import read_run
from lsst.ts.dailycal.cli.simulate.options import MARKER
from lsst.ts.dailycal.journal import FileStorage
from lsst.ts.dailycal.run import RunJournal

RUN = "20261123T120000-200001"


class Clock:
    def tai(self):
        return 1.8e9


@pytest.fixture
async def observatory(tmp_path):
    root = tmp_path / "night"
    (root / "journal").mkdir(parents=True)
    (root / MARKER).write_text("{}", encoding="utf-8")
    journal = RunJournal(FileStorage(root / "journal" / f"{RUN}.jsonl"), Clock())
    tags = model.ImageTags("2026-11-23T12:00:00.000")
    await journal.record(model.RunStarted(RUN, "", (), (), tags, "0"))
    return root


@pytest.mark.parametrize("args", [("runs",), ("status", RUN), ("status", "--last")])
@pytest.mark.parametrize("below", [".", "journal"])
def test_the_runs_of_an_observatory_are_found_by_its_directory(observatory, args, below):
    result = CliRunner().invoke(cli, [*args, "--directory", str(observatory / below)])
    assert result.exit_code == 0, result.output
    assert RUN in result.output


def test_an_observatory_without_runs_is_named_by_its_journals(observatory):
    (observatory / "journal" / f"{RUN}.jsonl").unlink()
    args = ["status", "--last", "--directory", str(observatory)]
    result = CliRunner().invoke(cli, args, standalone_mode=False)
    assert f"There is no journal in {observatory / 'journal'}" in str(result.exception)


@pytest.mark.parametrize("of_shell", [None, "elsewhere"])
def test_what_is_advised_by_the_command_that_ran_a_script_works_in_its_shell(
    observatory, monkeypatch, of_shell
):
    """The command sets the variable for its script; in the shell it is as it was."""

    def set_as_in_shell():
        if of_shell is None:
            monkeypatch.delenv("DAILYCAL_JOURNAL_DIR", raising=False)
        else:
            monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(observatory / of_shell))

    set_as_in_shell()
    path = observatory / "journal" / f"{RUN}.jsonl"
    write_journals_to(path.parent)
    advice = read_run(path).listed.advice
    set_as_in_shell()
    assert advice == read_run(path).listed.advice
    program, _, *words = shlex.split(advice)
    assert program == "dailycal"
    assert CliRunner().invoke(cli, ["status", *words]).exit_code == 0


def test_a_shell_that_has_the_variable_set_needs_no_directory(observatory, monkeypatch):
    path = observatory / "journal" / f"{RUN}.jsonl"
    monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(path.parent))
    write_journals_to(path.parent)
    assert read_run(path).listed.advice == f"dailycal resume {RUN}"
