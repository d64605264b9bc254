# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""`dailycal stats` of a run whose repository is gone: what is missing, and where to look."""

import json

import pytest

from lsst.ts.dailycal import model
from lsst.ts.dailycal.cli.main import cli, run_command
from lsst.ts.dailycal.journal import FileStorage
from lsst.ts.dailycal.run import RunJournal

pytestmark = pytest.mark.system
RUN = "20261123T120000-200001"


class Clock:
    def tai(self):
        return 1.8e9


@pytest.fixture
async def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(tmp_path / "journal"))
    journal = RunJournal(FileStorage(tmp_path / "journal" / f"{RUN}.jsonl"), Clock())
    tags = model.ImageTags("2026-11-23T12:00:00.000")
    await journal.record(model.RunStarted(RUN, "repo: gone-repository", (), (), tags, "0"))
    return tmp_path / "journal" / f"{RUN}.jsonl"


@pytest.mark.parametrize("as_json", [False, True])
def test_the_numbers_of_the_tests_are_missing_without_the_repository(
    capsys, monkeypatch, run, as_json
):
    monkeypatch.setattr("sys.argv", ["dailycal", "stats", RUN, *["--json"] * as_json])
    with pytest.raises(SystemExit) as caught:
        run_command(cli, "dailycal")
    code, (output, errors) = caught.value.code, capsys.readouterr()
    assert code == 66
    assert "are in the repository alone" in errors
    assert "gone-repository cannot be opened from here" in errors
    assert "--repo REPO" in errors
    assert f"dailycal status {run}" in errors
    if as_json:
        line = json.loads(output)
        assert (line["event"], line["exit_code"]) == ("Error", 66)
        assert "--repo REPO" in line["advice"]
    else:
        assert output == ""
