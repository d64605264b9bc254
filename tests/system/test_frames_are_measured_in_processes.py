# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Measuring frames of a real Butler, in a process of its own."""

import asyncio
import dataclasses
import os
import time

import pytest

from lsst.ts.dailycal.butler.ingest import ingest_raws
from lsst.ts.dailycal.butler.measure import ButlerMeasuring
from lsst.ts.dailycal.butler.repository import create_repository, open_repository
from lsst.ts.dailycal.model import ImageName, MeasurementError
from lsst.ts.dailycal.pipelines.measure import measure_frame
from lsst.ts.dailycal.pipelines.raw.frame import open_raw
from lsst.ts.dailycal.sim.config import SimulationConfig
from lsst.ts.dailycal.sim.world import World

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]


@pytest.fixture
async def site(tmp_path):
    """A repository with two biases: its path, and those of the files by name."""
    return await asyncio.to_thread(_make_site, tmp_path)


def _make_site(tmp_path):
    world = World(SimulationConfig(frame=(64, 64), root=tmp_path))
    create_repository(tmp_path / "repo")
    exposures = list(world.reference_exposures(biases=2, dark_times=()))
    paths = {exposure.name: world.write(exposure) for exposure in exposures}
    with open_repository(tmp_path / "repo", writeable=True) as butler:
        ingest_raws(butler, paths.values())
    return tmp_path / "repo", paths


def _measure(path, name, sequencer):
    return measure_frame(open_raw(path), name, sequencer=sequencer)


async def test_a_frame_is_measured_through_the_butler_as_it_is_from_its_file(site):
    repo, paths = site
    measuring = ButlerMeasuring(str(repo))
    try:
        for name, path in paths.items():
            found = await measuring.measure(name, 60.0)
            direct = await asyncio.to_thread(_measure, path, name, found.sequencer)
            assert dataclasses.replace(found, seconds=0) == dataclasses.replace(direct, seconds=0)
            assert found.sequencer
        with pytest.raises(MeasurementError, match="no raw image"):
            await measuring.measure(ImageName(20261123, 77), 60.0)
        name, path = paths.popitem()
        path.write_bytes(path.read_bytes()[:5000])
        with pytest.raises(MeasurementError, match="cannot be read from here"):
            await measuring.measure(name, 60.0)
        name, _ = paths.popitem()
        assert (await measuring.measure(name, 60.0)).name == name, "others go on"
    finally:
        await measuring.close()


async def test_a_repository_that_hangs_costs_one_deadline_and_never_the_event_loop(tmp_path):
    """Its configuration is a pipe that nobody writes to: whoever opens it waits in the kernel."""
    os.mkfifo(tmp_path / "butler.yaml")
    measuring = ButlerMeasuring(str(tmp_path))
    asked = asyncio.create_task(measuring.measure(ImageName(20261123, 1), 6.0))
    late = []
    while not asked.done():
        begin = time.monotonic()
        await asyncio.sleep(0.05)
        late.append(time.monotonic() - begin)
    with pytest.raises(MeasurementError, match="within 6 s"):
        await asked
    assert len(late) > 20
    await measuring.close()
