# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw files of every year are read as they are, or refused by name; never read wrong."""

import gzip
import pickle

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st
from latiss_frames import (
    GEOMETRY,
    HEADER,
    HEADERS,
    HEIGHT,
    ORDER,
    WIDTH,
    camera_detsec,
    make_hdus,
    observatory_detsec,
    pixels_of,
)
from searching import examples

from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.raw.error import RawFrameError
from lsst.ts.dailycal.pipelines.raw.frame import RawFrame, open_raw
from lsst.ts.dailycal.pipelines.raw.layout import read_layout

EXPECTED = RawFrame.from_arrays(
    np.stack([pixels_of(amplifier.extname) for amplifier in GEOMETRY.amplifiers]),
    GEOMETRY,
    exposure=2024062400169,
    image_type="DARK",
    exposure_time=30.0,
    dark_time=30.0096,
)


def rice(pixels, keys):
    return fits.CompImageHDU(pixels, keys, compression_type="RICE_1")


def gzipped_tiles(pixels, keys):
    return fits.CompImageHDU(pixels, keys, compression_type="GZIP_1")


def unsigned(pixels, keys):
    return fits.ImageHDU(pixels.astype(np.uint32), keys)


def unsigned_rice(pixels, keys):
    return rice(pixels.astype(np.uint32), keys)


def with_zero(pixels, keys):
    hdu = fits.ImageHDU(pixels, keys)
    hdu.header["BZERO"], hdu.header["BSCALE"] = 0.0, 1.0
    return hdu


def with_biassec(pixels, keys):
    keys["BIASSEC"] = f"[{WIDTH + 4}:{WIDTH + 67},1:{HEIGHT + 48}]"
    return fits.ImageHDU(pixels, keys)


def without_prescan(pixels, keys):
    """As headers of 2021 and 2022: the images are the same, the prescan is forgotten."""
    keys["DATASEC"] = f"[1:{WIDTH},1:{HEIGHT}]"
    return fits.ImageHDU(pixels, keys)


def bare(pixels, keys):
    del keys["DETSEC"], keys["DETSIZE"]
    return fits.ImageHDU(pixels, keys)


def tables(hdus):
    column = fits.Column("KEY", "8A", array=["TEMP"])
    hdus.append(fits.BinTableHDU.from_columns([column], name="REB_COND"))
    hdus.append(fits.BinTableHDU())
    hdus.append(fits.ImageHDU(np.zeros((4, 4), np.float32), name="THUMBNAIL"))


def nothing(hdus):
    pass


def first_comes_last(hdus):
    hdus.append(hdus.pop(1))


FORMS = [
    fits.ImageHDU,
    rice,
    gzipped_tiles,
    unsigned,
    unsigned_rice,
    with_zero,
    with_biassec,
    without_prescan,
    bare,
]


@pytest.mark.parametrize(
    ("make", "detsec", "after"),
    [
        *((make, camera_detsec, nothing) for make in FORMS),
        (fits.ImageHDU, observatory_detsec, nothing),
        (fits.ImageHDU, camera_detsec, tables),
        (rice, camera_detsec, tables),
        (rice, observatory_detsec, first_comes_last),
        (with_biassec, observatory_detsec, nothing),
    ],
)
def test_every_form_gives_the_same_picture(tmp_path, make, detsec, after):
    hdus = make_hdus(make=make, detsec=detsec)
    after(hdus)
    hdus.writeto(tmp_path / "raw.fits")
    frame = open_raw(tmp_path / "raw.fits")
    assert [raw.amplifier.name for raw in frame.amplifiers] == [
        amplifier.name for amplifier in LATISS.amplifiers
    ]
    for raw, expected in zip(frame.amplifiers, EXPECTED.amplifiers, strict=True):
        whole = raw.pixels.read(0, raw.height)
        assert whole.dtype == np.int32
        assert np.array_equal(whole, expected.pixels.read(0, raw.height))
        assert np.array_equal(raw.pixels.read(5, 9), whole[5:9])
        assert (raw.data, raw.serial, raw.detector) == (
            expected.data,
            expected.serial,
            expected.detector,
        )
    mine, its = correct_frame(frame), correct_frame(EXPECTED)
    assert np.array_equal(mine.pixels, its.pixels)
    assert np.array_equal(mine.mask, its.mask)


