# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses

import numpy as np
import pytest

from lsst.ts.dailycal.pipelines.combine import combine_bias
from lsst.ts.dailycal.pipelines.image import Mask
from lsst.ts.dailycal.pipelines.isr import IsrOptions, correct_frame
from lsst.ts.dailycal.pipelines.overscan import OverscanOptions, median_of_rows, running_mean


def by_amplifier(image, values):
    for amplifier in image.amplifiers:
        place = amplifier.section
        yield amplifier, values[place.y0 : place.y1, place.x0 : place.x1]


def test_a_pattern_that_has_no_symmetry_comes_out_where_it_was_put(make_maker):
    maker = make_maker(48, 40)
    y, x = np.mgrid[: maker.geometry.height, : maker.geometry.width]
    maker.pattern = 1000.0 + 3.0 * x + 7.0 * y
    image = correct_frame(maker.frame())
    # The noise is 9 electrons; a flip within an amplifier would be off by hundreds at its edges.
    assert np.abs(image.pixels - maker.pattern).max() < 80


def test_signal_is_given_in_electrons_with_the_gain_of_each_amplifier(maker):
    image = correct_frame(maker.frame(extra=500.0))
    for amplifier, pixels in by_amplifier(image, image.pixels):
        # The mean of 16384 pixels has an error of 0.08 electrons, the row levels add as much.
        assert pixels.mean() == pytest.approx(500.0, abs=1.0), amplifier.name


def test_noise_is_the_read_noise_in_electrons(maker):
    image = correct_frame(maker.frame())
    for amplifier, pixels in by_amplifier(image, image.pixels):
        # Row levels, medians of 58 pixels, add 1.35 per cent.
        assert pixels.std() == pytest.approx(amplifier.read_noise * 1.0135, rel=0.025)
        assert amplifier.overscan_noise * amplifier.gain == pytest.approx(
            amplifier.read_noise, rel=0.03
        )


def test_rows_that_wander_are_brought_back_by_the_overscan(maker):
    image = correct_frame(maker.frame(wander=50.0))
    for amplifier, pixels in by_amplifier(image, image.pixels):
        rows = pixels.mean(axis=1)
        assert rows.std() < 0.3 * amplifier.read_noise


def test_a_column_profile_of_the_parallel_overscan_is_taken_away(make_maker):
    maker = make_maker(120, 40)
    frame = maker.frame(noise=0.01)
    slope = np.zeros(maker.geometry.raw_width, np.int32)
    slope[maker.geometry.prescan :][:120] = np.arange(120)
    for raw in frame.amplifiers:
        raw.pixels.array[...] += slope
    image = correct_frame(frame)
    for amplifier, pixels in by_amplifier(image, image.pixels):
        columns = pixels.mean(axis=0) / amplifier.gain
        # The window is cut off at the ends, where a slope is not met: up to a quarter of it.
        assert np.abs(columns[15:-15]).max() < 0.6
        assert np.abs(columns).max() < 7


def test_saturated_pixels_are_masked(maker):
    extra = np.zeros(maker.pattern.shape)
    extra[7, 9] = 150000.0
    image = correct_frame(maker.frame(extra=extra))
    assert image.mask[7, 9] == Mask.SAT
    assert np.count_nonzero(image.mask) == 1


def test_bias_and_dark_are_subtracted_with_the_right_signs(maker):
    maker.pattern = np.full_like(maker.pattern, 40.0)
    bias = combine_bias(maker.frames(12))
    assert bias.pixels.mean() == pytest.approx(40.0, abs=0.3)
    rate = combine_bias(maker.frames(12))
    rate.pixels[...] = 2.0
    image = correct_frame(maker.frame(rate=2.0, dark_time=30.0), bias, rate)
    assert image.pixels.mean() == pytest.approx(0.0, abs=0.3)


def test_a_calibration_of_another_size_is_refused(maker, make_maker):
    bias = combine_bias(make_maker(64, 64).frames(3))
    with pytest.raises(ValueError, match="not of the same detector"):
        correct_frame(maker.frame(), bias)


def test_threads_change_nothing(maker, monkeypatch):
    frame = maker.frame()
    alone = correct_frame(frame)
    monkeypatch.setattr("lsst.ts.dailycal.pipelines.threads._WORTH_THREADS", 0)
    together = correct_frame(frame)
    assert np.array_equal(alone.pixels, together.pixels)
    # As numpy compares, to which one NaN is as good as another.
    for items in zip(alone.amplifiers, together.amplifiers, strict=True):
        np.testing.assert_equal(*map(dataclasses.astuple, items))


@pytest.mark.parametrize("count", [1, 2, 57, 58])
def test_the_row_median_is_numpys(count):
    values = np.random.default_rng(1).integers(-1000, 1000, (50, count)).astype(np.int32)
    assert np.array_equal(median_of_rows(values), np.median(values, axis=1).astype(np.float32))


def test_the_running_mean_is_cut_off_at_the_ends():
    values = np.array([1, 2, 3, 4, 10], np.float32)
    assert running_mean(values, 3) == pytest.approx([1.5, 2, 3, 17 / 3, 7])
    assert np.array_equal(running_mean(values, 1), values)


def test_an_overscan_that_is_all_skipped_is_an_error(maker):
    with pytest.raises(ValueError, match="too narrow"):
        correct_frame(maker.frame(), options=IsrOptions(overscan=OverscanOptions(skip=40)))
