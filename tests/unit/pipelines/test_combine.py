# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
import dataclasses
import warnings

import numpy as np
import pytest

from lsst.ts.dailycal.pipelines.clip import ClipOptions, clipped_slope, common_noise
from lsst.ts.dailycal.pipelines.combine import combine_bias, combine_dark
from lsst.ts.dailycal.pipelines.image import Mask
from lsst.ts.dailycal.pipelines.isr import correct_frame

DARK_TIMES = [5.0] * 4 + [15.0] * 2 + [30.0] * 16


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
        combiner.sigma_clipping(
            low_thresh=4, high_thresh=4, func="median", dev_func=lambda *_, **__: 8.0
        )
        theirs = combiner.average_combine().data
    # ccdproc clips once; it cannot be told to do it again.
    ours = clipped_slope(stack.reshape(20, -1), options=ClipOptions(iterations=1), noise=8.0)
    np.testing.assert_allclose(ours.slope.reshape(60, 70), theirs, rtol=2e-6, atol=2e-5)
    # The outliers matter: without clipping the two would differ.
    assert np.abs(stack.mean(axis=0) - theirs).max() > 10


def test_clipping_again_about_the_mean_is_that_of_astropy(stack_with_outliers):
    from astropy.stats import sigma_clip

    stack = stack_with_outliers.astype(np.float64)
    noise = {"sigma": 4, "stdfunc": lambda *_, **__: 8.0, "axis": 0}
    first = sigma_clip(stack, maxiters=1, cenfunc="median", **noise)
    again = sigma_clip(
        np.where(first.mask, np.nan, stack), maxiters=1, cenfunc="mean", masked=False, **noise
    )
    ours = clipped_slope(
        stack_with_outliers.reshape(20, -1), options=ClipOptions(iterations=2), noise=8.0
    )
    theirs = np.nanmean(again, axis=0)
    # A value between the limits about median and mean comes back here, and not there.
    close = np.isclose(ours.slope.reshape(60, 70), theirs, rtol=2e-6, atol=2e-5)
    assert np.mean(close) > 0.999


def test_the_common_noise_is_that_of_scipys_trimmed_values(stack_with_outliers):
    stats = pytest.importorskip("scipy.stats")
    residual = stack_with_outliers - np.median(stack_with_outliers, axis=0)
    robust = stats.median_abs_deviation(residual, axis=None, scale="normal")
    # Residuals from the median of 20 values are shorter than those from the true value.
    assert common_noise(stack_with_outliers.reshape(20, -1)) == pytest.approx(8.0, rel=0.01)
    assert robust == pytest.approx(8.0, rel=0.06)


def test_clipping_repeats_as_often_as_it_is_told_and_no_more():
    column = np.array([0.0] * 15 + [5.0] * 4 + [6.5], np.float32)[:, np.newaxis]
    none, once, twice = (
        clipped_slope(column, options=ClipOptions(1.0, n), noise=5.2).slope[0] for n in range(3)
    )
    assert none == pytest.approx(column.mean(), rel=1e-6)
    assert once == pytest.approx(column[:19].mean(), rel=1e-6)
    # About the mean of those, 1.05, the limit is at 6.25; and 5.45 below it.
    assert twice == pytest.approx(column[:19].mean(), rel=1e-6)