def test_segments_1x_are_above_and_each_is_read_from_its_outer_right_corner(tmp_path):
    make_hdus().writeto(tmp_path / "raw.fits")
    frame = open_raw(tmp_path / "raw.fits")
    for raw in frame.amplifiers:
        name = raw.amplifier.name
        picture = np.zeros(frame.shape, np.int32)
        raw.oriented(picture)[0, 0] = 1
        ((y, x),) = np.argwhere(picture)
        assert x == WIDTH * (int(name[2]) + 1) - 1
        assert y == (2 * HEIGHT - 1 if name[1] == "1" else 0)


def test_a_file_packed_with_gzip_is_read(tmp_path):
    path = tmp_path / "raw.fits"
    make_hdus().writeto(path)
    path.write_bytes(gzip.compress(path.read_bytes()))
    assert np.array_equal(correct_frame(open_raw(path)).pixels, correct_frame(EXPECTED).pixels)
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(RawFrameError, match=r"raw\.fits.*packed with gzip, and damaged"):
        open_raw(path)


def test_the_frame_of_2018_has_two_tables_without_names_and_constant_pixels(tmp_path):
    facts = HEADERS["2018-09-20"]["header"]
    header = {key: value for key, value in facts.items() if key not in ("EXTNAME", "DATASEC")}
    hdus = make_hdus(header=header | {"DETSEC": None}, order=[])
    flat = np.zeros((LATISS.raw_height, LATISS.raw_width), np.int32)
    for name in ORDER:
        keys = fits.Header()
        keys["EXTNAME"], keys["DATASEC"] = name, facts["DATASEC"]
        keys["DETSEC"] = camera_detsec(name, LATISS.data_width, LATISS.data_height)
        keys["DETSIZE"] = facts["DETSIZE"]
        hdus.append(with_zero(flat, keys))
    assert hdus[1].header["DETSEC"] == facts["DETSEC"]
    hdus.extend([fits.BinTableHDU(), fits.BinTableHDU()])
    path = tmp_path / "raw.fits"
    hdus.writeto(path)
    path.write_bytes(gzip.compress(path.read_bytes(), 1))
    frame = open_raw(path)
    assert frame.shape == (4000, 4072)
    assert (frame.exposure, frame.image_type, frame.dark_time) == (3018092000065, "UNKNOWN", 27.0)
    assert frame.group.sequencer_file == "ats_20180511.seq"
    assert not any(raw.pixels.read(0, raw.height).any() for raw in frame.amplifiers)
    image = correct_frame(frame)
    assert not image.pixels.any()
    assert not image.mask.any()


def drop(name):
    def change(hdus):
        del hdus[ORDER.index(name) + 1]

    return change


def put(name, key, value):
    def change(hdus):
        hdus[ORDER.index(name) + 1].header[key] = value

    return change


def resized(name, shape):
    def change(hdus):
        hdus[ORDER.index(name) + 1].data = np.zeros(shape, np.int32)

    return change


def floats(hdus):
    hdus[3].data = np.full(hdus[3].data.shape, np.nan, np.float32)


def shorts(hdus):
    hdus[3].data = np.zeros(hdus[3].data.shape, np.int16)


def table_instead(hdus):
    hdus[3] = fits.BinTableHDU(name="Segment12")


def scaled(hdus):
    hdus[3].header["BSCALE"] = 2.0


def too_large(hdus):
    hdus[3] = unsigned(np.full(hdus[3].data.shape, 2**31, np.uint32), hdus[3].header)


def remove(name, key):
    def change(hdus):
        del hdus[ORDER.index(name) + 1].header[key]

    return change


def both_conventions(hdus):
    hdus[12].header["DETSEC"] = observatory_detsec(ORDER[11])


def primary(key, value):
    def change(hdus):
        hdus[0].header[key] = value

    return change


TALL = (HEIGHT + 49, WIDTH + 67)


