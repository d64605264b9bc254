# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
import warnings

import numpy as np
import pytest

from lsst.ts.dailycal.pipelines.clip import ClipOptions, clipped_slope
from lsst.ts.dailycal.pipelines.combine import combine_bias, combine_dark
from lsst.ts.dailycal.pipelines.image import Mask
from lsst.ts.dailycal.pipelines.isr import correct_frame


def relative_noise(image):
    """Standard deviation of each amplifier over its read noise."""
    for amplifier in image.amplifiers:
        place = amplifier.section
        pixels = image.pixels[place.y0 : place.y1, place.x0 : place.x1]
        yield float(pixels.std()) / amplifier.read_noise


@pytest.mark.parametrize("count", [1, 3, 5, 20])
def test_the_noise_of_a_mean_falls_with_the_root_of_the_number_of_frames(maker, count):
    bias = combine_bias(maker.frames(count))
    expected = 1.0135 / np.sqrt(count)
    assert np.mean(list(relative_noise(bias))) == pytest.approx(expected, rel=0.015)


@pytest.mark.parametrize("count", [3, 20])
def test_the_residual_of_a_frame_that_is_in_the_mean_is_smaller(maker, count):
    frames = maker.frames(count)
    residual = correct_frame(frames[0], combine_bias(frames))
    expected = 1.0135 * np.sqrt(1 - 1 / count)
    assert np.mean(list(relative_noise(residual))) == pytest.approx(expected, rel=0.015)


def test_the_residual_of_a_frame_that_is_not_in_the_mean_is_larger(maker):
    residual = correct_frame(maker.frame(), combine_bias(maker.frames(10)))
    expected = 1.0135 * np.sqrt(1 + 1 / 10)
    assert np.mean(list(relative_noise(residual))) == pytest.approx(expected, rel=0.015)


@pytest.fixture(scope="module")
def stack_with_outliers():
    random = np.random.default_rng(5)
    stack = random.normal(30, 8, (20, 60, 70)).astype(np.float32)
    hit = random.random(stack.shape) < 0.01
    stack[hit] += random.exponential(3000, hit.sum()).astype(np.float32)
    return stack


def test_the_clipped_mean_is_that_of_ccdproc(stack_with_outliers):
    ccdproc = pytest.importorskip("ccdproc")
    from astropy.nddata import CCDData

    stack = stack_with_outliers
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        combiner = ccdproc.Combiner([CCDData(plane, unit="electron") for plane in stack])
        # ccdproc clips once; it cannot be told to do it again.
        combiner.sigma_clipping(low_thresh=3, high_thresh=3, func="mean", dev_func="std")
        theirs = combiner.average_combine().data
    ours = clipped_slope(stack.reshape(20, -1), options=ClipOptions(iterations=1))
    np.testing.assert_allclose(ours.reshape(60, 70), theirs, rtol=2e-6, atol=2e-5)
    # The outliers matter: without clipping the two would differ.
    assert np.abs(stack.mean(axis=0) - theirs).max() > 10


def test_clipping_three_times_is_that_of_astropy(stack_with_outliers):
    from astropy.stats import sigma_clip

    stack = stack_with_outliers
    clipped = sigma_clip(
        stack.astype(np.float64), sigma=3, maxiters=3, cenfunc="mean", stdfunc="std", axis=0
    )
    ours = clipped_slope(stack.reshape(20, -1)).reshape(60, 70)
    np.testing.assert_allclose(ours, clipped.mean(axis=0), rtol=2e-6, atol=2e-5)


def test_clipping_repeats_as_often_as_it_is_told_and_no_more():
    column = np.array([0.0] * 30 + [5.0, 200.0], np.float32)[:, np.newaxis]
    column[:15] = 0.1
    none = clipped_slope(column, options=ClipOptions(iterations=0))
    once = clipped_slope(column, options=ClipOptions(iterations=1))
    twice = clipped_slope(column, options=ClipOptions(iterations=2))
    assert none[0] == pytest.approx(column.mean(), rel=1e-6)
    assert once[0] == pytest.approx(column[:31].mean(), rel=1e-6)
    assert twice[0] == pytest.approx(column[:30].mean(), rel=1e-6)


