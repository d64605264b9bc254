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

from ...model.detector import LATISS, DetectorGeometry
from .error import RawFrameError, RawHeaderError
from .file_bytes import RawBytes, raw_bytes
from .hdu import AmplifierHdu, HduHeader, read_amplifier
from .header import PRIMARY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_EXTNAME = re.compile(r"Segment(\w*)", re.IGNORECASE)
_AMPLIFIERS = {amplifier.name[1:]: amplifier for amplifier in LATISS.amplifiers}


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
    for keys in (HduHeader(path, PRIMARY, header), *(keys for _, keys in ordered)):
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


_Parts = dict[str, tuple[AmplifierHdu, HduHeader]]


def _amplifier_hdus(path: Path, size: int, hdus: Any) -> _Parts:
    """Find the amplifiers among the HDUs; tables and whatever else is there is passed over."""
    parts: _Parts = {}
    for number, hdu in enumerate(hdus[1:], start=1):
        match = _EXTNAME.fullmatch(str(hdu.header.get("EXTNAME", "")).strip())
        if match is None:
            continue
        # However it is written: astropy writes capitals, the camera does not.
        keys = HduHeader(path, f"Segment{match[1]}", hdu.header)
        if match[1] not in _AMPLIFIERS:
            raise keys.error("EXTNAME", "there is no such amplifier")
        if match[1] in parts:
            first = parts[match[1]][0].number
            raise keys.error("EXTNAME", f"HDU {number} is the same amplifier as HDU {first}")
        place = hdu.fileinfo()
        part = read_amplifier(number, _AMPLIFIERS[match[1]], keys, place)
        needed = part.data_start + keys.data_size()
        if needed > size:
            problem = f"the file is short: it ends at byte {size}, this HDU at {needed}"
            raise keys.error("", problem)
        # The last one may lack its padding.
        parts[match[1]] = (dataclasses.replace(part, end=min(part.end, size)), keys)
    return parts


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


def _check_places(
    geometry: DetectorGeometry, parts: Sequence[tuple[AmplifierHdu, HduHeader]]
) -> None:
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


def _check_detector_size(geometry: DetectorGeometry, keys: HduHeader) -> None:
    said = keys.section("DETSIZE")
    if said is not None and (said.width, said.height) != (geometry.width, geometry.height):
        problem = (
            f"is {said.fits}, but the amplifiers make {geometry.width} by {geometry.height} pixels"
        )
        raise keys.error("DETSIZE", problem)
