# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""One amplifier's HDU of a raw file: its sizes and sections, checked by its header alone."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...model.detector import LATISS, Section
from .error import RawFrameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ...model.detector import Amplifier

_UNSIGNED = 2**31


@dataclasses.dataclass(frozen=True, slots=True)
class AmplifierHdu:
    """One amplifier's part of a raw file."""

    amplifier: Amplifier
    """Which one."""
    number: int
    """Number of the HDU in the file."""
    name: str
    """EXTNAME as the camera writes it."""
    width: int
    """Width of the image, whether compressed or not (pixel)."""
    height: int
    """Height of the image (pixel)."""
    data: Section
    """Light-sensitive pixels."""
    serial: Section
    """Columns of the serial overscan, in all rows."""
    header_start: int
    """Where its header begins in the file (byte)."""
    data_start: int
    """Where its data begin (byte)."""
    end: int
    """Where it ends (byte)."""
    is_plain: bool
    """Whether the pixels are int32 as they are, neither compressed nor shifted."""


@dataclasses.dataclass(frozen=True, slots=True)
class HduHeader:
    """The header of one part of the file, and how to complain about it."""

    path: Path
    """The file."""
    name: str
    """What errors call the part."""
    keys: Mapping[str, Any]
    """Keywords and values."""

    def error(self, key: str, problem: str) -> RawFrameError:
        """Make an error that names the file, the part and a key."""
        return RawFrameError(self.path, problem, self.name, key)

    def size(self, key: str) -> int:
        """Give a number of pixels; raise `RawFrameError` if it is none."""
        value = self.keys.get(key)
        if not isinstance(value, int) or value < 1:
            raise self.error(key, f"is {value!r}, not a number of pixels")
        return value

    def section(self, key: str) -> Section | None:
        """Give a section, `None` if there is none; raise `RawFrameError` if it has no sense."""
        if not isinstance(self.keys.get(key), str):
            return None
        try:
            return Section.parse(self.keys[key])
        except ValueError as error:
            raise self.error(key, str(error)) from None

    def data_size(self) -> int:
        """Count the bytes of the data, without the padding."""
        values = 1 if int(self.keys["NAXIS"]) else 0
        for axis in range(1, int(self.keys["NAXIS"]) + 1):
            values *= int(self.keys[f"NAXIS{axis}"])
        values += int(self.keys.get("PCOUNT", 0))
        return values * abs(int(self.keys["BITPIX"])) // 8


def read_amplifier(
    number: int, amplifier: Amplifier, keys: HduHeader, place: Mapping[str, Any]
) -> AmplifierHdu:
    """Check what the header of an amplifier says.

    Parameters
    ----------
    number : `int`
        Number of the HDU in the file.
    amplifier : `Amplifier`
        Which one it is.
    keys : `HduHeader`
        Its header.
    place : mapping
        Where its parts are, as `astropy.io.fits` tells it.

    Returns
    -------
    hdu : `AmplifierHdu`
        Sizes, sections and place.

    Raises
    ------
    RawFrameError
        If it is no plane of 32-bit integers, or if a section does not fit.
    """
    compressed = bool(keys.keys.get("ZIMAGE", False))
    if not compressed and str(keys.keys.get("XTENSION", "")).strip() != "IMAGE":
        raise keys.error("XTENSION", "is not an image")
    zero = _check_pixels(keys, "Z" if compressed else "")
    width, height = (keys.size(f"{'Z' if compressed else ''}NAXIS{axis}") for axis in (1, 2))
    data = _data_section(keys, width, height)
    return AmplifierHdu(
        amplifier,
        number,
        keys.name,
        width,
        height,
        data,
        _serial_section(keys, data, width, height),
        int(place["hdrLoc"]),
        int(place["datLoc"]),
        int(place["datLoc"]) + int(place["datSpan"]),
        not compressed and zero == 0,
    )


def _check_pixels(keys: HduHeader, prefix: str) -> int:
    """Refuse what is not a plane of integers, signed or unsigned; give BZERO."""
    for key, wanted, what in (
        ("BITPIX", 32, "that of 32-bit integers"),
        ("NAXIS", 2, "2"),
    ):
        value = keys.keys.get(prefix + key)
        if value != wanted:
            raise keys.error(prefix + key, f"is {value}, not {what}")
    zero, scale = keys.keys.get("BZERO", 0), keys.keys.get("BSCALE", 1)
    if zero not in (0, _UNSIGNED):
        problem = f"is {zero!r}; 0 is for signed pixels, 2147483648 for unsigned ones"
        raise keys.error("BZERO", problem)
    if scale != 1:
        raise keys.error("BSCALE", f"is {scale!r}; pixels are counts")
    return int(zero)


def _data_section(keys: HduHeader, width: int, height: int) -> Section:
    """Place the light-sensitive pixels.

    Headers of 2021 and 2022 say that they begin in the first column, of the same images: the
    prescan was forgotten then, and is known from the camera.
    """
    said = keys.section("DATASEC")
    if said is None:
        raise keys.error("DATASEC", "is not there")
    prescan = LATISS.prescan
    if said.x0 not in (0, prescan) or said.y0 != 0 or said.flip_x or said.flip_y:
        problem = f"{said.fits} does not begin behind the prescan, at [{prescan + 1}:...,1:...]"
        raise keys.error("DATASEC", problem)
    data = Section(prescan, prescan + said.width, 0, said.height)
    if data.x1 >= width or data.y1 > height:
        problem = f"{said.fits} leaves no overscan in an image of {width} by {height} pixels"
        raise keys.error("DATASEC", problem)
    return data


def _serial_section(keys: HduHeader, data: Section, width: int, height: int) -> Section:
    """Place the serial overscan: BIASSEC where there is one, else all that is behind the data."""
    said = keys.section("BIASSEC")
    if said is None:
        return Section(data.x1, width, 0, height)
    if said.x0 < data.x1 or said.x1 > width:
        problem = f"{said.fits} is not behind the data, in columns {data.x1 + 1} to {width}"
        raise keys.error("BIASSEC", problem)
    return Section(said.x0, said.x1, 0, height)
