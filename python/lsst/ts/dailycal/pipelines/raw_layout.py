# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of HDUs of a raw frame: where the amplifiers are, and whether they fit together.

Read and checked without a look at a pixel. Amplifiers are placed and oriented by their names in
the observatory's camera geometry: DETSEC is checked, and not followed.
"""

from __future__ import annotations

import dataclasses
import os
import re
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..model.detector import LATISS, DetectorGeometry, Section
from .raw_bytes import RawBytes, raw_bytes
from .raw_error import RawFrameError, RawHeaderError
from .raw_header import PRIMARY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..model.detector import Amplifier

_EXTNAME = re.compile(r"Segment(\w*)", re.IGNORECASE)
_AMPLIFIERS = {amplifier.name[1:]: amplifier for amplifier in LATISS.amplifiers}
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
class RawLayout:
    """A raw file whose table of HDUs is in order."""

    path: Path
    """The file."""
    source: RawBytes
    """Its bytes."""
    header: Mapping[str, Any]
    """The primary header."""
    geometry: DetectorGeometry
    """Sizes of the parts; 509 by 2000 pixels of data if the frame is a whole one."""
    amplifiers: tuple[AmplifierHdu, ...]
    """In the order of the geometry, wherever they are in the file."""


def read_layout(path: str | Path) -> RawLayout:
    """Read and check the headers of a raw file.

    Parameters
    ----------
    path : `str` or `pathlib.Path`
        A LATISS frame of any year: 16 image extensions, plain or compressed, and whatever tables.

    Returns
    -------
    layout : `RawLayout`
        Where everything is.

    Raises
    ------
    RawFrameError
        If it is not FITS or ends too early, if an amplifier is missing or there twice, or if
        sizes and sections do not fit; it names the HDU and the key.
    """
    from astropy.io import fits

    path = Path(path)
    try:
        source = raw_bytes(path)
        with warnings.catch_warnings(), source.open() as stream:
            # What is wrong is said in an error.
            warnings.simplefilter("ignore")
            size = os.fstat(stream.fileno()).st_size
            with fits.open(
                stream, memmap=False, lazy_load_hdus=False, disable_image_compression=True
            ) as hdus:
                header = dict(hdus[0].header)
                parts = _amplifier_hdus(path, size, hdus)
    except RawFrameError:
        raise
    except (OSError, KeyError, ValueError, IndexError, TypeError, fits.VerifyError) as error:
        raise RawFrameError(path, f"cannot be read as a LATISS frame: {error}") from error
    _check_complete(path, parts)
    ordered = sorted(parts.values(), key=lambda part: part[0].amplifier.hdu)
    hdus_in_order = tuple(part for part, _ in ordered)
    geometry = _geometry_of(path, hdus_in_order)
    for keys in (_Keys(path, PRIMARY, header), *(keys for _, keys in ordered)):
        _check_detector_size(geometry, keys)
    _check_places(geometry, ordered)
    return RawLayout(path, source, header, geometry, hdus_in_order)


def read_primary_header(path: str | Path) -> Mapping[str, Any]:
    """Read the primary header of a raw frame, and nothing else of the file.

    Parameters
    ----------
    path : `str` or `pathlib.Path`
        The file.

    Returns
    -------
    header : mapping
        Keywords and values.

    Raises
    ------
    RawHeaderError
        If it does not begin like a FITS file.
    """
    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            # Of what comes after the header nobody has asked.
            warnings.simplefilter("ignore")
            return dict(fits.getheader(path))
    except (OSError, KeyError, ValueError, IndexError, TypeError, fits.VerifyError) as error:
        raise RawHeaderError(path, f"cannot be read as FITS: {error}", PRIMARY) from error


@dataclasses.dataclass(frozen=True, slots=True)
class _Keys:
    """The header of one part of the file, and how to complain about it."""

    path: Path
    name: str
    keys: Mapping[str, Any]

    def error(self, key: str, problem: str) -> RawFrameError:
        return RawFrameError(self.path, problem, self.name, key)

    def size(self, key: str) -> int:
        value = self.keys.get(key)
        if not isinstance(value, int) or value < 1:
            raise self.error(key, f"is {value!r}, not a number of pixels")
        return value

    def section(self, key: str) -> Section | None:
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


_Parts = dict[str, tuple[AmplifierHdu, _Keys]]


def _amplifier_hdus(path: Path, size: int, hdus: Any) -> _Parts:
    """Find the amplifiers among the HDUs; tables and whatever else is there is passed over."""
    parts: _Parts = {}
    for number, hdu in enumerate(hdus[1:], start=1):
        match = _EXTNAME.fullmatch(str(hdu.header.get("EXTNAME", "")).strip())
        if match is None:
            continue
        # However it is written: astropy writes capitals, the camera does not.
        keys = _Keys(path, f"Segment{match[1]}", hdu.header)
        if match[1] not in _AMPLIFIERS:
            raise keys.error("EXTNAME", "there is no such amplifier")
        if match[1] in parts:
            first = parts[match[1]][0].number
            raise keys.error("EXTNAME", f"HDU {number} is the same amplifier as HDU {first}")
        place = hdu.fileinfo()
        part = _amplifier_hdu(number, _AMPLIFIERS[match[1]], keys, place)
        needed = part.data_start + keys.data_size()
        if needed > size:
            problem = f"the file is short: it ends at byte {size}, this HDU at {needed}"
            raise keys.error("", problem)
        # The last one may lack its padding.
        parts[match[1]] = (dataclasses.replace(part, end=min(part.end, size)), keys)
    return parts


def _amplifier_hdu(
    number: int, amplifier: Amplifier, keys: _Keys, place: Mapping[str, Any]
) -> AmplifierHdu:
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


def _check_pixels(keys: _Keys, prefix: str) -> int:
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


def _data_section(keys: _Keys, width: int, height: int) -> Section:
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


def _serial_section(keys: _Keys, data: Section, width: int, height: int) -> Section:
    """Place the serial overscan: BIASSEC where there is one, else all that is behind the data."""
    said = keys.section("BIASSEC")
    if said is None:
        return Section(data.x1, width, 0, height)
    if said.x0 < data.x1 or said.x1 > width:
        problem = f"{said.fits} is not behind the data, in columns {data.x1 + 1} to {width}"
        raise keys.error("BIASSEC", problem)
    return Section(said.x0, said.x1, 0, height)


def _check_complete(path: Path, parts: _Parts) -> None:
    missing = [
        amplifier.extname for number, amplifier in _AMPLIFIERS.items() if number not in parts
    ]
    if missing:
        shown = ", ".join(missing[:4]) + (f" and {len(missing) - 4} more" if missing[4:] else "")
        problem = f"{len(missing)} of {len(_AMPLIFIERS)} amplifiers are missing: {shown}"
        raise RawFrameError(path, problem, missing[0])


def _geometry_of(path: Path, parts: Sequence[AmplifierHdu]) -> DetectorGeometry:
    """Take the sizes from the first amplifier, and hold all others against them."""
    first = parts[0]
    for part in parts[1:]:
        for key, mine, its in (
            ("NAXIS1", part.width, first.width),
            ("NAXIS2", part.height, first.height),
            ("DATASEC", part.data.fits, first.data.fits),
            ("BIASSEC", part.serial.fits, first.serial.fits),
        ):
            if mine != its:
                problem = f"is {mine}, and {its} in {first.name}"
                raise RawFrameError(path, problem, part.name, key)
    return dataclasses.replace(
        LATISS,
        data_width=first.data.width,
        data_height=first.data.height,
        serial_overscan=first.width - first.data.x1,
        parallel_overscan=first.height - first.data.y1,
    )


def _check_places(geometry: DetectorGeometry, parts: Sequence[tuple[AmplifierHdu, _Keys]]) -> None:
    """Hold DETSEC against the places that the names give.

    The camera counts rows from the side of Segment1x, the observatory's geometry from that of
    Segment0x. Either will do, but not both in one frame: then two amplifiers were in one place.
    """
    conventions: dict[bool, str] = {}
    for part, keys in parts:
        said = keys.section("DETSEC")
        if said is None:
            continue
        ours = geometry.detector_section(part.amplifier)
        camera = geometry.camera_section(part.amplifier)
        if said not in (ours, camera):
            problem = f"{said.fits} is not its place, which is {camera.fits} or {ours.fits}"
            raise keys.error("DETSEC", problem)
        conventions.setdefault(said == camera, part.name)
        if len(conventions) > 1:
            other = conventions[said != camera]
            problem = f"{said.fits} and that of {other} count rows from two sides: they overlap"
            raise keys.error("DETSEC", problem)


def _check_detector_size(geometry: DetectorGeometry, keys: _Keys) -> None:
    said = keys.section("DETSIZE")
    if said is not None and (said.width, said.height) != (geometry.width, geometry.height):
        problem = (
            f"is {said.fits}, but the amplifiers make {geometry.width} by {geometry.height} pixels"
        )
        raise keys.error("DETSIZE", problem)
