# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Times as they are shown: UTC for people, ISO 8601 with a Z for programs."""

__all__ = ["clock_utc", "iso_utc", "now_utc", "people_utc", "utc_from_tai"]

import datetime
import functools


@functools.lru_cache(maxsize=4096)
def utc_from_tai(tai: float) -> datetime.datetime:
    """Convert a time of a journal.

    Parameters
    ----------
    tai : `float`
        Seconds since 1970-01-01 00:00:00 TAI.

    Returns
    -------
    utc : `datetime.datetime`
        With its zone; leap seconds are those that astropy knows.
    """
    from astropy.time import Time

    moment: datetime.datetime = Time(tai, format="unix_tai").utc.to_datetime(
        leap_second_strict="silent"
    )
    return moment.replace(tzinfo=datetime.UTC)


def iso_utc(tai: float) -> str:
    """Write a time for programs, e.g. 2026-11-23T14:30:00.250Z (`str`)."""
    return _iso(utc_from_tai(tai))


def now_utc() -> str:
    """Write the time of now for programs (`str`)."""
    return _iso(datetime.datetime.now(datetime.UTC))


def _iso(moment: datetime.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def people_utc(tai: float) -> str:
    """Write a time for people, e.g. 2026-11-23 14:30:00 UTC (`str`)."""
    return f"{utc_from_tai(tai):%Y-%m-%d %H:%M:%S} UTC"


def clock_utc() -> str:
    """Write the time of day for people, e.g. 14:30:00 UTC (`str`)."""
    return f"{datetime.datetime.now(datetime.UTC):%H:%M:%S} UTC"