@pytest.mark.parametrize(
    ("change", "hdu", "key", "said"),
    [
        (drop("Segment13"), "Segment13", "", "1 of 16 amplifiers are missing: Segment13"),
        (put("Segment13", "EXTNAME", "Segment12"), "Segment12", "EXTNAME", "HDU 4 .* as HDU 3"),
        (put("Segment13", "EXTNAME", "Segment18"), "Segment18", "EXTNAME", "no such amplifier"),
        (put("Segment13", "EXTNAME", "Other"), "Segment13", "", "missing"),
        (put("Segment11", "DETSEC", "[40:1,1:32]"), "Segment11", "DETSEC", "not its place"),
        (put("Segment11", "DETSEC", "[41:80,1:32]"), "Segment11", "DETSEC", "not its place"),
        (put("Segment11", "DETSEC", "soon"), "Segment11", "DETSEC", "not a FITS section"),
        (both_conventions, "Segment04", "DETSEC", "overlap"),
        (put("Segment04", "DETSIZE", "[1:4072,1:4000]"), "Segment04", "DETSIZE", "320 by 64"),
        (primary("DETSIZE", "[1:4072,1:4000]"), "primary header", "DETSIZE", "320 by 64"),
        (remove("Segment04", "DATASEC"), "Segment04", "DATASEC", "not there"),
        (put("Segment04", "DATASEC", "[4:43,1:31]"), "Segment04", "DATASEC", "Segment10"),
        (put("Segment04", "DATASEC", "[9:48,1:32]"), "Segment04", "DATASEC", "prescan"),
        (put("Segment04", "DATASEC", "[43:4,1:32]"), "Segment04", "DATASEC", "prescan"),
        (put("Segment04", "DATASEC", "[4:999,1:32]"), "Segment04", "DATASEC", "no overscan"),
        (put("Segment04", "DATASEC", "[4:43,1:99]"), "Segment04", "DATASEC", "no overscan"),
        (put("Segment04", "BIASSEC", "[40:107,1:80]"), "Segment04", "BIASSEC", "behind the data"),
        (put("Segment04", "BIASSEC", "[44:108,1:80]"), "Segment04", "BIASSEC", "behind the data"),
        (resized("Segment04", TALL), "Segment04", "NAXIS2", "is 81, and 80 in Segment10"),
        (resized("Segment04", (9, 9, 9)), "Segment04", "NAXIS", "is 3, not 2"),
        (floats, "Segment12", "BITPIX", "-32"),
        (shorts, "Segment12", "BITPIX", "16"),
        (table_instead, "Segment12", "XTENSION", "not an image"),
        (scaled, "Segment12", "BSCALE", "2"),
        (put("Segment12", "BZERO", 32768), "Segment12", "BZERO", "32768"),
        (primary("INSTRUME", "LSSTCam"), "primary header", "INSTRUME", "LSSTCam"),
        (primary("LSST_NUM", "ITL-3800C-145"), "primary header", "LSST_NUM", "ITL-3800C-145"),
        (primary("EXPTIME", -1.0), "primary header", "EXPTIME", "not there"),
    ],
)
def test_what_is_wrong_is_refused_by_the_names_of_file_hdu_and_key(
    tmp_path, change, hdu, key, said
):
    hdus = make_hdus()
    change(hdus)
    hdus.writeto(tmp_path / "raw.fits", output_verify="ignore")
    with pytest.raises(RawFrameError, match=said) as caught:
        open_raw(tmp_path / "raw.fits")
    error = caught.value
    assert error.path.endswith("raw.fits")
    assert (error.hdu, error.key) == (hdu, key)


def test_an_unsigned_pixel_that_no_converter_gives_is_refused_when_it_is_read(tmp_path):
    hdus = make_hdus()
    too_large(hdus)
    hdus.writeto(tmp_path / "raw.fits")
    frame = open_raw(tmp_path / "raw.fits")
    with pytest.raises(
        RawFrameError, match=r"raw\.fits \(Segment12, BZERO\): a pixel is 2147483648"
    ):
        frame.amplifiers[2].pixels.read(0, 1)


@pytest.mark.parametrize("make", [fits.ImageHDU, rice])
@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.7, 0.95])
def test_a_file_that_is_cut_short_is_refused(tmp_path, make, share):
    path = tmp_path / "raw.fits"
    make_hdus(make=make).writeto(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(RawFrameError, match=r"raw\.fits"):
        read_layout(path)


@pytest.mark.parametrize("make", [fits.ImageHDU, rice])
def test_padding_that_is_missing_at_the_end_does_no_harm(tmp_path, make):
    path = tmp_path / "raw.fits"
    make_hdus(make=make).writeto(path)
    path.write_bytes(path.read_bytes().rstrip(b"\0"))
    size = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"\0" * (-size % 4))
    assert np.array_equal(correct_frame(open_raw(path)).pixels, correct_frame(EXPECTED).pixels)


