# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import warnings

import numpy as np
import pytest
from astropy.io import fits

from lsst.ts.dailycal.model.detector import LATISS, Section
from lsst.ts.dailycal.pipelines.combine import combine_bias, combine_dark
from lsst.ts.dailycal.pipelines.fits_image import read_image, write_image
from lsst.ts.dailycal.pipelines.image import Mask, bin_pixels
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.raw.error import RawFrameError
from lsst.ts.dailycal.pipelines.raw.frame import open_raw


@pytest.fixture
def raw_file(make_maker, tmp_path):
    maker = make_maker(40, 32)
    frame = maker.frame(dark_time=5.0)
    primary = fits.PrimaryHDU()
    primary.header.update(
        INSTRUME="LATISS", DAYOBS="20261123", SEQNUM=1, IMGTYPE="DARK", EXPTIME=5.0, DARKTIME=5.02
    )
    hdus = fits.HDUList([primary])
    for raw in frame.amplifiers:
        hdu = fits.ImageHDU(raw.pixels.array, name=raw.amplifier.extname)
        hdu.header.update(DATASEC=raw.data.fits, BIASSEC=raw.serial.fits, DETSEC=raw.detector.fits)
        hdus.append(hdu)
    path = tmp_path / "raw.fits"
    hdus.writeto(path)
    return path, frame


def test_a_file_gives_what_was_in_memory(raw_file):
    path, frame = raw_file
    opened = open_raw(path)
    assert opened.exposure == frame.exposure
    assert opened.image_type == "DARK"
    assert opened.dark_time == 5.02
    assert opened.shape == frame.shape
    assert np.array_equal(correct_frame(opened).pixels, correct_frame(frame).pixels)


def test_a_dark_time_below_the_exposure_time_is_not_believed(raw_file):
    path, _ = raw_file
    fits.setval(path, "DARKTIME", value=1.0)
    assert open_raw(path).dark_time == 5.0


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def cut_last_block(path):
    path.write_bytes(path.read_bytes()[:-5760])


def empty(path):
    path.write_bytes(b"")


def noise(path):
    path.write_bytes(np.random.default_rng(1).bytes(10000))


def other_instrument(path):
    fits.setval(path, "INSTRUME", value="LSSTCam")


def no_section(path):
    fits.delval(path, "DATASEC", extname="Segment13")


def floats(path):
    with fits.open(path, mode="update") as hdus:
        hdus[3].data = np.full(hdus[3].data.shape, np.nan, np.float32)


