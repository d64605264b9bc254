# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw frames: sixteen amplifiers in readout order, read in strips of rows.

What a frame looks like is taken from the file: sizes from NAXIS1 and NAXIS2, the parts of an
amplifier from DATASEC and BIASSEC, place and orientation from DETSEC.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from ..model.detector import INSTRUMENT, LATISS_AMPLIFIERS, Amplifier, Section

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from ..model.detector import DetectorGeometry

T = TypeVar("T", bound=np.generic)

_AMPLIFIERS = {amplifier.name: amplifier for amplifier in LATISS_AMPLIFIERS}
_BIG_ENDIAN = np.dtype(">i4")


class RawFrameError(ValueError):
    """A raw frame cannot be used: the file is short, or is not what a LATISS frame looks like."""


class PixelSource(Protocol):
    """Where the pixels of one raw amplifier come from."""

    def read(self, y0: int, y1: int) -> NDArray[np.int32]:
        """Read rows ``y0`` to ``y1`` (half-open) of the raw amplifier (ADU)."""
        ...


@dataclasses.dataclass(frozen=True, slots=True)
class ArrayPixels:
    """Pixels in memory."""

    array: NDArray[np.int32]
    """Raw amplifier in readout order (ADU)."""

    def read(self, y0: int, y1: int) -> NDArray[np.int32]:
        """Give a view of the rows."""
        return self.array[y0:y1]


@dataclasses.dataclass(frozen=True, slots=True)
class FilePixels:
    """Pixels in an uncompressed FITS extension."""

    path: Path
    """The file."""
    offset: int
    """Where the extension's data begin (byte)."""
    width: int
    """NAXIS1 (pixel)."""

    def read(self, y0: int, y1: int) -> NDArray[np.int32]:
        """Read the rows from the file.

        Raises
        ------
        RawFrameError
            If the file ends before the last row.
        """
        pixels = np.empty((y1 - y0, self.width), _BIG_ENDIAN)
        view = pixels.data.cast("B")
        with self.path.open("rb", buffering=0) as stream:
            stream.seek(self.offset + 4 * y0 * self.width)
            got = 0
            while got < len(view):
                count = stream.readinto(view[got:])
                if not count:
                    raise RawFrameError(f"{self.path} ends in the middle of its pixels")
                got += count
        return pixels.astype(np.int32)


@dataclasses.dataclass(frozen=True, slots=True)
class RawAmplifier:
    """One amplifier of a raw frame."""

    amplifier: Amplifier
    """Name, gain and read noise."""
    height: int
    """NAXIS2 (pixel)."""
    data: Section
    """DATASEC, in the raw amplifier."""
    serial: Section
    """BIASSEC: columns of the serial overscan, in the raw amplifier."""
    detector: Section
    """DETSEC: place on the assembled detector, with the flips."""
    pixels: PixelSource
    """The pixels (ADU)."""

    def oriented(self, assembled: NDArray[T]) -> NDArray[T]:
        """Show this amplifier's part of an assembled image in readout order."""
        return oriented(assembled, self.detector)


def oriented(assembled: NDArray[T], section: Section) -> NDArray[T]:
    """Show an amplifier's part of an assembled image in readout order.

    Parameters
    ----------
    assembled : `numpy.ndarray`, (height, width)
        Image of the detector.
    section : `Section`
        The amplifier's DETSEC.

    Returns
    -------
    view : `numpy.ndarray`
        A view: writing to it writes to the image.
    """
    view = assembled[section.y0 : section.y1, section.x0 : section.x1]
    return view[:: -1 if section.flip_y else 1, :: -1 if section.flip_x else 1]


