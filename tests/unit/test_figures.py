# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import io
import itertools
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from lsst.ts.dailycal.figures.palette import PALETTE, STATUS
from lsst.ts.dailycal.figures.pictures import assemble, picture_of, png
from lsst.ts.dailycal.figures.plots import Series, amplifier_multiples, histogram, profiles
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.raw.frame import RawFrame

# What is left of linear RGB without one kind of cone: Viénot, Brettel and Mollon, "Digital video
# colourmaps for checking the legibility of displays by dichromats" (1999).
BLINDNESS = {
    "protanopia": [[0.11238, 0.88762, 0.0], [0.11238, 0.88762, 0.0], [0.00401, -0.00401, 1.0]],
    "deuteranopia": [[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]],
}


def seen(colour: str, matrix) -> np.ndarray:
    """Return the CIE Lab coordinates of a colour as somebody with that eye sees it."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    srgb = np.array([red, green, blue])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.asarray(matrix) @ linear, 0.0, 1.0)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.asarray(to_xyz) @ linear / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("eye", BLINDNESS)
@pytest.mark.parametrize("colours", [PALETTE, STATUS], ids=["palette", "status"])
def test_colours_can_be_told_apart_by_people_who_are_colour_blind(eye, colours):
    for (one, first), (two, second) in itertools.combinations(colours.items(), 2):
        distance = np.linalg.norm(seen(first, BLINDNESS[eye]) - seen(second, BLINDNESS[eye]))
        assert distance > 9.0, (one, two)  # 2.3 is just noticeable, side by side


def read(content: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def test_the_first_row_of_an_image_is_at_the_bottom_of_its_picture():
    pixels = np.zeros((4, 6), np.float32)
    pixels[0, 1] = 1.0
    shown = read(png(pixels, 0.0, 1.0))
    assert shown.shape == (4, 6, 3)
    assert tuple(np.argwhere(shown[..., 0] == 255)[0]) == (3, 1)


def test_what_is_no_number_is_not_shown_as_a_value():
    pixels = np.full((2, 2), 0.5, np.float32)
    pixels[1, 1] = np.nan
    assert tuple(read(png(pixels, 0.0, 1.0))[0, 1]) == (255, 0, 255)


def test_differences_have_zero_in_the_middle_of_the_colours():
    rng = np.random.default_rng(1)
    picture = picture_of(rng.normal(0.5, 1.0, (50, 50)).astype(np.float32), differences=True)
    assert picture.low == -picture.high


def test_a_large_image_is_averaged_until_it_fits():
    pixels = np.arange(1000 * 1200, dtype=np.float32).reshape(1000, 1200)
    picture = picture_of(pixels, width=300)
    assert (picture.binning, picture.width, picture.height) == (4, 300, 250)


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_an_image_without_any_structure_has_a_picture(value):
    picture = picture_of(np.full((8, 8), value, np.float32))
    assert picture.high > picture.low
    assert "<svg" in histogram(np.full((8, 8), value, np.float32), "electron")


def test_every_amplifier_is_where_it_lies_on_the_detector_and_above_its_own_overscan():
    geometry = LATISS.resized(8, 6)
    raw = np.empty((16, geometry.raw_height, geometry.raw_width), np.int32)
    for number in range(16):
        raw[number] = 1000 * (number + 1)
        data = geometry.data_section
        raw[number, data.y0 : data.y1, data.x0 : data.x1] += number
    frame = RawFrame.from_arrays(raw, geometry, exposure=2026112300001, image_type="BIAS")
    assembled = assemble(frame)
    for number, amplifier in enumerate(geometry.amplifiers):
        place = geometry.detector_section(amplifier)
        part = assembled[place.y0 : place.y1, place.x0 : place.x1]
        np.testing.assert_array_equal(part, number)


def texts(svg: str) -> set[str]:
    return {"".join(node.itertext()).strip() for node in ET.fromstring(svg).iter() if node.text}


def test_every_axis_has_its_unit():
    pixels = np.random.default_rng(2).normal(0, 1, (20, 30)).astype(np.float32)
    assert {"value (electron)", "pixels"} <= texts(histogram(pixels, "electron"))
    assert {"row (pixel)", "column (pixel)", "median (electron/s)"} <= texts(
        profiles(pixels, "electron/s")
    )


def test_every_amplifier_has_a_plot_of_its_own():
    names = [f"C{row}{column}" for row in (1, 0) for column in range(8)]
    series = [Series(name, [1, 2, 3], [0.1, 0.2, 0.3], [False, True, False]) for name in names]
    svg = amplifier_multiples(series, series, "level (ADU)", ordered=names)
    assert {*names, "level (ADU)", "sequence number of the exposure"} <= texts(svg)


def test_the_same_figure_is_the_same_file():
    pixels = np.random.default_rng(2).normal(0, 1, (20, 30)).astype(np.float32)
    assert histogram(pixels, "electron") == histogram(pixels, "electron")
