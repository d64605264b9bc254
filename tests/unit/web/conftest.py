# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that really took place, in the observatory in memory, and a server that shows it."""

import pathlib

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from page_pictures import make_frame

from lsst.ts.dailycal.cli.serve.source import LocalRuns
from lsst.ts.dailycal.web.app import make_app
from recorded_runs import RecordedRun, record_run

RUN = "20261123T143000-200001"


@pytest.fixture(scope="package")
def taken() -> RecordedRun:
    """A run and what it left."""
    return record_run(RUN, "header_late", n_bias=3, n_dark=2)


@pytest.fixture(scope="package")
def frames(taken, tmp_path_factory) -> pathlib.Path:
    """Its raw frames."""
    directory = tmp_path_factory.mktemp("frames")
    taken.write_frames(directory)
    return directory


@pytest.fixture
def lines(taken) -> list[str]:
    return list(taken.lines)


@pytest.fixture
def journal(tmp_path) -> pathlib.Path:
    return tmp_path / "journal" / f"{RUN}.jsonl"


@pytest.fixture
def write(journal, taken):
    """Writes the first records of the run to its journal."""

    def write(count: int | None = None, more: list[str] | None = None) -> None:
        path = taken.write_journal(journal.parent, count)
        with path.open("a", encoding="utf-8") as stream:
            stream.writelines(more or [])

    return write


class Runs(LocalRuns):
    """The repository is in memory, and its frames are in a directory."""

    frames = ""

    def repository(self, journal):
        del journal
        return self.frames


@pytest_asyncio.fixture
async def client(taken, journal, frames):
    def read_tests(_, collection, dataset_type):
        return taken.archive.read_tests(collection, dataset_type)

    runs = Runs(journal.parent)
    runs.frames = str(frames)
    async with TestClient(TestServer(make_app(runs, make_frame, read_tests))) as client:
        yield client