def test_a_compressed_amplifier_without_some_of_its_rows_is_refused(tmp_path):
    path = tmp_path / "raw.fits"
    make_hdus(make=rice).writeto(path)
    with fits.open(path, disable_image_compression=True, mode="update") as hdus:
        # No bytes in the first tile: nothing says what its pixels are.
        hdus[5].data["COMPRESSED_DATA"][0] = np.zeros(0, np.uint8)
    frame = open_raw(path)
    with pytest.raises(RawFrameError, match=r"raw\.fits \(Segment14\): .*decode"):
        frame.amplifiers[4].pixels.read(0, 1)
    assert np.array_equal(frame.amplifiers[5].pixels.read(0, 9), pixels_of("Segment15")[:9])


def test_a_frame_knows_what_it_must_share_with_others(tmp_path):
    make_hdus().writeto(tmp_path / "raw.fits")
    group = open_raw(tmp_path / "raw.fits").group
    assert (group.image_type, group.exposure_time, group.detector) == (
        "DARK",
        30.0,
        "ITL-3800C-068",
    )
    assert group.set_point == -104.15
    assert EXPECTED.group.differences(group, but=["LSST_NUM", "SEQFILE"]) == (
        "TEMP_SET is not defined and -104.15",
    )


def test_amplifiers_that_do_not_tile_the_detector_make_no_frame():
    first, second, *others = EXPECTED.amplifiers
    with pytest.raises(ValueError, match="do not tile"):
        RawFrame(1, "BIAS", 0.0, 0.0, (first, first, *others))
    with pytest.raises(ValueError, match="do not tile"):
        RawFrame(1, "BIAS", 0.0, 0.0, (second, *others))


def test_an_error_names_everything_after_a_way_through_a_pipe():
    error = RawFrameError("x.fits", "is not there", "Segment13", "DATASEC")
    back = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert str(back) == str(error) == "x.fits (Segment13, DATASEC): is not there"


@pytest.fixture(scope="module")
def small_files(tmp_path_factory):
    directory = tmp_path_factory.mktemp("fuzz")
    made = []
    for make in (fits.ImageHDU, rice):
        path = directory / f"{make.__name__}.fits"
        make_hdus(make=make).writeto(path)
        made.append(path.read_bytes())
    return directory / "raw.fits", made


@examples(25)
@given(
    which=st.integers(0, 1),
    places=st.lists(st.tuples(st.floats(0, 0.999), st.binary(min_size=1, max_size=80)), max_size=4),
)
def test_any_bytes_are_read_or_refused_by_an_error_of_ours(small_files, which, places):
    path, made = small_files
    content = bytearray(made[which])
    for share, data in places:
        start = int(share * len(content))
        content[start : start + len(data)] = data
    path.write_bytes(content)
    try:
        frame = open_raw(path)
        picture = correct_frame(frame)
    except RawFrameError as error:
        assert str(error).startswith(str(path))
    else:
        # Memory that nobody wrote would hardly be the same twice.
        assert np.array_equal(correct_frame(open_raw(path)).pixels, picture.pixels)


KEYS = """XTENSION BITPIX NAXIS NAXIS1 NAXIS2 PCOUNT GCOUNT EXTNAME DATASEC DETSEC DETSIZE BIASSEC
    BZERO BSCALE ZIMAGE"""
keywords = st.sampled_from(KEYS.split())
section = st.builds("[{}:{},{}:{}]".format, *[st.integers(0, 999)] * 4)
values = st.booleans() | st.integers(-(2**40), 2**40) | st.text("ASeg10[]:,", max_size=12) | section


@examples(60)
@given(number=st.integers(1, 16), key=keywords, value=values, compressed=st.booleans())
def test_any_key_of_an_amplifier_is_understood_or_refused_by_name(
    small_files, number, key, value, compressed
):
    path, made = small_files
    content = bytearray(made[compressed])
    card = fits.Card(key, value).image.encode()
    place = content.find(f"EXTNAME = '{ORDER[number - 1]}".encode())
    start = content.rfind(b"XTENSION", 0, place)
    at = content.find(f"{key:8}=".encode(), start, place + 800)
    at = place if at < 0 else at
    content[at : at + 80] = card[:80]
    path.write_bytes(content)
    try:
        picture = correct_frame(open_raw(path))
    except RawFrameError as error:
        assert str(error).startswith(str(path))
    except ValueError as error:
        assert "overscan" in str(error)
    else:
        assert picture.pixels.size == 16 * WIDTH * HEIGHT


def test_the_header_of_the_file_is_the_one_that_is_translated(tmp_path):
    make_hdus(header=HEADER | {"CONTRLLR": "H"}).writeto(tmp_path / "raw.fits")
    assert open_raw(tmp_path / "raw.fits").exposure == 4024062400169
