# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import asyncio
import dataclasses

import pytest
from contract_faces import DirectFace, biases, certification, generate

from lsst.ts.dailycal.model import (
    CertificationConflictError,
    CertificationError,
    ImageType,
    IngestError,
    StatisticsError,
)
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.direct import DirectObservatory
from lsst.ts.dailycal.testing.loop import run_fast

NAMES = {"ATCamera", "ATSpectrograph", "ATHeaderService", "ATOODS", "OCPS:1"}


async def look(bench):
    """Let faults strike, then ask."""
    await asyncio.sleep(bench.seconds(5.0))
    return {str(status.name): status for status in await bench.components.status()}


def test_every_component_is_enabled_and_alive(face):
    statuses = face.run(look)
    assert set(statuses) == NAMES
    assert {(s.state, s.alive, s.error_code) for s in statuses.values()} == {("ENABLED", True, 0)}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_component_that_leaves_enabled_is_seen(face, name):
    statuses = face.run(look, f"leaves_enabled@{name}")
    assert statuses[name].state == "FAULT"
    assert statuses[name].error_code != 0
    assert statuses[name].error_report
    assert {s.state for key, s in statuses.items() if key != name} == {"ENABLED"}


def test_a_component_that_goes_to_standby_has_no_error(face):
    status = face.run(look, "leaves_enabled@ATOODS:state=STANDBY")["ATOODS"]
    assert (status.state, status.error_code) == ("STANDBY", 0)


def test_a_component_without_a_heartbeat_is_not_alive(face):
    statuses = face.run(look, "heartbeat_lost@ATHeaderService")
    assert [name for name, status in statuses.items() if not status.alive] == ["ATHeaderService"]


def test_only_components_in_trouble_are_troubles(face):
    async def scenario(bench):
        await asyncio.sleep(bench.seconds(bench.silence))
        await bench.components.status()
        return {str(s.name): (s.state, s.alive) for s in bench.components.troubles()}

    assert face.run(scenario) == {}
    assert face.run(scenario, "leaves_enabled@ATOODS", "heartbeat_lost@ATCamera") == {
        "ATOODS": ("FAULT", True),
        "ATCamera": ("ENABLED", False),
    }


def test_the_time_passes(face):
    async def scenario(bench):
        before = bench.clock.tai()
        await asyncio.sleep(bench.seconds(10.0))
        return bench.clock.tai() - before

    assert face.run(scenario) >= 9.9


# What only the direct face has.


def test_an_error_of_a_test_is_not_wrapped_by_the_observatory():
    async def scenario(_):
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        DirectFace().run(scenario)


def test_a_person_can_bring_the_components_back():
    async def main():
        config = SimulationConfig(
            frame=DIRECT_FRAME, faults=("leaves_enabled@ATOODS", "heartbeat_lost@ATCamera")
        )
        async with DirectObservatory(config) as observatory:
            await asyncio.sleep(8.0)
            before = len(observatory.components.troubles())
            observatory.repair()
            return before, list(observatory.components.troubles())

    assert run_fast(main()) == (2, [])


# Faults of the repository that only the direct face can have: the other one is a real Butler.


async def certify_with_trouble(bench):
    names = await bench.take_and_ingest(*biases(2))
    job_id, _ = await bench.run_job(generate(ImageType.BIAS, names))
    wanted = certification(job_id)
    with pytest.raises(CertificationError) as caught:
        await bench.certify(wanted)
    found = await bench.repository.find_conflicts(wanted, bench.patience(5.0))
    return caught.value, list(found)


@pytest.mark.parametrize("fault", ["repository_locked", "repository_read_only"])
def test_a_repository_that_cannot_be_written_is_an_error_and_nothing_is_certified(fault):
    error, found = DirectFace().run(certify_with_trouble, fault)
    assert not isinstance(error, CertificationConflictError)
    assert found == []


def test_a_calibration_that_another_certified_meanwhile_is_a_conflict():
    error, (found,) = DirectFace().run(certify_with_trouble, "certified_by_another")
    assert isinstance(error, CertificationConflictError)
    assert found.run in str(error)


def test_a_repository_that_cannot_be_read_is_the_error_of_whoever_asks():
    async def scenario(bench):
        name = (await bench.take(*biases(1))).name
        with pytest.raises(IngestError):
            await bench.repository.find_images([name], bench.patience(5.0))
        with pytest.raises(StatisticsError):
            await bench.repository.has_output("u/ocps/x", "bias", bench.patience(5.0))
        wanted = dataclasses.replace(certification("x"), input_collection="")
        with pytest.raises(CertificationError):
            await bench.repository.find_conflicts(wanted, bench.patience(5.0))

    DirectFace().run(scenario, "repository_unreadable@*")
