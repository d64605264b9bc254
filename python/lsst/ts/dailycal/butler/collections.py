# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of collections and dataset types."""

from __future__ import annotations

__all__ = ["CALIB", "CALIB_DAILY", "IMAGE_STORAGE", "RAW", "RAW_STORAGE", "reference_collection"]

RAW = "LATISS/raw/all"
"""The RUN that raw frames are ingested into."""
CALIB = "LATISS/calib"
"""The CHAINED collection of reference calibrations."""
CALIB_DAILY = "LATISS/calib/daily"
"""The CALIBRATION collection into which the daily script certifies."""
RAW_STORAGE = "LatissRaw"
"""Storage class of raw frames."""
IMAGE_STORAGE = "LatissImage"
"""Storage class of combined calibrations."""


def reference_collection(day_obs: int) -> str:
    """Name the CALIBRATION collection of the reference calibrations of a day.

    Parameters
    ----------
    day_obs : `int`
        Day of the frames, YYYYMMDD.

    Returns
    -------
    collection : `str`
        One link of `CALIB`.
    """
    return f"{CALIB}/reference/{day_obs}"
