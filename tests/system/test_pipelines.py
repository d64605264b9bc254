# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Real pipetask and butler commands on a real repository, with small frames."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from lsst.ts.dailycal.butler.certify import certify_argv, decertify, find_conflicts
from lsst.ts.dailycal.butler.collections import CALIB, CALIB_DAILY, RAW
from lsst.ts.dailycal.butler.ingest import (
    count_raws,
    exposure_record,
    ingest_raws,
    read_header,
)
from lsst.ts.dailycal.butler.reference import ReferenceError, create_reference
from lsst.ts.dailycal.butler.repository import create_repository, open_repository
from lsst.ts.dailycal.butler.stats import StatsNotFoundError, has_dataset, read_stats
from lsst.ts.dailycal.forking import ForkServer
from lsst.ts.dailycal.model import ImageName, ImageType
from lsst.ts.dailycal.model.dark_fit import DarkFit
from lsst.ts.dailycal.pipelines.command import pipetask_argv
from lsst.ts.dailycal.pipelines.forked import pipeline_server
from lsst.ts.dailycal.pipelines.image import Mask
from lsst.ts.dailycal.pipelines.raw.error import RawHeaderError
from lsst.ts.dailycal.sim.clock import day_obs, tai_from_iso
from lsst.ts.dailycal.sim.config import SimulationConfig
from lsst.ts.dailycal.sim.exposures import SimulatedExposure
from lsst.ts.dailycal.sim.world import World

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]

DARK_TIMES = [5.0] * 2 + [15.0] * 2 + [30.0] * 8
TWO_SIDED = "-c verifyBias:noiseTestTwoSided=True"


def query(exposures):
    ids = ", ".join(str(exposure) for exposure in exposures)
    return f"instrument='LATISS' AND detector IN (0) AND exposure IN ({ids})"


@dataclasses.dataclass
class Site:
    """A repository with a reference, and today's frames."""

    repo: Path
    world: World
    biases: tuple[int, ...]
    darks: tuple[int, ...]
    paths: dict[int, Path]
    programs: ForkServer

    def run(self, job, pipeline, config, exposures):
        """Run a pipeline as OCPS does; give its exit code and what it said."""
        variable = "CP_VERIFY_DIR" if pipeline.startswith("verify") else "CP_PIPE_DIR"
        argv = pipetask_argv(
            self.repo,
            pipeline=f"${{{variable}}}/pipelines/LATISS/{pipeline}.yaml",
            config=f"-j 8 -i {config}",
            data_query=query(exposures),
            output=f"u/ocps/{job}",
        )
        return self.programs.call(argv, 120.0)

    def must_run(self, *args):
        code, said = self.run(*args)
        assert code == 0, said[-3000:]

    def certify(self, job, begin, end, dataset_type="bias", collection=CALIB_DAILY):
        argv = certify_argv(self.repo, f"u/ocps/{job}", collection, begin, end, dataset_type)
        return self.programs.call(argv, 60.0)


@pytest.fixture(scope="module")
def programs():
    with pipeline_server() as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory, programs):
    root = tmp_path_factory.mktemp("site")
    repo = root / "repo"
    # Frames follow from seed and name: of another day they would have other noise.
    start = tai_from_iso("2026-11-25T13:00:00")
    world = World(SimulationConfig(root=root, frame=(128, 128), seed=3, start_tai=start))
    create_repository(repo)
    reference = list(world.reference_exposures(20, (30.0,) * 12))
    tai = world.clock.tai()
    planned = [(ImageType.BIAS, 0.0)] * 20 + [(ImageType.DARK, time) for time in DARK_TIMES]
    today = [
        SimulatedExposure(
            name=ImageName(day_obs=day_obs(tai), seq_num=number),
            image_type=image_type,
            exposure_time=seconds,
            begin_tai=tai + 40 * number,
            end_tai=tai + 40 * number + seconds + 0.02,
            group_id="2026-11-23T12:00:00.000",
        )
        for number, (image_type, seconds) in enumerate(planned, start=1)
    ]
    with open_repository(repo, writeable=True) as butler:
        old = ingest_raws(butler, [world.write(exposure) for exposure in reference])
        paths = [world.write(exposure) for exposure in today]
        ids = ingest_raws(butler, paths)
    create_reference(repo, old[:20], old[20:], day_obs=reference[0].name.day_obs)
    site = Site(repo, world, ids[:20], ids[20:], dict(zip(ids, paths, strict=True)), programs)
    # What several tests look at: biases of all and of few frames, and a dark, of today.
    site.must_run("bias", "cpBias", "LATISS/calib --register-dataset-types", site.biases)
    site.must_run("bias3", "cpBias", "LATISS/calib --register-dataset-types", site.biases[:3])
    site.must_run("dark", "cpDark", "u/ocps/bias,LATISS/calib --register-dataset-types", site.darks)
    return site


