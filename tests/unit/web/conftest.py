# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that really took place, in the observatory in memory, and a server that shows it."""

import pathlib

import pytest
import pytest_asyncio
import yaml
from aiohttp.test_utils import TestClient, TestServer
from page_pictures import make_frame

from direct_ports import ports_of
from lsst.ts.dailycal.calibration import (
    configuration_schema,
    make_plan,
    make_run_config,
    validate_configuration,
)
from lsst.ts.dailycal.cli.serve.source import LocalRuns
from lsst.ts.dailycal.journal import MemoryStorage
from lsst.ts.dailycal.model import ImageTags
from lsst.ts.dailycal.run import Run, RunContext, RunJournal
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.direct.archive import DirectArchive
from lsst.ts.dailycal.sim.direct.observatory import DirectObservatory
from lsst.ts.dailycal.testing.loop import run_fast
from lsst.ts.dailycal.web.app import make_app

RUN = "20261123T143000-200001"


async def _take(storage: MemoryStorage) -> DirectArchive:
    schema = configuration_schema()
    given = {"script_mode": "BIAS_DARK", "n_bias": 3, "n_dark": 2, "exp_times_dark": 5}
    full = validate_configuration(schema, given)
    config = make_run_config(full, schema)

    async def checkpoint(_: str) -> None:
        return None

    observatory = DirectObservatory(SimulationConfig(frame=DIRECT_FRAME, faults=("header_late",)))
    async with observatory:
        context = RunContext(
            run_id=RUN,
            config=config,
            plan=make_plan(config),
            ports=ports_of(observatory),
            journal=RunJournal(storage, observatory.clock),
            tags=ImageTags("2026-11-23T12:00:00.000"),
            checkpoint=checkpoint,
        )
        await Run(context, yaml.safe_dump(full)).execute()
    return DirectArchive(observatory.store)


@pytest.fixture(scope="package")
def taken() -> tuple[list[str], DirectArchive]:
    """The lines of the journal of a run, and what it left."""
    storage = MemoryStorage()
    archive = run_fast(_take(storage))
    return list(storage.lines), archive


@pytest.fixture
def lines(taken) -> list[str]:
    return taken[0]


@pytest.fixture
def journal(tmp_path) -> pathlib.Path:
    return tmp_path / "journal" / f"{RUN}.jsonl"


@pytest.fixture
def write(journal, lines):
    """Writes the first records of the run to its journal."""

    def write(count: int | None = None, more: list[str] | None = None) -> None:
        journal.parent.mkdir(exist_ok=True)
        text = "".join(line if line.endswith("\n") else f"{line}\n" for line in lines[:count])
        journal.write_text(text + "".join(more or []), encoding="utf-8")

    return write


class Runs(LocalRuns):
    """The repository is in memory, so that it can be read from here."""

    def repository(self, journal):
        del journal
        return "in memory"


@pytest_asyncio.fixture
async def client(taken, journal):
    def read_tests(_, collection, dataset_type):
        return taken[1].read_tests(collection, dataset_type)

    app = make_app(Runs(journal.parent), make_frame, read_tests)
    async with TestClient(TestServer(app)) as client:
        yield client
