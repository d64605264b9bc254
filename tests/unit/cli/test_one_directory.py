# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""`--directory` means the same for `run` and for the commands that read journals."""

import pytest
from click.testing import CliRunner

from lsst.ts.dailycal import model
from lsst.ts.dailycal.cli.main import cli
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