def failures(stats):
    """Count the failures of each test in each exposure."""
    return {
        exposure: Counter(text.split()[-1] for text in entry.get("FAILURES", ()))
        for exposure, entry in stats.items()
        if exposure not in ("SUCCESS", "RUN")
    }


def amplifier_means(image):
    return {
        a.name: float(image.pixels[a.section.y0 : a.section.y1, a.section.x0 : a.section.x1].mean())
        for a in image.amplifiers
    }


def test_twenty_biases_pass_the_two_sided_test_against_their_own_mean(site):
    config = f"u/ocps/bias,LATISS/calib --register-dataset-types {TWO_SIDED}"
    site.must_run("verify20", "verifyBias", config, site.biases)
    stats = read_stats(site.repo, "u/ocps/verify20", "verifyBiasStats")
    assert set(stats) == {*site.biases, "SUCCESS"}
    counts = failures(stats)
    # With 16384 pixels the noise of an amplifier is known to half a per cent: at the lower
    # limit, where the mean is at 0.99, a few of 320 amplifiers may fail by chance.
    assert sum(count["NOISE"] for count in counts.values()) <= 6
    assert sum(count["MEAN"] + count["CR_NOISE"] for count in counts.values()) == 0


def test_three_biases_fail_the_two_sided_test_in_all_amplifiers(site):
    three = site.biases[:3]
    config = f"u/ocps/bias3,LATISS/calib --register-dataset-types {TWO_SIDED}"
    site.must_run("verify3", "verifyBias", config, three)
    stats = read_stats(site.repo, "u/ocps/verify3", "verifyBiasStats")
    assert stats["SUCCESS"] is False
    assert {
        exposure: count["NOISE"] for exposure, count in failures(stats).items()
    } == dict.fromkeys(three, 16)
    with open_repository(site.repo, collections="u/ocps/verify3") as butler:
        # An observer will want to look at the frames that failed.
        image = butler.get("verifyBiasIsrExp", instrument="LATISS", exposure=three[0], detector=0)
        table = butler.get("verifyBiasResults", instrument="LATISS")
        det = butler.get("verifyBiasDetStats", instrument="LATISS", exposure=three[0], detector=0)
        exp = butler.get("verifyBiasExpStats", instrument="LATISS", exposure=three[0])
    noise = [
        image.pixels[a.section.y0 : a.section.y1, a.section.x0 : a.section.x1].std() / a.read_noise
        for a in image.amplifiers
    ]
    assert np.mean(noise) == pytest.approx(1.0135 * np.sqrt(2 / 3), rel=0.02)
    assert len(table) == 48
    assert det["VERIFY"]["AMP"]["C00"]["NOISE"] is False
    assert exp["RXX_S00"]["SUCCESS"] is False
    assert len(exp["RXX_S00"]["FAILURES"]) >= 16


def test_frames_are_verified_against_the_reference_of_an_earlier_day(site):
    config = "LATISS/calib --register-dataset-types"
    site.must_run("external", "verifyBias", config, site.biases)
    counts = failures(read_stats(site.repo, "u/ocps/external", "verifyBiasStats"))
    assert len(counts) == 20
    # The mean is at 1.04 of the read noise and the limit at 1.05: chance decides for a few.
    assert max(count["NOISE"] for count in counts.values()) < 8
    assert sum(count["MEAN"] + count["CR_NOISE"] for count in counts.values()) == 0


def test_darks_are_verified_and_their_rate_is_that_of_the_world(site):
    config = "u/ocps/dark,u/ocps/bias,LATISS/calib --register-dataset-types"
    site.must_run("darks", "verifyDark", config, site.darks)
    counts = failures(read_stats(site.repo, "u/ocps/darks", "verifyDarkStats"))
    assert len(counts) == len(DARK_TIMES)
    assert sum(count["MEAN"] for count in counts.values()) == 0
    assert max(count["NOISE"] for count in counts.values()) < 8
    with open_repository(site.repo, collections="u/ocps/dark") as butler:
        dark = butler.get("dark", instrument="LATISS", detector=0)
    assert dark.unit == "electron/s"
    assert dark.inputs == site.darks
    rates = amplifier_means(dark).values()
    assert np.median(list(rates)) == pytest.approx(site.world.config.dark_current, abs=0.015)
    assert dark.variance.min() > 0
    lines = DarkFit.find(read_stats(site.repo, "u/ocps/darks", "verifyDarkStats")).amplifiers
    assert len(lines) == 16
    for line in lines.values():
        assert abs(line.intercept) < 5 * line.intercept_error
        assert abs(line.excess) < 5 * line.rate_error


