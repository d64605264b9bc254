# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import numpy as np
import pytest
from click.testing import CliRunner

from lsst.ts.dailycal.butler.repository import create_repository, open_repository
from lsst.ts.dailycal.cli.errors import CommandError
from lsst.ts.dailycal.cli.exit_codes import ExitCode
from lsst.ts.dailycal.cli.repo import repo as command
from lsst.ts.dailycal.pipelines.combine import combine_bias
from lsst.ts.dailycal.pipelines.fits_image import read_image
from lsst.ts.dailycal.pipelines.raw import open_raw
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
