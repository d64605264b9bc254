# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import dataclasses

import pytest
from contract_faces import biases, certification, generate, verify

from lsst.ts.dailycal.model import (
    CertificationConflictError,
    CertificationError,
    ImageType,
    LeftOut,
    StatisticsError,
    Validity,
)


async def make_bias(bench):
    """Make a combined bias, and return the id of its job."""
    names = await bench.take_and_ingest(*biases(3))
    job_id, exit_code = await bench.run_job(generate(ImageType.BIAS, names))
    assert exit_code == 0
    return job_id


def test_a_certified_calibration_is_in_the_way_of_another(face):
    async def scenario(bench, job_id):
        wanted = certification(job_id)
        before = await bench.repository.find_conflicts(wanted, bench.patience(5.0))
        await bench.certify(wanted)
        assert [
            await bench.repository.has_calibration(
                [wanted.calib_collection, "LATISS/calib/nothing"], *question, bench.patience(5.0)
            )
            for question in (
                ("bias", "2026-11-23T12:00:00"),
                ("bias", "2026-11-24T11:59:59"),
                ("bias", "2026-11-24T12:00:00"),
                ("dark", "2026-11-23T12:00:00"),
            )
        ] == [True, True, False, False]
        return wanted, before, await bench.repository.find_conflicts(wanted, bench.patience(5.0))

    wanted, before, (conflict,) = face.run_after(make_bias, scenario)
    assert list(before) == []
    assert conflict.dataset_type == "bias"
    assert conflict.calib_collection == wanted.calib_collection
    assert conflict.run == f"{wanted.input_collection}/run"
    assert conflict.validity.begin.startswith("2026-11-23T12:00:00")
    assert conflict.validity.end.startswith("2026-11-24T12:00:00")


@pytest.mark.prevents("D14")
def test_nothing_is_certified_twice(face):
    async def scenario(bench, job_id):
        wanted = certification(job_id)
        await bench.certify(wanted)
        with pytest.raises(CertificationConflictError, match="bias"):
            await bench.certify(wanted)

    face.run_after(make_bias, scenario)


def test_validity_ranges_may_adjoin_and_not_overlap(face):
    async def scenario(bench, job_id):
        await bench.certify(certification(job_id))
        await bench.certify(certification(job_id, "2026-11-24T12:00:00", "2026-11-25T12:00:00"))
        with pytest.raises(CertificationConflictError):
            await bench.certify(certification(job_id, "2026-11-20", "2026-11-23T12:00:01"))

    face.run_after(make_bias, scenario)


def test_another_collection_or_type_is_no_conflict(face):
    async def scenario(bench, job_id):
        wanted = certification(job_id)
        await bench.certify(wanted)
        others = (
            dataclasses.replace(wanted, calib_collection="LATISS/calib/other"),
            dataclasses.replace(wanted, dataset_type="dark"),
        )
        return [
            list(await bench.repository.find_conflicts(other, bench.patience(5.0)))
            for other in others
        ]

    assert face.run_after(make_bias, scenario) == [[], []]


@pytest.mark.prevents("D14")
@pytest.mark.parametrize(
    "change",
    [
        {"input_collection": "u/ocps/nothing"},
        {"dataset_type": "dark"},
        {"validity": Validity("2026-11-24", "2026-11-23")},
        {"validity": Validity("yesterday", "2026-11-23")},
    ],
    ids=lambda change: next(iter(change)),
)
def test_what_cannot_be_certified_is_an_error(face, change):
    async def scenario(bench, job_id):
        wanted = certification(job_id)
        with pytest.raises(CertificationError) as caught:
            await bench.certify(dataclasses.replace(wanted, **change))
        return caught.value

    assert not isinstance(face.run_after(make_bias, scenario), CertificationConflictError)


@pytest.mark.prevents("D24", "D29")
def test_statistics_that_are_not_there_are_an_error(face):
    async def scenario(bench, job_id):
        for collection in (f"u/ocps/{job_id}", "u/ocps/nothing"):
            with pytest.raises(StatisticsError, match="verifyBiasStats"):
                await bench.repository.read_statistics(
                    collection, "verifyBiasStats", bench.patience(60.0)
                )

    face.run_after(make_bias, scenario)


def test_the_output_of_a_job_is_its_own(face):
    """The reference bias is behind the same chain, and is not what the job wrote."""

    async def scenario(bench, job_id):
        return [
            await bench.repository.has_output(collection, dataset_type, bench.patience(60.0))
            for collection, dataset_type in (
                (f"u/ocps/{job_id}/run", "bias"),
                (f"u/ocps/{job_id}/run", "dark"),
                ("u/ocps/nothing/run", "bias"),
            )
        ]

    assert face.run_after(make_bias, scenario) == [True, False, False]


def test_a_raw_file_that_nobody_can_read_is_found_among_the_others(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(3))
        unknown = dataclasses.replace(names[0], seq_num=999)
        found = await bench.repository.find_damaged([*names, unknown], bench.patience(60.0))
        return names, found

    names, found = face.run(scenario, "file_nan@BIAS/2")
    assert list(found) == [names[1]]
    assert found[names[1]]


def test_the_calibration_in_use_is_measured_and_ones_own_is_passed_over(face):
    async def scenario(bench, job_id):
        own = f"u/ocps/{job_id}/run"
        await bench.certify(certification(job_id))
        where = ["LATISS/calib/nothing", "LATISS/calib/daily", "LATISS/calib"]
        patience = bench.patience(60.0)

        async def read(collections, moment="2026-11-30", but_not=""):
            return await bench.repository.read_calibration(
                collections, "bias", moment, patience, but_not=but_not
            )

        return own, await read([own]), await read(where), await read(where, but_not=own)

    own, made, last, other = face.run_after(make_bias, scenario)
    assert made == last
    assert (made.run, made.exposures, made.unit) == (own, 3, "electron")
    assert len(made.amplifiers) == 16
    assert all(item.noise > 0 for item in made.amplifiers)
    assert other is not None
    assert other.run != own


def test_what_combination_left_out_is_read_with_what_it_made(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(4))
        job_id, exit_code = await bench.run_job(generate(ImageType.BIAS, names))
        assert exit_code == 0
        return names, await bench.repository.read_calibration(
            [f"u/ocps/{job_id}/run"], "bias", "2000-01-01", bench.patience(60.0)
        )

    names, made = face.run(scenario, "header_wrong@BIAS/2")
    reason = "image type is ENGTEST, not BIAS"
    assert made.left_out == (LeftOut(names[1].exposure_id, reason),)
    assert (made.exposures, made.notes) == (3, ())


def test_measurements_come_with_the_statistics(face):
    async def scenario(bench):
        names = await bench.take_and_ingest(*biases(2))
        job_id, exit_code = await bench.run_job(verify(ImageType.BIAS, names))
        assert exit_code == 0
        return names, await bench.read(job_id, ImageType.BIAS)

    names, statistics = face.run(scenario)
    assert [item.exposure_id for item in statistics.measurements] == [
        name.exposure_id for name in names
    ]
    for exposure in statistics.measurements:
        assert len(exposure.amplifiers) == 16
        assert all(0.5 < item.noise / item.read_noise < 2 for item in exposure.amplifiers)