def test_a_bright_pixel_of_one_of_five_biases_does_not_stay_in_the_mean(maker):
    extra = np.zeros(maker.pattern.shape)
    extra[30, 40] = 5000.0
    frames = [*maker.frames(4), maker.frame(extra=extra)]
    assert abs(combine_bias(frames).pixels[30, 40]) < 30


def test_few_frames_lose_no_good_value(maker):
    frames = maker.frames(5)
    plain = np.mean([correct_frame(frame).pixels for frame in frames], axis=0)
    assert np.count_nonzero(np.abs(combine_bias(frames).pixels - plain) > 1e-2) == 0


def test_a_pixel_that_is_always_saturated_is_bad_and_filled(maker):
    extra = np.zeros(maker.pattern.shape)
    extra[30, 40] = 200000.0
    bias = combine_bias(maker.frames(4, extra=extra))
    assert bias.mask[30, 40] == Mask.BAD | Mask.INTRP
    assert np.count_nonzero(bias.mask) == 1
    assert abs(bias.pixels[30, 40]) < 30


def test_the_dark_rate_is_in_electrons_a_second(maker):
    maker.pattern = np.full_like(maker.pattern, 25.0)
    bias = combine_bias(maker.frames(20))
    rate = np.full(maker.pattern.shape, 0.5)
    rate[10, 20] = 40.0
    times = [5.0] * 4 + [15.0] * 2 + [30.0] * 16
    darks = [maker.frame(rate=rate, dark_time=time) for time in times]
    dark = combine_dark(darks, bias)
    assert dark.unit == "electron/s"
    assert dark.dark_time == 1.0
    assert dark.pixels.mean() == pytest.approx(0.5, abs=0.01)
    assert dark.pixels[10, 20] == pytest.approx(40.0, abs=0.5)
    dark.pixels[10, 20] = 0.5
    # The least-squares rate: read noise over the root of the sum of squared times, and the
    # noise of the bias times the sum of times over that sum.
    squares, total = sum(t * t for t in times), sum(times)
    expected = 1.0135 * np.sqrt(1 / squares + (total / squares) ** 2 / 20)
    assert np.mean(list(relative_noise(dark))) == pytest.approx(expected, rel=0.03)


def test_equal_dark_times_give_the_mean_rate(maker):
    darks = maker.frames(12, rate=3.0, dark_time=20.0)
    dark = combine_dark(darks, None)
    as_bias = combine_bias(darks)
    np.testing.assert_allclose(dark.pixels * 20.0, as_bias.pixels, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("corner", [(3, 5), (200, 1000), (130, 127), (255, 0)])
def test_pixels_hit_by_a_cosmic_ray_are_left_out(maker, corner):
    extra = np.zeros(maker.pattern.shape)
    extra[corner] = 60.0  # too little to be clipped among 12
    darks = [maker.frame(dark_time=10.0, extra=extra), *maker.frames(11, dark_time=10.0)]
    flat = np.array([corner[0] * maker.geometry.width + corner[1]])
    nothing = np.empty(0, np.intp)
    dark = combine_dark(darks, None, [flat, *[nothing] * 11])
    clean = np.mean([correct_frame(frame).pixels[corner] for frame in darks[1:]])
    assert dark.pixels[corner] == pytest.approx(clean / 10, abs=1e-3)


def test_strips_change_nothing(maker, monkeypatch):
    frames = maker.frames(12)
    whole = combine_bias(frames)
    monkeypatch.setattr("lsst.ts.dailycal.pipelines.combine._STRIP", 12 * 128 * 7)
    monkeypatch.setattr("lsst.ts.dailycal.pipelines.clip._CHUNK", 1000)
    strips = combine_bias(frames)
    np.testing.assert_allclose(strips.pixels, whole.pixels, atol=1e-5)


def test_nothing_to_combine_is_an_error(maker, make_maker):
    with pytest.raises(ValueError, match="no frame"):
        combine_bias([])
    with pytest.raises(ValueError, match="pixels"):
        combine_bias([maker.frame(), make_maker(64, 64).frame()])
    with pytest.raises(ValueError, match="no dark time"):
        combine_dark([maker.frame()], None)