def test_a_single_exposure_can_be_verified(site):
    config = "LATISS/calib --register-dataset-types"
    site.must_run("single", "verifyBias", config, site.biases[:1])
    stats = read_stats(site.repo, "u/ocps/single", "verifyBiasStats")
    assert set(stats) == {site.biases[0], "SUCCESS"}


def test_a_bias_is_found_by_its_validity_when_darks_are_combined(site):
    assert site.certify("bias", "2000-01-01", "2000-01-02", collection="LATISS/calib/old")[0] == 0
    code, said = site.run(
        "too-old", "cpDark", "LATISS/calib/old --register-dataset-types", site.darks[:2]
    )
    assert code == 1
    assert "cpDark.biases" in said, said[-2000:]
    config = "LATISS/calib/old --register-dataset-types"
    again = site.certify("bias3", "2020-01-01", "2100-01-01", collection="LATISS/calib/old")
    assert again[0] == 0, again[1]
    site.must_run("valid", "cpDark", config, site.darks[:2])
    with open_repository(site.repo, collections="u/ocps/valid") as butler:
        dark = butler.get("dark", instrument="LATISS", detector=0)
        (bias,) = butler.query_datasets("bias", collections="u/ocps/bias3")
    assert dark.provenance.calibrations == (("bias", str(bias.id)),)
    with open_repository(site.repo) as butler:
        calib = butler.get(
            "bias", instrument="LATISS", detector=0, exposure=site.biases[0], collections=CALIB
        )
    assert len(calib.inputs) == 20


@pytest.mark.parametrize(
    ("place", "first", "others"),
    [("before", ("13:00:00", "13:14:30"), ("13:14:30", "14:00:00")),
     ("within", ("13:14:30", "13:15:00"), ("13:00:00", "14:00:00"))],
)  # fmt: skip
def test_exposures_for_which_two_biases_are_valid_are_not_combined(site, place, first, others):
    chain = []
    for job, ends in (("bias3", first), ("bias", others)):
        chain.append(f"LATISS/calib/{place}.{job}")
        span = [f"2026-11-25T{end}" for end in ends]
        done = site.certify(job, *span, collection=chain[-1])
        assert done[0] == 0, done[1]
    config = f"{','.join(chain)} --register-dataset-types"
    code, said = site.run(f"two-{place}", "cpDark", config, site.darks[:3])
    assert code != 0
    assert "the 3 exposures need 2 different calibrations of type bias" in said, said[-2000:]


def test_amplifiers_are_masked_in_bias_and_dark_and_the_others_verified(site):
    masked = "-c cpBias:badAmplifiers=C10+C13"
    config = f"LATISS/calib --register-dataset-types {masked}"
    site.must_run("masked-bias", "cpBias", config, site.biases[:3])
    inputs = "u/ocps/masked-bias,LATISS/calib"
    site.must_run("masked-dark", "cpDark", f"{inputs} --register-dataset-types", site.darks[:3])
    with open_repository(site.repo, collections="u/ocps/masked-dark") as butler:
        dark = butler.get("dark", instrument="LATISS", detector=0)
    bad = {
        a.name
        for a in dark.amplifiers
        if (dark.mask[a.section.y0 : a.section.y1, a.section.x0 : a.section.x1] & Mask.BAD).all()
    }
    assert bad == {"C10", "C13"}
    assert dark.provenance.masked == ("C10", "C13")
    config = f"u/ocps/masked-dark,{inputs} --register-dataset-types"
    site.must_run("masked-verify", "verifyDark", config, site.darks[:3])
    stats = read_stats(site.repo, "u/ocps/masked-verify", "verifyDarkStats")
    names = {text.split()[1] for entry in stats.values() if isinstance(entry, dict)
             for text in entry.get("FAILURES", ())}  # fmt: skip
    assert names == {"C10", "C13"}
    code, said = site.run(
        "no-such", "cpBias", "LATISS/calib -c cpBias:badAmplifiers=C99", site.biases[:3]
    )
    assert code != 0
    assert "C99" in said


def test_certifying_twice_conflicts_and_the_conflict_is_found_before(site):
    day, next_day, last = "2026-11-23", "2026-11-24", "2026-11-25"
    assert find_conflicts(site.repo, CALIB_DAILY, "bias", day, next_day) == ()
    done = site.certify("bias", day, next_day)
    assert done[0] == 0, done[1]
    (conflict,) = find_conflicts(site.repo, CALIB_DAILY, "bias", "2026-11-23T12:00:00", last)
    assert conflict.run == "u/ocps/bias/run"
    assert conflict.begin == "2026-11-23T00:00:00.000000"
    assert conflict.end == "2026-11-24T00:00:00.000000"
    again = site.certify("bias", day, next_day)
    assert again[0] == 1
    assert "ConflictingDefinitionError" in again[1]
    assert find_conflicts(site.repo, CALIB_DAILY, "bias", next_day, last) == ()
    assert find_conflicts(site.repo, CALIB_DAILY, "dark", day, next_day) == ()
    assert site.certify("bias", next_day, last)[0] == 0
    decertify(site.repo, CALIB_DAILY, "bias", day, next_day)
    assert find_conflicts(site.repo, CALIB_DAILY, "bias", day, next_day) == ()
    assert len(find_conflicts(site.repo, CALIB_DAILY, "bias", next_day, last)) == 1
    assert site.certify("bias", day, next_day)[0] == 0


