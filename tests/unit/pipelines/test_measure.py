# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured on a frame, held against independent libraries and what was put in."""

import statistics

import numpy as np
import pytest
import scipy.stats
from astropy.stats import sigma_clipped_stats

from lsst.ts.dailycal.model import ImageName
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.measure import (
    SATURATION,
    difference_noise,
    grouped_median,
    grouped_medians,
    measure_frame,
    stuck_bits,
)
from lsst.ts.dailycal.pipelines.raw.frame import RawFrame

GEOMETRY = LATISS.resized(256, 512)
NAME = ImageName(20261123, 5)
NOISE = 8.0
LEVEL, OVERSCAN = 12.3, 25_000.4


def make_arrays(seed=1):
    """Normal noise on an overscan level, and the data a little above it."""
    random = np.random.default_rng(seed)
    shape = (16, GEOMETRY.raw_height, GEOMETRY.raw_width)
    values = random.normal(OVERSCAN, NOISE, shape)
    data = GEOMETRY.data_section
    values[:, data.y0 : data.y1, data.x0 : data.x1] += LEVEL
    return np.rint(values).astype(np.int32)


def measure(arrays, **given):
    facts = {"exposure": NAME.exposure_id, "image_type": "BIAS", **given}
    return measure_frame(RawFrame.from_arrays(arrays, GEOMETRY, **facts), NAME)


@pytest.fixture(scope="module")
def arrays():
    return make_arrays()


def data_of(array):
    section = GEOMETRY.data_section
    return array[section.y0 : section.y1, section.x0 : section.x1]


def serial_of(array):
    section = GEOMETRY.serial_section
    return array[:, section.x0 + 3 : section.x1 - 3]


def test_the_median_of_rounded_values_is_that_of_the_standard_library():
    values = np.random.default_rng(3).normal(100.37, 2.0, 9999)
    rounded = np.rint(values).astype(np.int32)
    expected = statistics.median_grouped(rounded.tolist())
    assert grouped_median(rounded) == pytest.approx(expected, abs=1e-9)
    assert grouped_median(rounded) == pytest.approx(np.median(values), abs=0.03)


def test_medians_of_many_rows_are_those_of_each():
    rows = np.random.default_rng(4).normal(100.37, 2.0, (20, 301)).astype(np.int32)
    assert grouped_medians(rows) == [grouped_median(row) for row in rows]


def test_levels_and_noises_are_those_of_independent_libraries(arrays):
    for array, found in zip(arrays, measure(arrays).amplifiers, strict=True):
        data, serial = data_of(array), serial_of(array)
        _, median, _ = sigma_clipped_stats(serial, sigma=5)
        assert found.overscan == pytest.approx(median, abs=0.6), "a median of integers is one"
        mean = sigma_clipped_stats(data, sigma=5)[0] - sigma_clipped_stats(serial, sigma=5)[0]
        assert abs(found.level - mean) < 5 * found.level_error
        residual = serial - np.median(serial, axis=1)[:, np.newaxis]
        assert found.overscan_noise == pytest.approx(sigma_clipped_stats(residual)[2], rel=0.03)
        assert found.data_noise == pytest.approx(scipy.stats.iqr(data, scale="normal"), rel=0.1)
        assert found.data_noise == pytest.approx(NOISE, rel=5 * found.noise_error + 0.002)


def test_the_errors_that_are_stated_are_those_that_are_made():
    frames = [measure(make_arrays(seed)) for seed in range(2, 8)]
    amplifiers = [item for frame in frames for item in frame.amplifiers]
    pulls = [(value - LEVEL) / item.region_error for item in amplifiers for value in item.regions]
    assert np.std(pulls) == pytest.approx(1.0, abs=0.1)
    assert np.mean(pulls) == pytest.approx(0.0, abs=0.15)
    level_pulls = [(item.level - LEVEL) / item.level_error for item in amplifiers]
    assert np.std(level_pulls) == pytest.approx(1.0, abs=0.25)


def test_structure_does_not_count_as_noise(arrays):
    changed = arrays.copy()
    ramp = np.linspace(0, 400, GEOMETRY.data_width).astype(np.int32)
    data_of(changed[0])[...] += ramp
    assert difference_noise(data_of(changed[0])) == pytest.approx(NOISE, rel=0.02)


def test_a_region_that_glows_is_found_where_it_is(arrays):
    changed = arrays.copy()
    data_of(changed[3])[:128, 64:128] += 20
    before, after = measure(arrays).amplifiers[3], measure(changed).amplifiers[3]
    difference = np.subtract(after.regions, before.regions)
    assert difference[1] == pytest.approx(20, abs=0.01)
    assert np.abs(np.delete(difference, 1)).max() == 0


def test_steps_bursts_and_odd_pixels_are_counted(arrays):
    changed = arrays.copy()
    changed[0, 240:] += 40
    changed[1, 96:112] = np.rint(
        OVERSCAN + np.random.default_rng(5).normal(0, 4 * NOISE, changed[1, 96:112].shape)
    )
    data_of(changed[2])[10, :7] = SATURATION
    data_of(changed[2])[11, :5] = 3
    data_of(changed[2])[12:14] = 25_000
    found = measure(changed).amplifiers
    assert found[0].overscan_step == pytest.approx(40, abs=2.5)
    assert found[1].burst == pytest.approx(4.0, rel=0.1)
    assert (found[2].saturated, found[2].low, found[2].constant) == (7, 5, 2 * 256)
    untouched = found[5]
    assert untouched.overscan_step < 3
    assert untouched.burst < 1.15
    assert (untouched.saturated, untouched.low, untouched.constant) == (0, 0, 0)


@pytest.mark.parametrize("bit", [0, 1, 2, 3])
@pytest.mark.parametrize("value", [0, 1])
def test_a_bit_that_does_not_move_is_named(arrays, bit, value):
    pixels = data_of(arrays[0])
    changed = pixels | (1 << bit) if value else pixels & ~(1 << bit)
    assert stuck_bits(pixels, NOISE) == 0
    assert stuck_bits(changed, NOISE) == 1 << bit


def test_only_the_same_frame_has_the_same_digest(arrays):
    again, other = measure(arrays.copy()), measure(make_arrays(9))
    assert measure(arrays).digest == again.digest
    assert again.digest != other.digest


def test_a_dead_amplifier_is_measured_and_breaks_nothing(arrays):
    changed = arrays.copy()
    changed[4] = 22_000
    found = measure(changed).amplifiers[4]
    assert found.constant == found.pixels
    assert (found.data_noise, found.overscan_noise, found.burst) == (0.0, 0.0, 1.0)