@pytest.mark.parametrize("times", [None, DARK_TIMES])
@pytest.mark.parametrize("frames", [5, 8, 12, 16, 20, 22])
@pytest.mark.parametrize("electrons", [100.0, 300.0, 5000.0])
def test_a_quarter_of_bad_values_leaves_less_than_half_an_electron(times, frames, electrons):
    random = np.random.default_rng(frames)
    time = np.ones(frames, np.float32)
    if times is not None:
        time = np.array((times * 2)[-frames:], np.float32)
    stack = random.normal(0.0, 10.3, (frames, 4000)).astype(np.float32)
    stack += 0.02 * time[:, np.newaxis]
    clean = clipped_slope(stack, None if times is None else time).slope
    stack[: frames // 4] += electrons
    left = clipped_slope(stack, None if times is None else time).slope - clean
    # A rate counts for as much as it puts into the longest dark.
    assert abs(float(left.mean())) * time.max() < 0.5


@pytest.mark.parametrize("frames", [5, 10, 20])
def test_clipping_costs_less_than_two_per_cent_of_noise(frames):
    stack = np.random.default_rng(frames).normal(0.0, 8.5, (frames, 200_000)).astype(np.float32)
    result = clipped_slope(stack)
    assert float(result.slope.std()) < 1.02 * 8.5 / np.sqrt(frames)
    assert float(np.sqrt(result.variance.mean())) == pytest.approx(8.5 / np.sqrt(frames), rel=0.01)


def test_a_pixel_that_is_noisy_by_itself_keeps_its_values():
    random = np.random.default_rng(1)
    stack = random.normal(0.0, 8.0, (20, 2000)).astype(np.float32)
    stack[:, :200] *= 20
    result = clipped_slope(stack)
    assert float(result.slope[:200].std()) == pytest.approx(160 / np.sqrt(20), rel=0.15)
    assert float(np.sqrt(result.variance[:200].mean())) == pytest.approx(
        160 / np.sqrt(20), rel=0.15
    )


@pytest.mark.parametrize("rate", [2.0, 20.0, 200.0, 3000.0])
def test_the_rate_of_a_hot_pixel_has_the_noise_of_its_photons_up_to_saturation(rate):
    random = np.random.default_rng(4)
    times = np.array(DARK_TIMES)
    charge = random.poisson(rate * times[:, np.newaxis], (22, 4000))
    stack = (charge + random.normal(0.0, 8.5, charge.shape)).astype(np.float32)
    stack[charge > 80_000] = np.nan
    result = clipped_slope(stack, times.astype(np.float32), noise=8.5)
    seen = times[times * rate < 80_000]
    best = 1 / np.sqrt(np.sum(seen**2 / (8.5**2 + rate * seen)))
    assert float(result.slope.mean()) == pytest.approx(rate, abs=5 * best / np.sqrt(4000))
    assert float(result.slope.std()) == pytest.approx(best, rel=0.04)
    assert float(np.sqrt(result.variance.mean())) == pytest.approx(best, rel=0.06)


def test_two_values_that_contradict_each_other_are_averaged():
    result = clipped_slope(np.array([[0.0], [5000.0]], np.float32), noise=8.0)
    assert result.slope[0] == 2500.0


def test_a_bright_pixel_of_one_of_five_biases_does_not_stay_in_the_mean(maker):
    extra = np.zeros(maker.pattern.shape)
    extra[30, 40] = 5000.0
    frames = [*maker.frames(4), maker.frame(extra=extra)]
    assert abs(combine_bias(frames).pixels[30, 40]) < 30


def test_few_frames_lose_hardly_a_good_value(maker):
    frames = maker.frames(5)
    plain = np.mean([correct_frame(frame).pixels for frame in frames], axis=0)
    changed = np.abs(combine_bias(frames).pixels - plain) > 1e-2
    # A normal distribution has 6e-5 of its values beyond 4 standard deviations; the median of
    # five is itself off by half a standard deviation.
    assert np.mean(changed) < 1e-3


def test_a_pixel_that_is_always_saturated_is_bad_and_filled(maker):
    extra = np.zeros(maker.pattern.shape)
    extra[30, 40] = 200000.0
    bias = combine_bias(maker.frames(4, extra=extra))
    assert bias.mask[30, 40] == Mask.BAD | Mask.INTRP
    assert np.count_nonzero(bias.mask) == 1
    assert abs(bias.pixels[30, 40]) < 30


def test_a_dark_with_a_saturated_amplifier_has_no_level_there_and_the_others_give_the_rate(
    make_maker,
):
    maker = make_maker(64, 64)
    place = maker.section(3)
    light = np.zeros((maker.geometry.height, maker.geometry.width))
    light[place.y0 : place.y1, place.x0 : place.x1] = 1e6
    darks = [maker.frame(rate=2.0, dark_time=time) for time in (5.0, 10.0, 15.0, 20.0, 30.0)]
    darks.append(maker.frame(rate=2.0, dark_time=30.0, extra=light))
    dark = combine_dark(darks, None)
    rates = dark.pixels[place.y0 : place.y1, place.x0 : place.x1]
    assert rates.mean() == pytest.approx(2.0, abs=0.05)
    line = dark.provenance.dark_fit.amplifiers[maker.geometry.amplifiers[3].name]
    assert line.rate == pytest.approx(2.0, abs=0.05)


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
    biases = [
        dataclasses.replace(frame, image_type="BIAS", exposure_time=0.0, dark_time=0.0)
        for frame in darks
    ]
    close = np.isclose(dark.pixels * 20.0, combine_bias(biases).pixels, rtol=1e-4, atol=1e-2)
    # Values with an outlier are weighted by the noise of their charge, and those of a bias are not.
    assert np.mean(close) > 0.995


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
    monkeypatch.setattr("lsst.ts.dailycal.pipelines.frame_stack._STRIP", 12 * 128 * 7)
    monkeypatch.setattr("lsst.ts.dailycal.pipelines.clip._CHUNK", 1000)
    strips = combine_bias(frames)
    np.testing.assert_allclose(strips.pixels, whole.pixels, atol=1e-5)
    np.testing.assert_allclose(strips.variance, whole.variance, rtol=1e-4)


def test_nothing_to_combine_is_an_error(maker, make_maker):
    with pytest.raises(ValueError, match="no frame"):
        combine_bias([])
    with pytest.raises(ValueError, match="pixels"):
        combine_bias([maker.frame(), make_maker(64, 64).frame()])
    with pytest.raises(ValueError, match="no dark time"):
        combine_dark([maker.frame()], None)
