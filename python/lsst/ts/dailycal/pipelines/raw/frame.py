# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw frames: sixteen amplifiers in readout order, read in strips of rows.

Sizes are taken from the file, and place and orientation of an amplifier from its name: see
`read_layout`.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

from .decoded import DecodedFile, DecodedPixels
from .group import FrameGroup
from .header import check_exposure_time, translate_header
from .layout import read_layout

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from ...model.detector import Amplifier, DetectorGeometry, Section
    from .file_bytes import RawBytes
    from .header import ExposureFacts

__all__ = [
    "ArrayPixels",
    "FilePixels",
    "PixelSource",
    "RawAmplifier",
    "RawFrame",
    "open_raw",
    "oriented",
]

T = TypeVar("T", bound=np.generic)

_BIG_ENDIAN = np.dtype(">i4")


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

    source: RawBytes
    """The bytes of the file."""
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
        self.source.fill(pixels.data.cast("B"), self.offset + 4 * y0 * self.width)
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
    """Columns of the serial overscan, in the raw amplifier."""
    detector: Section
    """Place on the assembled detector, with the flips."""
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
        The amplifier's place on the detector.

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
    """IMGTYPE in capitals, BIAS or DARK."""
    exposure_time: float
    """Exposure time asked for (second)."""
    dark_time: float
    """Time between clearing and readout (second)."""
    amplifiers: tuple[RawAmplifier, ...]
    """In the order of the geometry, whatever that of the file is."""
    facts: ExposureFacts | None = None
    """What the header says; None for a frame that has none."""

    def __post_init__(self) -> None:
        """Refuse amplifiers that leave a place of the detector empty, or meet in one."""
        height, width = self.shape
        places = [amplifier.detector for amplifier in self.amplifiers]
        corners = {(place.x0, place.y0) for place in places}
        area = sum(place.width * place.height for place in places)
        sizes = {(place.width, place.height) for place in places}
        if len(corners) != len(places) or len(sizes) != 1 or area != height * width:
            raise ValueError(f"the amplifiers of exposure {self.exposure} do not tile the detector")

    @property
    def group(self) -> FrameGroup:
        """What it must have in common with frames that it is combined with (`FrameGroup`)."""
        if self.facts is not None:
            return self.facts.frame_group
        return FrameGroup(self.image_type, self.exposure_time)

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
        A LATISS frame of any year: 16 amplifiers, plain or compressed, and whatever tables.

    Returns
    -------
    frame : `RawFrame`
        The frame.

    Raises
    ------
    RawFrameError
        If the file is not FITS, is short, is of another detector, or lacks an amplifier or a
        key; it names the HDU and the key.
    """
    layout = read_layout(path)
    facts = translate_header(layout.header, path)
    check_exposure_time(facts, path)
    decoded = DecodedFile(layout)
    return RawFrame(
        facts.exposure,
        facts.observation_type.upper(),
        facts.exposure_time,
        facts.dark_time,
        tuple(
            RawAmplifier(
                hdu.amplifier,
                hdu.height,
                hdu.data,
                hdu.serial,
                layout.geometry.detector_section(hdu.amplifier),
                FilePixels(layout.source, hdu.data_start, hdu.width)
                if hdu.is_plain
                else DecodedPixels(decoded, hdu),
            )
            for hdu in layout.amplifiers
        ),
        facts,
    )
