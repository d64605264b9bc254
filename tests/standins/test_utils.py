# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time, index, angle and environment helpers."""

from __future__ import annotations

import os
import time
from datetime import datetime

import astropy.units as u
import pytest
from astropy.coordinates import Angle
from astropy.time import Time
from hypothesis import assume, given
from hypothesis import strategies as st

from lsst.ts import utils

LATER_THAN_1972 = st.floats(min_value=7.3e7, max_value=1.9e9)


def has_leap_second(utc_unix: float) -> bool:
    """Return whether a UTC day has 86 401 s, which astropy's unix time stretches over it."""
    midnight = utc_unix // utils.SECONDS_PER_DAY * utils.SECONDS_PER_DAY
    next_midnight = midnight + utils.SECONDS_PER_DAY
    return utils.tai_from_utc_unix(next_midnight) - utils.tai_from_utc_unix(midnight) != 86400


@given(LATER_THAN_1972)
def test_tai_is_what_astropy_says(utc_unix):
    assume(not has_leap_second(utc_unix))
    expected = Time(utc_unix, format="unix", scale="utc").tai
    seconds = (expected - Time("1970-01-01", scale="tai")).sec
    assert utils.tai_from_utc_unix(utc_unix) == pytest.approx(seconds, abs=2e-6)


@given(LATER_THAN_1972)
def test_there_and_back_is_where_one_was(utc_unix):
    back = utils.utc_from_tai_unix(utils.tai_from_utc_unix(utc_unix))
    assert back == pytest.approx(utc_unix, abs=1e-6)


@pytest.mark.parametrize(
    ("date", "offset"),
    [("2016-12-31T23:59:59", 36), ("2017-01-01T00:00:00", 37), ("1999-01-01T00:00:00", 32),
     ("2026-11-23T12:00:00", 37)],
)  # fmt: skip
def test_leap_seconds_come_at_their_days(date, offset):
    unix = datetime.fromisoformat(date + "+00:00").timestamp()
    assert utils.tai_from_utc_unix(unix) - unix == offset
    assert utils.tai_from_utc(date, format="isot") - unix == pytest.approx(offset, abs=1e-6)
    assert utils.tai_from_utc(unix) - unix == offset
    assert utils.tai_from_utc(Time(date, scale="utc")) - unix == pytest.approx(offset, abs=1e-6)


def test_a_time_of_any_scale_is_understood():
    when = Time("2022-09-29T12:00:00.123456", scale="tai")
    seconds = (when - Time("1970-01-01", scale="tai")).sec
    for scale in ("tai", "utc", "tt"):
        assert utils.tai_from_utc(getattr(when, scale)) == pytest.approx(seconds, abs=1e-6)


def test_a_time_of_astropy_keeps_its_microseconds():
    tai = 1664452800.123456
    when = utils.astropy_time_from_tai_unix(tai)
    assert when.scale == "tai"
    assert utils.tai_from_utc(when) == pytest.approx(tai, abs=1e-6)


def test_now_is_37_seconds_ahead_of_utc_whatever_the_kernel_thinks():
    ahead = utils.current_tai() - time.time()
    assert ahead == pytest.approx(37, abs=0.5)


def test_a_kernel_without_leap_seconds_is_found_out(monkeypatch):
    from lsst.ts.utils import tai

    monkeypatch.setattr(time, "clock_gettime", lambda clock: time.time())
    assert not tai._kernel_knows_tai()
    monkeypatch.setattr(time, "clock_gettime", lambda clock: time.time() + 37)
    assert tai._kernel_knows_tai()


def test_the_modified_julian_date_of_the_epoch():
    assert -utils.MJD_MINUS_UNIX_SECONDS / utils.SECONDS_PER_DAY == 40587


def test_indices_go_round():
    numbers = utils.index_generator(imin=3, imax=5, i0=4)
    assert [next(numbers) for _ in range(5)] == [4, 5, 3, 4, 5]
    assert next(utils.index_generator()) == 1


@pytest.mark.parametrize(
    "limits", [{"imin": 1, "imax": 1}, {"imin": 2, "imax": 1}, {"i0": 0}, {"imax": 5, "i0": 6}]
)
def test_impossible_limits_of_indices_are_refused_at_once(limits):
    with pytest.raises(ValueError, match="imin"):
        utils.index_generator(**limits)


async def test_a_done_future_is_done():
    future = utils.make_done_future()
    assert future.done()
    assert await future is None


def test_the_environment_is_as_before_after_the_block(monkeypatch):
    monkeypatch.setenv("STANDINS_SET", "before")
    monkeypatch.delenv("STANDINS_NEW", raising=False)
    before = dict(os.environ)
    with (
        pytest.raises(ZeroDivisionError),
        utils.modify_environ(STANDINS_SET=None, STANDINS_NEW="new", STANDINS_NOT_THERE=None),
    ):
        assert "STANDINS_SET" not in os.environ
        assert os.environ["STANDINS_NEW"] == "new"
        raise ZeroDivisionError
    assert dict(os.environ) == before


def test_only_strings_go_into_the_environment():
    with pytest.raises(RuntimeError, match="STANDINS_X"), utils.modify_environ(STANDINS_X=1):
        pass


@pytest.mark.parametrize(
    ("first", "second", "difference"),
    [(5, 355, 10), (355, 5, -10), (180, 0, -180), (0, 180, -180), (721, 0, 1), (-1, 1, -2)],
)
def test_the_difference_of_angles_goes_the_shorter_way(first, second, difference):
    assert utils.angle_diff(first, second).deg == pytest.approx(difference)
    assert utils.angle_diff(Angle(first, u.deg), second * u.deg).deg == pytest.approx(difference)


@given(st.floats(-1e4, 1e4))
def test_wrapped_angles_point_where_they_did(angle):
    centre = utils.angle_wrap_center(angle).deg
    positive = utils.angle_wrap_nonnegative(angle).deg
    assert -180 <= centre < 180
    assert 0 <= positive < 360
    utils.assert_angles_almost_equal(centre, angle, max_diff=1e-6 * u.deg)
    utils.assert_angles_almost_equal(positive, angle, max_diff=1e-6 * u.deg)


def test_angles_that_differ_are_told_apart():
    utils.assert_angles_almost_equal(359.9999999999, 0)
    utils.assert_angles_almost_equal(0, 0.9 * u.arcsec, max_diff=1 * u.arcsec)
    with pytest.raises(AssertionError, match="apart"):
        utils.assert_angles_almost_equal(0, 1.1 * u.arcsec, max_diff=1 * u.arcsec)
    with pytest.raises(AssertionError, match="apart"):
        utils.assert_angles_almost_equal(0, 0.001)
