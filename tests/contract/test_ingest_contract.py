# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import asyncio
import dataclasses

import pytest
from contract_faces import bias, biases, verify

from lsst.ts.dailycal.model import ImageType, IngestError


async def take_two(bench):
    """Take two images, and say what the ingest port says of each."""
    names = [(await bench.take(planned)).name for planned in biases(2)]
    waits = (bench.ingest.wait(name, bench.seconds(120.0)) for name in names)
    return names, await asyncio.gather(*waits, return_exceptions=True)


@pytest.mark.parametrize(
    "fault",
    [
        "header_twice",
        "header_late:delay=20",
        "ingest_late:delay=60",
        "ingest_twice",
        "ingest_reordered",
        "ingest_foreign",
        "ingest_reordered@2",
    ],
)
def test_a_report_that_is_late_twice_out_of_order_or_foreign_harms_nothing(face, fault):
    _, outcomes = face.run(take_two, fault)
    assert outcomes == [None, None]


def test_a_report_that_came_before_the_wait_counts_every_time(face):
    async def scenario(bench):
        name = (await bench.take(bias())).name
        await asyncio.sleep(bench.seconds(20.0))
        before = bench.clock.tai()
        for _ in range(2):
            await bench.ingest.wait(name, bench.seconds(5.0))
        return (bench.clock.tai() - before) / bench.time_scale

    assert face.run(scenario) < 1.0


@pytest.mark.prevents("D7")
@pytest.mark.parametrize("fault", ["header_silent", "ingest_silent"])
def test_silence_ends_at_the_deadline_and_names_the_image(face, fault):
    async def scenario(bench):
        name = (await bench.take(bias())).name
        before = bench.clock.tai()
        with pytest.raises(IngestError) as caught:
            await bench.ingest.wait(name, bench.seconds(30.0))
        waited = (bench.clock.tai() - before) / bench.time_scale
        return name, caught.value, waited - bench.seconds(30.0)

    name, error, late = face.run(scenario, fault)
    assert error.missing == (str(name),)
    assert error.last_seen
    assert abs(late) < 1.0


@pytest.mark.prevents("D7", "D27")
def test_a_failed_image_is_reported_at_once_and_the_others_are_not_touched(face):
    names, outcomes = face.run(take_two, "ingest_error:code=1")
    assert isinstance(outcomes[0], IngestError)
    assert str(names[0]) in str(outcomes[0])
    assert outcomes[1] is None


@pytest.mark.prevents("D7")
def test_images_of_others_are_no_answer(face):
    async def scenario(bench):
        name = (await bench.take(bias())).name
        other = dataclasses.replace(name, seq_num=name.seq_num + 500)
        with pytest.raises(IngestError, match=str(other)):
            await bench.ingest.wait(other, bench.seconds(20.0))
        await bench.ingest.wait(name, bench.seconds(120.0))

    face.run(scenario, "ingest_foreign")


@pytest.mark.parametrize("fault", ["file_empty", "file_corrupt", "disk_full"])
def test_a_file_without_a_header_is_not_ingested(face, fault):
    _, outcomes = face.run(take_two, f"{fault}@2")
    assert outcomes[0] is None
    assert isinstance(outcomes[1], IngestError)


@pytest.mark.parametrize("fault", ["file_short", "file_nan", "file_corrupt:where=data"])
def test_a_frame_whose_pixels_are_damaged_is_ingested_found_out_and_never_verified(face, fault):
    name, _, values = fault.partition(":")

    async def scenario(bench):
        names, outcomes = await take_two(bench)
        assert outcomes == [None, None], "ATOODS looks at headers only"
        _, exit_code = await bench.run_job(verify(ImageType.BIAS, names))
        damaged = await bench.repository.find_damaged(names, bench.patience(60.0))
        return exit_code, names, damaged

    exit_code, names, damaged = face.run(scenario, f"{name}@2" + (f":{values}" if values else ""))
    assert exit_code == 1
    assert list(damaged) == names[1:]
    assert "ormatter" not in damaged[names[1]]


def test_the_butler_knows_an_image_that_nobody_reported(face):
    async def scenario(bench):
        names = [(await bench.take(planned)).name for planned in biases(3)]
        await asyncio.sleep(bench.seconds(60.0))
        found = await bench.repository.find_images(names, bench.patience(60.0))
        return names, found

    names, found = face.run(scenario, "ingest_silent@2", "header_silent@3")
    assert found == set(names[:2])
