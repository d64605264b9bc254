# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw frames are refused at ingestion already where headers show that something is wrong."""

import subprocess
import sys

import numpy as np
import pytest
from astropy.io import fits

from lsst.ts.dailycal.butler.collections import RAW
from lsst.ts.dailycal.butler.ingest import (
    count_raws,
    exposure_record,
    forget_raws,
    ingest_raws,
    read_header,
)
from lsst.ts.dailycal.butler.repository import create_repository, open_repository
from lsst.ts.dailycal.pipelines.raw.error import RawFrameError, RawHeaderError
from lsst.ts.dailycal.sim.config import RawFileOptions, SimulationConfig
from lsst.ts.dailycal.sim.world import World

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Two biases and a dark."""
    world = World(SimulationConfig(root=tmp_path_factory.mktemp("raws"), frame=(32, 32)))
    return [world.write(exposure) for exposure in world.reference_exposures(2, (30.0,))]


@pytest.fixture(scope="module")
def repo(tmp_path_factory):
    repo = tmp_path_factory.mktemp("site") / "repo"
    create_repository(repo)
    return repo


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"EXPTIME": None}, "EXPTIME"),
        ({"EXPTIME": -1.0}, "EXPTIME"),
        ({"DATE-END": "2021-01-01T00:00:00.000"}, "DATE-END"),
        ({"DATE-END": "2099-01-01T00:00:00.000"}, "DATE-END"),
        ({"DATE-END": None}, "DATE-END"),
        ({"EXPTIME": 30.0}, "DATE-END"),
        ({"DATE-BEG": None, "DATE-OBS": None, "MJD-BEG": None, "MJD-OBS": None}, "DATE-BEG"),
        ({"DATE-END": "soon"}, "DATE-END"),
        ({"TIMESYS": "LOCAL"}, "TIMESYS"),
        ({"CONTRLLR": "X"}, "CONTRLLR"),
        ({"LSST_NUM": "E2V-CCD250-369"}, "LSST_NUM"),
    ],
)
def test_an_exposure_that_cannot_have_been_is_refused_by_the_name_of_the_key(paths, change, key):
    header = dict(read_header(paths[0])) | change
    if change == {"DATE-END": None}:
        header["MJD-END"] = None
    with pytest.raises(RawHeaderError) as caught:
        exposure_record(header, "x.fits")
    assert (caught.value.path, caught.value.key) == ("x.fits", key)
    assert str(caught.value).startswith("x.fits (primary header, ")


def test_times_in_utc_become_tai(paths):
    header = dict(read_header(paths[0]))
    tai = exposure_record(header)["timespan"]
    utc = exposure_record(header | {"TIMESYS": "UTC"})["timespan"]
    assert (utc.begin - tai.begin).to_value("s") == pytest.approx(37.0, abs=1e-3)


def test_a_compressed_frame_is_ingested_and_read_from_where_it_is(repo, tmp_path):
    options = RawFileOptions(rice=True)
    world = World(SimulationConfig(root=tmp_path, frame=(128, 128), raw_files=options))
    exposure = next(world.reference_exposures(1, ()))
    path = world.write(exposure)
    assert path.name.endswith(".fits.fz")
    for transfer in ("direct", "copy"):
        with open_repository(repo, writeable=True) as butler:
            (number,) = ingest_raws(butler, [path], transfer)
            frame = butler.get(
                "raw", instrument="LATISS", detector=0, exposure=number, collections=RAW
            )
            assert frame.group.sequencer_file.endswith(".seq")
            pixels = frame.amplifiers[5].pixels.read(0, 100)
            forget_raws(butler, [number])
        assert np.array_equal(pixels, world.read(exposure).pixels[5][:100])


def test_a_bad_file_leaves_the_repository_as_it_was(repo, paths, tmp_path):
    before = count_raws(repo)
    bad = tmp_path / "bad.fits"
    good = paths[1]
    bad.write_bytes(good.read_bytes().replace(b"OBSID   =", b"HISTORY  ", 1))
    with (
        open_repository(repo, writeable=True) as butler,
        pytest.raises(RawHeaderError, match="OBSID"),
    ):
        ingest_raws(butler, [good, bad])
    for content in (b"", b"not FITS at all"):
        bad.write_bytes(content)
        with pytest.raises(RawHeaderError, match=r"bad\.fits"):
            read_header(bad)
    bad.write_bytes(good.read_bytes()[:-50_000])
    with (
        open_repository(repo, writeable=True) as butler,
        pytest.raises(RawFrameError, match="short"),
    ):
        ingest_raws(butler, [good, bad])
    assert count_raws(repo) == before


def test_amplifiers_that_do_not_fit_are_found_without_a_look_at_a_pixel(repo, paths, tmp_path):
    with fits.open(paths[2]) as hdus:
        hdus[5].header["EXTNAME"] = "Segment13"
        hdus.writeto(tmp_path / "twice.fits")
    with open_repository(repo, writeable=True) as butler:
        before = count_raws(repo)
        with pytest.raises(RawFrameError, match=r"twice\.fits \(Segment13, EXTNAME\): HDU 5"):
            ingest_raws(butler, [paths[0], tmp_path / "twice.fits"])
        assert count_raws(repo) == before
        # As the observatory does, which looks at no extension.
        (number,) = ingest_raws(butler, [tmp_path / "twice.fits"], only_headers=True)
        forget_raws(butler, [number])


def test_a_bias_of_2019_is_an_instant(paths):
    dates = {"DATE-BEG": "2019-09-15T18:13:32.400", "DATE-END": "2019-09-15T18:13:27.435"}
    span = exposure_record(dict(read_header(paths[0])) | dates)["timespan"]
    assert not span.isEmpty()
    assert (span.end - span.begin).to_value("s") < 1e-8


def test_files_are_added_by_a_command_and_what_is_no_frame_is_named(paths, tmp_path):
    repo = tmp_path / "repo"
    create_repository(repo)
    other = tmp_path / "thesis.fits"
    fits.PrimaryHDU(np.zeros((4, 4))).writeto(other)
    command = [sys.executable, "-c", "from lsst.ts.dailycal.cli.main import main; main()",
               "repo", "ingest", *map(str, paths), str(other), "--repo", str(repo)]  # fmt: skip
    for _ in range(2):  # those that are there are left alone
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 1
        assert done.stdout == f"{len(paths)} of {len(paths) + 1} frames are in {repo}.\n"
        assert "thesis.fits" in done.stderr
        assert "Traceback" not in done.stderr
    assert count_raws(repo) == len(paths)
