# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Angles: their difference and their place on the circle."""

from __future__ import annotations

__all__ = [
    "angle_diff",
    "angle_wrap_center",
    "angle_wrap_nonnegative",
    "assert_angles_almost_equal",
]

import astropy.units as u
from astropy.coordinates import Angle

_MIN_DIFF = 1e-5
"""How far apart equal angles may be by default (arcsec)."""


def _angle(value: Angle | float) -> Angle:
    # Bare numbers are degrees.
    return Angle(value, u.deg)


def angle_diff(angle1: Angle | float, angle2: Angle | float) -> Angle:
    """Return the shorter way from one angle to another.

    Parameters
    ----------
    angle1, angle2 : `astropy.coordinates.Angle` | `float`
        Angles; bare numbers are degrees.

    Returns
    -------
    difference : `astropy.coordinates.Angle`
        ``angle1 - angle2``, from -180 (included) to 180 degrees.
    """
    return angle_wrap_center(_angle(angle1) - _angle(angle2))


def angle_wrap_center(angle: Angle | float) -> Angle:
    """Return the same direction from -180 (included) to 180 degrees; bare numbers are degrees."""
    return Angle(angle, u.deg).wrap_at(180 * u.deg)


def angle_wrap_nonnegative(angle: Angle | float) -> Angle:
    """Return the same direction from 0 (included) to 360 degrees; bare numbers are degrees."""
    return Angle(angle, u.deg).wrap_at(360 * u.deg)


def assert_angles_almost_equal(
    angle1: Angle | float, angle2: Angle | float, max_diff: Angle | float = _MIN_DIFF * u.arcsec
) -> None:
    """Fail unless two angles are almost the same direction.

    Parameters
    ----------
    angle1, angle2 : `astropy.coordinates.Angle` | `float`
        Angles; bare numbers are degrees.
    max_diff : `astropy.coordinates.Angle` | `float`, optional
        How far apart they may be; a bare number is degrees.

    Raises
    ------
    AssertionError
        If they are further apart.
    """
    difference = abs(angle_diff(angle1, angle2))
    limit = _angle(max_diff)
    if difference > limit:
        raise AssertionError(
            f"{angle1} and {angle2} are {difference.arcsec} arcsec apart, not {limit.arcsec}"
        )
