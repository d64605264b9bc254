# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""TAI and UTC.

Leap seconds come from the table inside astropy's ERFA, so nothing is fetched. Days are
those of UTC; on a day with a leap second the table changes at its end.
"""

from __future__ import annotations

__all__ = [
    "MJD_MINUS_UNIX_SECONDS",
    "SECONDS_PER_DAY",
    "astropy_time_from_tai_unix",
    "current_tai",
    "tai_from_utc",
    "tai_from_utc_unix",
    "utc_from_tai_unix",
]

import bisect
import calendar
import functools
import time

import erfa  # type: ignore[import-untyped]
from astropy.time import Time

SECONDS_PER_DAY = 86400
"""Seconds in a day without a leap second."""

MJD_MINUS_UNIX_SECONDS = -40587.0 * SECONDS_PER_DAY
"""Modified Julian date 0 in unix seconds, in one and the same time scale (s)."""

_CLOCK_TAI = getattr(time, "CLOCK_TAI", None)
_UNIX_EPOCH_JD = 2440587.5


@functools.cache
def _leap_seconds() -> tuple[list[float], list[float], list[float]]:
    """Return starts in UTC, starts in TAI (unix s) and TAI-UTC (s) from 1972 on."""
    starts, tai_starts, offsets = [], [], []
    for row in erfa.leap_seconds.get():
        if row["year"] < 1972:
            continue  # UTC ran at another rate then; nobody observed with SAL
        start = float(calendar.timegm((int(row["year"]), int(row["month"]), 1, 0, 0, 0)))
        offset = float(row["tai_utc"])
        starts.append(start)
        tai_starts.append(start + offset)
        offsets.append(offset)
    return starts, tai_starts, offsets


def _offset_at(when: float, starts: list[float], offsets: list[float]) -> float:
    return offsets[max(0, bisect.bisect_right(starts, when) - 1)]


def tai_from_utc_unix(utc_unix: float) -> float:
    """Return TAI for UTC, both in unix seconds."""
    starts, _, offsets = _leap_seconds()
    return utc_unix + _offset_at(utc_unix, starts, offsets)


def utc_from_tai_unix(tai_unix: float) -> float:
    """Return UTC for TAI, both in unix seconds."""
    _, tai_starts, offsets = _leap_seconds()
    return tai_unix - _offset_at(tai_unix, tai_starts, offsets)


def tai_from_utc(utc: float | str | Time, format: str | None = "unix") -> float:
    """Return TAI in unix seconds.

    Parameters
    ----------
    utc : `float` | `str` | `astropy.time.Time`
        UTC in the given format; an `astropy.time.Time` may be of any scale.
    format : `str` | `None`, optional
        A format of astropy; `None` lets astropy find it out. Ignored for an
        `astropy.time.Time`.
    """
    if not isinstance(utc, Time):
        if format == "unix" and not isinstance(utc, str):
            return tai_from_utc_unix(float(utc))
        utc = Time(utc, scale="utc", format=format)
    tai = utc.tai
    # Two halves of a Julian date, so that microseconds survive.
    return float((tai.jd1 - _UNIX_EPOCH_JD + tai.jd2) * SECONDS_PER_DAY)


def astropy_time_from_tai_unix(tai_unix: float) -> Time:
    """Return a time of astropy, of scale TAI, for TAI in unix seconds."""
    days, seconds = divmod(tai_unix, SECONDS_PER_DAY)
    return Time(40587.0 + days, seconds / SECONDS_PER_DAY, format="mjd", scale="tai")


def _kernel_knows_tai() -> bool:
    # A kernel that no time daemon has told the offset runs CLOCK_TAI as UTC.
    if _CLOCK_TAI is None:
        return False
    try:
        clock = time.clock_gettime(_CLOCK_TAI)
    except OSError:
        return False
    return abs(clock - tai_from_utc_unix(time.time())) < 0.5


if _kernel_knows_tai():

    def current_tai() -> float:
        """Return the time now: TAI, unix seconds."""
        return time.clock_gettime(time.CLOCK_TAI)

else:

    def current_tai() -> float:
        """Return the time now: TAI, unix seconds."""
        return tai_from_utc_unix(time.time())
