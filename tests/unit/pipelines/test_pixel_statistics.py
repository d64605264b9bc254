# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import dataclasses

import numpy as np
import pytest
from astropy.stats import sigma_clip

from lsst.ts.dailycal.pipelines.statistics import (
    _quartiles,
    clipped_mean_and_stdev,
    mean_and_stdev,
    take_moments,
)


def plainly(values):
    """Take the same in as many passes as it needs."""
    return (*mean_and_stdev(values), *clipped_mean_and_stdev(values))


def noise(shape, sigma=9.0, level=0.0):
    random = np.random.default_rng(20261126)
    return random.normal(level, sigma, shape).astype(np.float32)


def with_rays(values):
    values = values.copy()
    hit = values.ravel()[::2003]
    hit += np.linspace(30.0, 90_000.0, len(hit), dtype=np.float32)
    return values


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 2304, 10_001])
def test_quartiles_are_those_of_numpy(count):
    values = noise(count)
    expected = np.percentile(values.astype(np.float64), (25, 50, 75))
    assert _quartiles(values) == pytest.approx(tuple(expected), rel=1e-6)


@pytest.mark.parametrize(
    "values",
    [
        noise((400, 509)),
        noise(70_000, level=20_000.0),
        with_rays(noise((400, 509))),
        with_rays(noise((400, 509), sigma=0.4)),
        np.round(noise((400, 509), sigma=0.3)),
        # A third is elsewhere: clipping has to go into what was only summed.
        np.concatenate([noise((200, 300), sigma=0.05), noise((130, 300), sigma=40.0)]),
    ],
    ids=["noise", "a level", "cosmic rays", "faint noise", "whole numbers", "two widths"],
)
def test_one_pass_gives_what_many_give(values):
    found = dataclasses.astuple(take_moments(values))
    assert found == pytest.approx(plainly(np.ravel(values)), rel=2e-6, abs=2e-6)


def test_a_view_is_taken_as_it_is_and_is_not_changed():
    image = with_rays(noise((300, 400)))
    before = image.copy()
    view = image[50:250, 100:300]
    found = dataclasses.astuple(take_moments(view))
    assert found == pytest.approx(plainly(view.ravel()), rel=2e-6, abs=2e-6)
    assert np.array_equal(image, before)


def test_clipping_is_that_of_astropy():
    values = with_rays(noise((400, 509)))
    kept = sigma_clip(values, sigma=5.0, maxiters=5, masked=False, axis=None)
    found = take_moments(values)
    # Astropy goes on until nothing changes, from a width that the rays have a part in.
    assert found.clipped_stdev == pytest.approx(kept.std(dtype=np.float64), rel=1e-4)
    assert found.stdev == pytest.approx(values.std(dtype=np.float64), rel=1e-6)
    assert found.mean == pytest.approx(values.mean(dtype=np.float64), rel=1e-6)


def test_of_no_value_nothing_is_known_and_of_equal_ones_everything():
    assert all(np.isnan(dataclasses.astuple(take_moments(np.empty((0, 5), np.float32)))))
    assert all(np.isnan(dataclasses.astuple(take_moments(np.full(9, np.nan, np.float32)))))
    same = take_moments(np.full((7, 9), 3.25, np.float32))
    assert dataclasses.astuple(same) == (3.25, 0.0, 3.25, 0.0)
