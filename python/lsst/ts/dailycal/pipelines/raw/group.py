# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the frames of one combination must have in common, as their headers tell it."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_CAMERA_KEYS = ("SEQNAME", "SEQFILE", "SEQCKSUM", "ODP", "AP0_RC", "TEMP_SET")


@dataclasses.dataclass(frozen=True, slots=True)
class FrameGroup:
    """What the frames of one combination must have in common.

    A setting that a header does not define is `None`, and differs from one that is defined.
    """

    image_type: str
    """IMGTYPE in capitals: BIAS, DARK."""
    exposure_time: float
    """EXPTIME (second). Darks of several exposure times may belong together."""
    detector: str | None = None
    """LSST_NUM: serial number of the device."""
    sequencer_name: str | None = None
    """SEQNAME."""
    sequencer_file: str | None = None
    """SEQFILE."""
    sequencer_checksum: str | None = None
    """SEQCKSUM."""
    odp: str | None = None
    """ODP."""
    ap0_rc: str | None = None
    """AP0_RC."""
    set_point: float | None = None
    """TEMP_SET: set point of the temperature, to 0.01 (degree Celsius)."""

    @property
    def settings(self) -> tuple[tuple[str, str], ...]:
        """Detector, sequencer and camera settings that are defined, by header key."""
        own = ((key, getattr(self, field)) for field, key in _GROUP_KEYS.items())
        return tuple(
            (key, f"{value:.2f}" if isinstance(value, float) else str(value))
            for key, value in own
            if value is not None and key not in ("IMGTYPE", "EXPTIME")
        )

    def differences(self, other: FrameGroup, but: Collection[str] = ()) -> tuple[str, ...]:
        """Say in which header keys two frames differ.

        Parameters
        ----------
        other : `FrameGroup`
            That of the other frame.
        but : collection of `str`
            Header keys that may differ, as EXPTIME may among darks.

        Returns
        -------
        differences : `tuple` of `str`
            "SEQFILE is 'a.seq' and 'b.seq'"; empty if they belong together.
        """
        found = []
        for field, key in _GROUP_KEYS.items():
            mine, its = getattr(self, field), getattr(other, field)
            if mine != its and key not in but:
                found.append(f"{key} is {_shown(mine)} and {_shown(its)}")
        return tuple(found)


_GROUP_KEYS = {
    "image_type": "IMGTYPE",
    "exposure_time": "EXPTIME",
    "detector": "LSST_NUM",
    "sequencer_name": "SEQNAME",
    "sequencer_file": "SEQFILE",
    "sequencer_checksum": "SEQCKSUM",
    "odp": "ODP",
    "ap0_rc": "AP0_RC",
    "set_point": "TEMP_SET",
}


def _shown(value: object) -> str:
    return "not defined" if value is None else repr(value)


def frame_group(header: Mapping[str, Any], image_type: str, exposure_time: float) -> FrameGroup:
    """Take from a header what frames of one combination must have in common.

    Parameters
    ----------
    header : mapping
        Keywords and values of the primary header.
    image_type : `str`
        Image type in capitals.
    exposure_time : `float`
        Exposure time (second).

    Returns
    -------
    group : `FrameGroup`
        What was found; a set point that is no number is not defined.
    """
    name, file, checksum, odp, ap0_rc, set_point = (
        header_text(header, key) for key in _CAMERA_KEYS
    )
    try:
        # Written as float32 by some, -94.1500015258789 for -94.15.
        temperature = None if set_point is None else round(float(set_point), 2)
    except ValueError:
        temperature = None
    return FrameGroup(
        image_type,
        exposure_time,
        header_text(header, "LSST_NUM"),
        name,
        file,
        checksum,
        odp,
        ap0_rc,
        temperature,
    )


def header_text(header: Mapping[str, Any], key: str) -> str | None:
    """Give a value of a header as text.

    Parameters
    ----------
    header : mapping
        Keywords and values.
    key : `str`
        The keyword.

    Returns
    -------
    text : `str` or `None`
        Without blanks around it; `None` if it is not there, not defined or blank.
    """
    from astropy.io.fits.card import Undefined

    value = header.get(key)
    if value is None or isinstance(value, Undefined):
        return None
    return str(value).strip() or None