@dataclasses.dataclass(frozen=True, slots=True)
class RawFrame:
    """One exposure as it was read out."""

    exposure: int
    """Exposure id: day_obs followed by five digits of seq_num."""
    image_type: str
    """BIAS or DARK."""
    exposure_time: float
    """Shutter time asked for (second)."""
    dark_time: float
    """Time between clearing and readout (second)."""
    amplifiers: tuple[RawAmplifier, ...]
    """In the order of the FITS extensions."""
    header: Mapping[str, str | int | float | bool] = dataclasses.field(default_factory=dict)
    """Primary header; empty for a frame that was made in memory."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width of the assembled detector (`tuple` [`int`], pixel)."""
        return (
            max(amplifier.detector.y1 for amplifier in self.amplifiers),
            max(amplifier.detector.x1 for amplifier in self.amplifiers),
        )

    @classmethod
    def from_arrays(
        cls,
        arrays: NDArray[np.int32],
        geometry: DetectorGeometry,
        *,
        exposure: int,
        image_type: str,
        exposure_time: float = 0.0,
        dark_time: float = 0.0,
    ) -> RawFrame:
        """Make a frame of pixels that are in memory.

        Parameters
        ----------
        arrays : `numpy.ndarray`, (16, raw_height, raw_width)
            Raw amplifiers in the order of the FITS extensions (ADU).
        geometry : `DetectorGeometry`
            Their sizes.
        exposure, image_type, exposure_time, dark_time
            As the attributes.
        """
        amplifiers = tuple(
            RawAmplifier(
                amplifier,
                geometry.raw_height,
                geometry.data_section,
                geometry.serial_section,
                geometry.detector_section(amplifier),
                ArrayPixels(array),
            )
            for amplifier, array in zip(geometry.amplifiers, arrays, strict=True)
        )
        return cls(exposure, image_type, exposure_time, dark_time, amplifiers)


def open_raw(path: str | Path) -> RawFrame:
    """Open a raw FITS file; pixels are read when they are needed.

    Parameters
    ----------
    path : `str` or `pathlib.Path`
        An uncompressed LATISS frame: a primary header and 16 int32 image extensions.

    Returns
    -------
    frame : `RawFrame`
        The frame.

    Raises
    ------
    RawFrameError
        If the file is not FITS, is short, or lacks an extension or a key.
    """
    from astropy.io import fits

    path = Path(path)
    try:
        size = path.stat().st_size
        with fits.open(path, memmap=True, lazy_load_hdus=False) as hdus:
            return _frame_of(path, size, hdus)
    except RawFrameError:
        raise
    except (OSError, KeyError, ValueError, IndexError, TypeError, fits.VerifyError) as error:
        raise RawFrameError(f"{path} cannot be read as a LATISS frame: {error}") from error


def _frame_of(path: Path, size: int, hdus: object) -> RawFrame:
    from astropy.io import fits

    if not isinstance(hdus, fits.HDUList) or len(hdus) != len(_AMPLIFIERS) + 1:
        raise RawFrameError(f"{path} should have {len(_AMPLIFIERS)} image extensions")
    header = hdus[0].header
    if header["INSTRUME"] != INSTRUMENT:
        raise RawFrameError(f"{path} is a frame of {header['INSTRUME']}, not of {INSTRUMENT}")
    amplifiers = []
    for hdu in hdus[1:]:
        keys = hdu.header
        if keys["BITPIX"] != 32 or keys["NAXIS"] != 2 or keys["XTENSION"].strip() != "IMAGE":
            raise RawFrameError(f"{path} extension {hdu.name} is not a 32-bit integer image")
        width, height = int(keys["NAXIS1"]), int(keys["NAXIS2"])
        offset = int(hdu.fileinfo()["datLoc"])
        if offset + 4 * width * height > size:
            raise RawFrameError(f"{path} is short: extension {hdu.name} is not all there")
        amplifiers.append(
            RawAmplifier(
                _AMPLIFIERS["C" + str(keys["EXTNAME"]).strip()[-2:]],
                height,
                Section.parse(keys["DATASEC"]),
                Section.parse(keys["BIASSEC"]),
                Section.parse(keys["DETSEC"]),
                FilePixels(path, offset, width),
            )
        )
    exposure_time = float(header["EXPTIME"])
    # As the observatory's translator does: a dark time below the exposure time is not believed.
    dark_time = max(float(header.get("DARKTIME", exposure_time)), exposure_time)
    return RawFrame(
        int(f"{int(header['DAYOBS'])}{int(header['SEQNUM']):05d}"),
        str(header["IMGTYPE"]),
        exposure_time,
        dark_time,
        tuple(amplifiers),
        {key: header[key] for key in header if key not in ("", "COMMENT", "HISTORY")},
    )