def test_a_range_without_sense_and_a_collection_of_another_type_are_refused(site):
    with pytest.raises(ValueError, match="empty"):
        find_conflicts(site.repo, CALIB_DAILY, "bias", "2026-11-24", "2026-11-23")
    with pytest.raises(ValueError, match="RUN"):
        find_conflicts(site.repo, RAW, "bias", "2026-11-23", "2026-11-24")
    with pytest.raises(ValueError, match="yesterday"):
        find_conflicts(site.repo, CALIB_DAILY, "bias", "yesterday", "2026-11-24")


def test_a_raw_that_was_damaged_after_ingest_fails_the_job(site, tmp_path):
    path = site.paths[site.biases[-1]]
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[: len(whole) // 2])
        config = "LATISS/calib --register-dataset-types"
        code, said = site.run("damaged", "cpBias", config, site.biases[-3:])
        assert code == 1
        assert path.name in said
        assert not has_dataset(site.repo, "u/ocps/damaged", "bias")
        code, _ = site.run("damaged-verify", "verifyBias", config, site.biases[-3:])
        assert code == 1
        with pytest.raises(StatsNotFoundError, match="damaged-verify"):
            read_stats(site.repo, "u/ocps/damaged-verify", "verifyBiasStats")
    finally:
        path.write_bytes(whole)


def test_an_output_collection_that_exists_is_refused(site):
    code, said = site.run("bias", "cpBias", "LATISS/calib --register-dataset-types", site.biases)
    assert code == 1
    assert "u/ocps/bias/run" in said


def test_statistics_that_are_not_there_are_an_error_that_says_where(site):
    with pytest.raises(StatsNotFoundError, match="u/ocps/nothing"):
        read_stats(site.repo, "u/ocps/nothing", "verifyBiasStats")
    with pytest.raises(StatsNotFoundError, match="verifyNothingStats"):
        read_stats(site.repo, "u/ocps/bias", "verifyNothingStats")
    assert has_dataset(site.repo, "u/ocps/bias", "bias")
    assert not has_dataset(site.repo, "u/ocps/bias", "dark")
    assert not has_dataset(site.repo, "u/ocps/nothing", "bias")


def test_raws_are_counted_and_ingested_only_once(site):
    everything = count_raws(site.repo)
    assert everything == 20 + 12 + 20 + len(DARK_TIMES)
    assert count_raws(site.repo, [site.biases[0], site.darks[0], 1]) == 2
    with open_repository(site.repo, writeable=True) as butler:
        ids = ingest_raws(butler, [site.paths[site.biases[0]]])
    assert ids == (site.biases[0],)
    assert count_raws(site.repo) == everything


def test_exposure_records_say_what_the_headers_say(site):
    with open_repository(site.repo) as butler:
        (record,) = butler.query_dimension_records(
            "exposure", instrument="LATISS", exposure=site.darks[-1]
        )
    header = read_header(site.paths[site.darks[-1]])
    assert record.id == int(f"{header['DAYOBS']}{header['SEQNUM']:05d}")
    assert record.obs_id == header["OBSID"]
    assert record.observation_type == "dark"
    assert record.exposure_time == 30.0
    assert record.dark_time == pytest.approx(30.02)
    assert record.group == "2026-11-23T12:00:00.000"
    assert record.physical_filter == "empty~empty"
    assert record.timespan.begin.tai.isot.startswith(header["DATE-BEG"])
    assert record.timespan.end.tai.isot.startswith(header["DATE-END"])


def test_a_header_without_sense_is_refused(site):
    header = dict(read_header(site.paths[site.biases[0]]))
    for key, value in (("SEQNUM", 100000), ("INSTRUME", "HSC"), ("DATE-BEG", "soon")):
        with pytest.raises(RawHeaderError):
            exposure_record(header | {key: value})
    del header["OBSID"]
    with pytest.raises(RawHeaderError, match="OBSID"):
        exposure_record(header)


def test_a_repository_is_not_made_over_something(site):
    with pytest.raises(FileExistsError, match="not empty"):
        create_repository(site.repo)


def test_a_reference_that_cannot_be_made_says_what_the_pipeline_said(site):
    with pytest.raises(ReferenceError, match="pipetask ended with code 1"):
        create_reference(site.repo, [1, 2], [3], day_obs=20200101)