@pytest.mark.parametrize(
    "damage", [cut, cut_last_block, empty, noise, other_instrument, no_section, floats]
)
def test_a_damaged_file_is_an_error_that_names_it(raw_file, damage):
    path, _ = raw_file
    damage(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(RawFrameError, match=r"raw\.fits"):
            open_raw(path)


def test_no_file_is_an_error(tmp_path):
    with pytest.raises(RawFrameError, match=r"none\.fits"):
        open_raw(tmp_path / "none.fits")


def test_an_image_comes_back_from_its_file(make_maker, tmp_path):
    maker = make_maker(40, 32)
    bias = combine_bias(maker.frames(3))
    bias.mask[3, 4] = Mask.BAD
    path = tmp_path / "bias.fits"
    write_image(path, bias)
    back = read_image(path)
    assert np.array_equal(back.pixels, bias.pixels)
    assert np.array_equal(back.mask, bias.mask)
    assert back.pixels.dtype == np.float32
    assert (back.kind, back.unit, back.inputs) == ("bias", "electron", bias.inputs)
    # As numpy compares, to which one NaN is as good as another.
    for items in zip(back.amplifiers, bias.amplifiers, strict=True):
        np.testing.assert_equal(*map(dataclasses.astuple, items))


def test_an_image_file_is_correct_fits(make_maker, tmp_path):
    bias = combine_bias(make_maker(40, 32).frames(3))
    path = tmp_path / "bias.fits"
    write_image(path, bias)
    assert path.stat().st_size % 2880 == 0
    with fits.open(path) as hdus:
        hdus.verify("exception")
        assert [hdu.name for hdu in hdus] == ["PRIMARY", "IMAGE", "MASK", "VARIANCE"]
        assert hdus["MASK"].header["MP_NO_DATA"] == 4
        assert hdus["VARIANCE"].header["BUNIT"] == "(electron)**2"
        assert np.array_equal(hdus["VARIANCE"].data, bias.variance)
        assert hdus["IMAGE"].header["BUNIT"] == "electron"
        assert hdus[0].header["CPP_INPUT_2"] == bias.inputs[2]
        assert np.array_equal(hdus["IMAGE"].data, bias.pixels)


def test_a_header_says_what_went_in_and_what_was_left_out(make_maker, tmp_path):
    maker = make_maker(64, 64)
    darks = [maker.frame(rate=0.1, dark_time=t, extra=5.0) for t in (5.0, 15.0, 30.0) * 4]
    darks.append(maker.frame(rate=0.1, dark_time=30.0, extra=60.0))
    dark = combine_dark(darks, None)
    path = tmp_path / "dark.fits"
    write_image(path, dark)
    back = read_image(path).provenance
    made = dark.provenance
    assert dataclasses.replace(back, dark_fit=None) == dataclasses.replace(made, dark_fit=None)
    for name, line in made.dark_fit.to_dict().items():
        # A card has room for 16 digits.
        assert back.dark_fit.to_dict()[name] == pytest.approx(line, rel=1e-12)
    assert [item.scale for item in back.inputs] == [5.0, 15.0, 30.0] * 4
    (left,) = back.left_out
    assert left.exposure == darks[-1].exposure
    assert "level of" in left.reason
    assert np.mean([line.intercept for line in back.dark_fit.amplifiers.values()]) == pytest.approx(
        5.0, abs=0.5
    )
    header = fits.getheader(path)
    assert header["CPP_INPUT_EXPT_1"] == 15.0
    assert header["CPP_VERSION_0"].startswith("ts-dailycal ")
    assert header["DKI01"] == back.dark_fit.amplifiers["C10"].intercept


def test_a_file_of_an_earlier_version_is_read(make_maker, tmp_path):
    bias = combine_bias(make_maker(40, 32).frames(3))
    path = tmp_path / "bias.fits"
    write_image(path, dataclasses.replace(bias, variance=None, provenance=None))
    back = read_image(path)
    assert (back.variance, back.provenance, back.inputs) == (None, None, bias.inputs)
    assert np.array_equal(back.pixels, bias.pixels)


def test_binning_averages_squares():
    pixels = np.arange(35, dtype=np.float32).reshape(5, 7)
    assert bin_pixels(pixels, 2).tolist() == [[4, 6, 8], [18, 20, 22]]


@pytest.mark.parametrize("text", ["[1:10,5:7]", "[10:1,5:7]", "[4072:3564,4000:2001]"])
def test_a_section_keeps_its_direction(text):
    assert Section.parse(text).fits == text


@pytest.mark.parametrize("text", ["", "[0:3,1:2]", "[1:2]", "1:2,3:4", "[a:b,1:2]"])
def test_what_is_not_a_section_is_refused(text):
    with pytest.raises(ValueError, match="section"):
        Section.parse(text)


def test_the_amplifiers_tile_the_detector():
    seen = np.zeros((LATISS.height, LATISS.width), np.uint8)
    for amplifier in LATISS.amplifiers:
        place = LATISS.detector_section(amplifier)
        seen[place.y0 : place.y1, place.x0 : place.x1] += 1
    assert (seen == 1).all()
    assert (LATISS.width, LATISS.height) == (4072, 4000)
    assert (LATISS.raw_width, LATISS.raw_height) == (576, 2048)
