# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time in which journals are written."""

__all__ = ["now_tai"]

import functools
import time


@functools.cache
def _tai_minus_utc() -> float:
    from astropy.time import Time

    moment = Time(time.time(), format="unix")
    return float(moment.unix_tai - moment.unix)


def now_tai() -> float:
    """Return the seconds since 1970-01-01 00:00:00 TAI (`float`)."""
    return time.time() + _tai_minus_utc()
