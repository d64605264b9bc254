# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import json

import numpy as np
import pytest
from astropy.io import fits
from click.testing import CliRunner

from lsst.ts.dailycal.butler.repository import create_repository, open_repository
from lsst.ts.dailycal.cli.errors import CommandError
from lsst.ts.dailycal.cli.exit_codes import ExitCode
from lsst.ts.dailycal.cli.reduce.command import reduce
from lsst.ts.dailycal.cli.repo import repo as command
from lsst.ts.dailycal.pipelines.combine import combine_bias
from lsst.ts.dailycal.pipelines.fits_image import read_image
from lsst.ts.dailycal.pipelines.raw.frame import open_raw
from lsst.ts.dailycal.sim.config import SimulationConfig
from lsst.ts.dailycal.sim.world import World

pytestmark = pytest.mark.system

DAYS = ("2026-11-18", "2026-11-19", "2026-11-20")


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """Certify two biases, each for a day."""
    from astropy.time import Time
    from lsst.daf.butler import CollectionType, Timespan

    root = tmp_path_factory.mktemp("export")
    world = World(SimulationConfig(frame=(32, 40), root=root))
    frames = [open_raw(world.write(e)) for e in world.reference_exposures(6, [])]
    biases = [combine_bias(frames[:3]), combine_bias(frames[3:])]
    create_repository(root / "repo")
    with open_repository(root / "repo", writeable=True) as butler:
        butler.collections.register("daily", CollectionType.CALIBRATION)
        for number, bias in enumerate(biases):
            butler.collections.register(f"u/ocps/{number}", CollectionType.RUN)
            reference = butler.put(
                bias, "bias", instrument="LATISS", detector=0, run=f"u/ocps/{number}"
            )
            begin, end = (Time(day, scale="tai") for day in DAYS[number : number + 2])
            butler.registry.certify("daily", [reference], Timespan(begin, end))
    return root / "repo", biases


def export(path, repository, *args):
    arguments = ["export", "bias", str(path), "--repo", str(repository), *args]
    return CliRunner().invoke(command, arguments, standalone_mode=False)


@pytest.mark.parametrize("number", [0, 1])
def test_the_bias_that_is_valid_is_exported(repository, tmp_path, number):
    root, biases = repository
    path = tmp_path / "bias.fits"
    result = export(path, root, "--collection", "daily", "--at", f"{DAYS[number]}T12:00:00")
    assert result.output == f"{path}: bias of u/ocps/{number}\n", result.exception
    assert np.array_equal(read_image(path).pixels, biases[number].pixels)
    assert read_image(path).inputs == biases[number].inputs


def test_the_output_of_a_job_is_exported_whatever_the_time(repository, tmp_path):
    root, biases = repository
    export(tmp_path / "bias.fits", root, "--collection", "u/ocps/1")
    assert np.array_equal(read_image(tmp_path / "bias.fits").pixels, biases[1].pixels)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--collection", "daily", "--at", "2026-12-01"), "No bias is valid in daily"),
        (("--collection", "nothing"), "has no nothing"),
    ],
)
def test_what_is_not_there_is_said_and_nothing_is_written(repository, tmp_path, arguments, said):
    result = export(tmp_path / "bias.fits", repository[0], *arguments)
    assert isinstance(result.exception, CommandError)
    assert result.exception.code == ExitCode.NOT_FOUND
    assert said in result.exception.message
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_is_not_replaced(repository, tmp_path):
    (tmp_path / "bias.fits").write_text("mine")
    result = export(tmp_path / "bias.fits", repository[0], "--collection", "u/ocps/1")
    assert result.exception.code == ExitCode.IO
    assert (tmp_path / "bias.fits").read_text() == "mine"


def reduced(directory, repository, *args):
    """Reduce the last three frames, and give the exception and the report."""
    files = sorted(map(str, (repository[0].parent / "raw").rglob("*.fits")))[3:]
    arguments = [*files, "--repo", str(repository[0]), "--output", str(directory), *args, "--json"]
    result = CliRunner().invoke(reduce, arguments, standalone_mode=False)
    return result.exception, json.loads(result.stdout) if result.exception is None else None


def test_frames_are_verified_with_what_is_certified_for_their_time(repository, tmp_path):
    error, report = reduced(tmp_path, repository, "--collection", "daily")
    assert error is None
    (item,) = report["results"]
    assert item["verified_with"] == {"bias": f"u/ocps/1 of {repository[0]}"}
    # The bias of the repository is that of the same three frames.
    combined = read_image(tmp_path / "bias.fits")
    assert np.array_equal(combined.pixels, repository[1][1].pixels)
    _, own = reduced(tmp_path / "other", repository, "--collection", "u/ocps/0")
    statistics = (tmp_path / "verifyBiasResults.ecsv").read_text()
    assert statistics != (tmp_path / "other" / "verifyBiasResults.ecsv").read_text()
    assert own["results"][0]["verified_with"] == {"bias": f"u/ocps/0 of {repository[0]}"}


def test_a_bias_that_is_given_is_not_looked_up(repository, tmp_path):
    export(tmp_path / "mine.fits", repository[0], "--collection", "u/ocps/1")
    given = str(tmp_path / "mine.fits")
    error, report = reduced(tmp_path / "out", repository, "--bias", given)
    assert error is None
    assert report["results"][0]["verified_with"] == {"bias": given}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--collection", "nothing"), "has no nothing"),
        (("--collection", "u/ocps/1", "--repo", "/no/such"), "no Butler repository /no/such"),
    ],
)
def test_a_calibration_that_is_not_there_is_said_before_anything_is_combined(
    repository, tmp_path, arguments, said
):
    error, _ = reduced(tmp_path / "out", repository, *arguments)
    assert error.code == ExitCode.NOT_FOUND
    assert said in error.message
    assert not (tmp_path / "out").exists()


def test_frames_of_two_validity_ranges_need_a_calibration_of_their_own(repository, tmp_path):
    files = sorted((repository[0].parent / "raw").rglob("*.fits"))
    with fits.open(files[1]) as hdus:
        for key in ("DATE-OBS", "DATE-BEG", "DATE-END", "DATE"):
            if key in hdus[0].header:
                hdus[0].header[key] = hdus[0].header[key].replace("11-19", "11-18")
        for key in [key for key in hdus[0].header if key.startswith("MJD")]:
            hdus[0].header[key] -= 1
        hdus.writeto(tmp_path / "early.fits")
    arguments = [str(files[0]), str(tmp_path / "early.fits"), "--repo", str(repository[0])]
    arguments += ["--collection", "daily", "--output", str(tmp_path / "out")]
    result = CliRunner().invoke(reduce, arguments, standalone_mode=False)
    assert "no single bias is valid in daily" in result.exception.message.lower()
