# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""One directory with frames as LATISS wrote them in all years, reduced by one command."""

import json

import numpy as np
import pytest
from astropy.io import fits
from astropy.time import Time, TimeDelta
from click.testing import CliRunner
from latiss_frames import GEOMETRY, HEADERS, make_hdus

from lsst.ts.dailycal.cli.reduce.command import reduce
from lsst.ts.dailycal.pipelines.fits_image import read_image

YEAR = "AT_O_20240624_000169"
OTHERS = HEADERS.keys() - {YEAR}
BIASES, DARKS = 6, 3


def header_of(number, kind, seconds):
    """Alter the header of 2024 to that of another exposure of the same night."""
    begin = Time(HEADERS[YEAR]["header"]["DATE-BEG"], scale="tai") + TimeDelta(
        60 * number, format="sec"
    )
    end = begin + TimeDelta(seconds + 2.0, format="sec")
    return HEADERS[YEAR]["header"] | {
        "OBSID": f"AT_O_20240624_{number:06d}",
        "SEQNUM": number,
        "IMGTYPE": kind,
        "EXPTIME": seconds,
        "DARKTIME": seconds + 0.0096 if seconds else 0.0,
        "DATE-OBS": begin.isot,
        "DATE-BEG": begin.isot,
        "DATE-END": end.isot,
    }


def write(directory, number, kind, seconds):
    """Write a frame of noise, every other one compressed and with a table behind it."""
    random = np.random.default_rng([20240624, number])
    shape = (GEOMETRY.raw_height, GEOMETRY.raw_width)
    gains = {amplifier.extname: amplifier for amplifier in GEOMETRY.amplifiers}

    def make(_, keys):
        amplifier = gains[keys["EXTNAME"]]
        noise = random.normal(20_000, amplifier.read_noise / amplifier.gain, shape)
        pixels = np.rint(noise).astype(np.int32)
        if number % 2:
            return fits.ImageHDU(pixels, keys)
        return fits.CompImageHDU(pixels, keys, compression_type="RICE_1")

    facts = header_of(number, kind, seconds)
    hdus = make_hdus(header=primary_of(facts), make=make)
    if number % 2 == 0:
        hdus.append(fits.BinTableHDU(name="REB_COND"))
    hdus.writeto(directory / f"{facts['OBSID']}-R00S00.fits{'' if number % 2 else '.fz'}")


def primary_of(facts):
    """Leave out what the facts say of the first amplifier, and of a frame of another size."""
    of_amplifier = ("EXTNAME", "DATASEC", "DETSEC", "DETSIZE")
    return {key: value for key, value in facts.items() if key not in of_amplifier}


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    path = tmp_path_factory.mktemp("years")
    for number in range(1, BIASES + 1):
        write(path, number, "BIAS", 0.0)
    for number in range(BIASES + 1, BIASES + DARKS + 1):
        write(path, number, "DARK", 10.0 * (1 + number % 3))
    for name in OTHERS:
        facts = HEADERS[name]["header"]
        make_hdus(header=primary_of(facts)).writeto(path / f"of_{name}.fits")
    return path


def test_one_command_combines_plain_and_compressed_frames_and_names_all_others(directory, tmp_path):
    result = CliRunner().invoke(
        reduce,
        [str(directory), "--output", str(tmp_path), "--day", "20240624", "--json"],
        standalone_mode=False,
    )
    assert result.exception is None, result.exception
    report = json.loads(result.stdout)
    assert [len(item["combined"]) for item in report["results"]] == [BIASES, DARKS]
    assert report["setup"]["SEQFILE"] == HEADERS[YEAR]["header"]["SEQFILE"]
    reasons = {item["path"].rpartition("/")[2]: item["reason"] for item in report["left_out"]}
    assert set(reasons) == {f"of_{name}.fits" for name in OTHERS}
    assert all(reasons.values())
    bias = read_image(tmp_path / "bias.fits")
    for amplifier in bias.amplifiers:
        place = amplifier.section
        noise = bias.pixels[place.y0 : place.y1, place.x0 : place.x1].std()
        # Levels of rows and columns are of few pixels in frames as small as this.
        assert noise == pytest.approx(amplifier.read_noise / BIASES**0.5, rel=0.1)
