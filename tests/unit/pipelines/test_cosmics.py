# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
import numpy as np
import pytest

from lsst.ts.dailycal.pipelines.cosmics import CosmicRayOptions, find_cosmic_rays
from lsst.ts.dailycal.pipelines.image import Mask
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.repair import fill_from_neighbours, grow


def tracks(shape, count, seed=7):
    """Charge of straight tracks, one pixel wide, 600 to 3000 electrons a pixel."""
    random = np.random.default_rng(seed)
    charge = np.zeros(shape)
    for _ in range(count):
        y, x = random.uniform(8, shape[0] - 8), random.uniform(8, shape[1] - 8)
        angle, length = random.uniform(0, 2 * np.pi), random.integers(1, 8)
        bright = random.uniform(600, 3000)
        for step in range(length):
            charge[int(y + step * np.sin(angle)), int(x + step * np.cos(angle))] = bright
    return charge


def star(shape, y, x, peak, fwhm=3.0):
    sigma = fwhm / 2.3548
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    return peak * np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * sigma**2))


def flagged(image, options=None):
    found = np.zeros(image.shape, bool)
    found.ravel()[find_cosmic_rays(image, options).flat] = True
    return found


def test_injected_tracks_are_found_as_well_as_astroscrappy_finds_them(maker):
    astroscrappy = pytest.importorskip("astroscrappy")
    charge = tracks(maker.pattern.shape, 60)
    image = correct_frame(maker.frame(extra=charge, dark_time=30.0))
    truth = charge > 0
    theirs, _ = astroscrappy.detect_cosmics(
        image.pixels, gain=1.0, readnoise=9.0, sigclip=6.0, objlim=2.0
    )
    ours = flagged(image)
    completeness, theirs_completeness = ours[truth].mean(), theirs[truth].mean()
    false, theirs_false = np.count_nonzero(ours & ~truth), np.count_nonzero(theirs & ~truth)
    assert completeness > 0.97
    assert completeness >= theirs_completeness - 0.01
    assert false <= max(theirs_false, 3)


def test_read_noise_alone_has_no_cosmic_rays(maker):
    assert len(find_cosmic_rays(correct_frame(maker.frame())).flat) == 0


def test_a_star_is_not_a_cosmic_ray(maker):
    extra = star(maker.pattern.shape, 60, 70, 5000) + star(maker.pattern.shape, 200, 300.4, 800)
    assert not flagged(correct_frame(maker.frame(extra=extra))).any()


def test_a_track_across_the_border_of_two_amplifiers_is_one(maker):
    extra = np.zeros(maker.pattern.shape)
    extra[50, 124:132] = 2000.0
    rays = find_cosmic_rays(correct_frame(maker.frame(extra=extra)))
    assert rays.count == 1
    assert set(rays.flat) >= {50 * maker.geometry.width + x for x in range(124, 132)}


def test_a_faint_spike_below_the_least_charge_is_let_be(maker):
    extra = np.zeros(maker.pattern.shape)
    extra[40, 41] = 110.0
    image = correct_frame(maker.frame(extra=extra))
    assert not flagged(image).any()
    assert flagged(image, CosmicRayOptions(min_charge=50.0))[40, 41]


def test_saturated_pixels_are_not_cosmic_rays(maker):
    extra = np.zeros(maker.pattern.shape)
    extra[40, 41] = 150000.0
    image = correct_frame(maker.frame(extra=extra))
    assert image.mask[40, 41] == Mask.SAT
    assert not flagged(image)[40, 41]


def test_the_edge_of_the_image_is_searched_too(maker):
    extra = np.zeros(maker.pattern.shape)
    extra[0, 50] = extra[100, maker.geometry.width - 1] = 3000.0
    found = flagged(correct_frame(maker.frame(extra=extra)))
    assert found[0, 50]
    assert found[100, maker.geometry.width - 1]


def test_too_many_pixels_end_the_search(maker):
    image = correct_frame(maker.frame(extra=tracks(maker.pattern.shape, 60)))
    rays = find_cosmic_rays(image, CosmicRayOptions(most_pixels=50))
    assert rays.too_many


def test_growing_adds_a_disc_and_stops_at_the_edges():
    assert grow(np.array([2 * 5 + 2]), (5, 5), 1).tolist() == [6, 7, 8, 11, 12, 13, 16, 17, 18]
    assert grow(np.array([0]), (5, 5), 2).tolist() == [0, 1, 2, 5, 6, 7, 10, 11]
    assert grow(np.array([7]), (5, 5), 0).tolist() == [7]


def test_a_hole_is_filled_with_the_mean_of_its_rim():
    pixels = np.full((20, 20), 5.0, np.float32)
    pixels[:, 10:] = 7.0
    hole = np.array([y * 20 + x for y in (5, 6, 7) for x in (2, 3, 4)] + [15 * 20 + 15])
    pixels.ravel()[hole] = 1e6
    fill_from_neighbours(pixels, hole)
    assert pixels[6, 3] == pytest.approx(5.0)
    assert pixels[15, 15] == pytest.approx(7.0)
    assert pixels.max() == 7.0


def test_what_has_no_good_pixel_near_becomes_zero():
    pixels = np.full((3, 3), np.nan, np.float32)
    fill_from_neighbours(pixels, np.arange(9))
    assert (pixels == 0).all()
