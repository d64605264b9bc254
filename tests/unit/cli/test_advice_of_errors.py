# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever goes wrong is told with what to do about it, and with its exit code."""

import pytest

from lsst.ts.dailycal import model
from lsst.ts.dailycal.cli.main import cli, run_command
from lsst.ts.dailycal.journal import FileStorage
from lsst.ts.dailycal.run import RunJournal

RUN = "20261123T120000-200001"


class Clock:
    def tai(self):
        return 1.8e9


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(tmp_path / "journal"))
    monkeypatch.delenv("DAILYCAL_SIM_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
async def run(home):
    journal = RunJournal(FileStorage(home / "journal" / f"{RUN}.jsonl"), Clock())
    tags = model.ImageTags("2026-11-23T12:00:00.000")
    await journal.record(model.RunStarted(RUN, "repo: gone-repository", (), (), tags, "0"))
    return home / "journal" / f"{RUN}.jsonl"


def typed(capsys, monkeypatch, *args):
    """Type a command as in a terminal; give its exit code, output and errors."""
    monkeypatch.setattr("sys.argv", ["dailycal", *args])
    with pytest.raises(SystemExit) as caught:
        run_command(cli, "dailycal")
    return (caught.value.code, *capsys.readouterr())


@pytest.mark.parametrize(
    ("args", "code", "advice"),
    [
        (("status", "no/such"), 66, "All runs: dailycal runs"),
        (("run", "--resume", "--directory", "night"), 66, "To begin one, leave --resume out."),
        (("run", "--resume", "page-1"), 66, "All runs: dailycal runs"),
        (("runs", "--directory", "nowhere"), 0, ""),
    ],
)
def test_what_is_not_there_is_told_with_what_to_do(capsys, monkeypatch, args, code, advice):
    exit_code, _, errors = typed(capsys, monkeypatch, *args)
    assert exit_code == code, errors
    assert advice in errors


def test_a_damaged_journal_says_what_that_means(capsys, monkeypatch, run):
    run.write_text(run.read_text(encoding="utf-8") + '{"number": 1}\n', encoding="utf-8")
    _, _, errors = typed(capsys, monkeypatch, "status", RUN)
    assert "line 2" in errors
    assert "this run cannot be resumed" in errors
