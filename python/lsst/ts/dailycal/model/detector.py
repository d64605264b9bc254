# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The LATISS detector: amplifiers, their order, orientation, gain and noise.

Pure numbers and sections; whoever reads or writes pixels turns them into slices.
"""

from __future__ import annotations

import dataclasses
import re

INSTRUMENT = "LATISS"
"""Instrument name of the Butler and of the header key INSTRUME."""
INSTRUMENT_NAMES = (INSTRUMENT, "LSST_ATISS")
"""What INSTRUME may say: today's name, and the one until 2019."""
DETECTOR_ID = 0
"""Detector number."""
DETECTOR_NAME = "RXX_S00"
"""Full name of the detector: raft and sensor."""
DETECTOR_SERIAL = "ITL-3800C-068"
"""Serial number of the device, in LATISS since 2019-06-24."""
DETECTOR_SERIALS = (DETECTOR_SERIAL, "ITL-3800C-098")
"""Serial numbers of the devices that headers of LATISS have named."""

_SECTION = re.compile(r"\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]")


@dataclasses.dataclass(frozen=True, slots=True)
class Section:
    """A rectangle of pixels, zero-based and half-open.

    The order in which FITS keywords write a section (`[509:1,...]`) says whether the pixels of
    the array run against the axis of the detector; it is kept in the two flip flags.
    """

    x0: int
    """First column."""
    x1: int
    """Column after the last."""
    y0: int
    """First row."""
    y1: int
    """Row after the last."""
    flip_x: bool = False
    """Columns run from x1 - 1 down to x0."""
    flip_y: bool = False
    """Rows run from y1 - 1 down to y0."""

    @property
    def width(self) -> int:
        """Number of columns (`int`, pixel)."""
        return self.x1 - self.x0

    @property
    def height(self) -> int:
        """Number of rows (`int`, pixel)."""
        return self.y1 - self.y0

    @classmethod
    def parse(cls, text: str) -> Section:
        """Read a FITS section keyword.

        Parameters
        ----------
        text : `str`
            ``[x1:x2,y1:y2]``, one-based, both ends included, in either order.

        Returns
        -------
        section : `Section`
            The same pixels.

        Raises
        ------
        ValueError
            If the text is not a section, or has a zero.
        """
        match = _SECTION.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a FITS section of the form [x1:x2,y1:y2]")
        xa, xb, ya, yb = (int(group) for group in match.groups())
        if min(xa, xb, ya, yb) < 1:
            raise ValueError(f"{text!r} has a zero; FITS sections count from one")
        return cls(min(xa, xb) - 1, max(xa, xb), min(ya, yb) - 1, max(ya, yb), xa > xb, ya > yb)

    @property
    def fits(self) -> str:
        """The section as a FITS keyword value (`str`)."""
        x = (self.x1, self.x0 + 1) if self.flip_x else (self.x0 + 1, self.x1)
        y = (self.y1, self.y0 + 1) if self.flip_y else (self.y0 + 1, self.y1)
        return f"[{x[0]}:{x[1]},{y[0]}:{y[1]}]"


@dataclasses.dataclass(frozen=True, slots=True)
class Amplifier:
    """One of the 16 readout amplifiers."""

    name: str
    """Name within the detector, C00 to C17."""
    hdu: int
    """Number of the FITS extension, 1 to 16."""
    column: int
    """Place in its row on the detector, 0 (low x) to 7."""
    upper: bool
    """True in the upper half of the detector (C10 to C17)."""
    gain: float
    """Conversion gain (electron/ADU)."""
    read_noise: float
    """Read noise (electron)."""

    @property
    def flip_x(self) -> bool:
        """Whether readout runs against detector x: True for every amplifier (`bool`)."""
        return True

    @property
    def flip_y(self) -> bool:
        """Whether readout runs against detector y: True in the upper half (`bool`)."""
        return self.upper

    @property
    def extname(self) -> str:
        """EXTNAME of the extension in a raw frame, ``Segment10`` for C10 (`str`)."""
        return f"Segment{self.name[1:]}"


# In the order of the extensions: name, gain (electron/ADU), read noise (electron).
_NUMBERS: tuple[tuple[str, float, float], ...] = (
    ("C10", 1.0811, 8.4),
    ("C11", 1.0470, 8.5),
    ("C12", 1.0795, 8.4),
    ("C13", 1.0810, 8.6),
    ("C14", 1.0644, 8.4),
    ("C15", 1.0669, 8.4),
    ("C16", 1.0795, 8.4),
    ("C17", 1.0560, 8.0),
    ("C07", 1.1033, 8.5),
    ("C06", 1.1039, 10.0),
    ("C05", 1.1047, 10.3),
    ("C04", 1.0840, 9.7),
    ("C03", 1.0939, 9.1),
    ("C02", 1.0874, 9.4),
    ("C01", 1.0933, 9.9),
    ("C00", 1.0972, 9.1),
)

LATISS_AMPLIFIERS = tuple(
    Amplifier(name, hdu, int(name[2]), name[1] == "1", gain, read_noise)
    for hdu, (name, gain, read_noise) in enumerate(_NUMBERS, start=1)
)
"""The amplifiers in the order of the FITS extensions (`tuple` [`Amplifier`])."""


@dataclasses.dataclass(frozen=True, slots=True)
class DetectorGeometry:
    """Sizes of the detector's parts, the same for all amplifiers.

    A raw amplifier is stored as it is read: the first pixel read is ``[0, 0]``, then along the
    row prescan, data, serial overscan; after the data rows follow the parallel overscan rows.
    """

    data_width: int = 509
    """Columns of light-sensitive pixels in an amplifier."""
    data_height: int = 2000
    """Rows of light-sensitive pixels in an amplifier."""
    prescan: int = 3
    """Serial prescan columns."""
    serial_overscan: int = 64
    """Serial overscan columns."""
    parallel_overscan: int = 48
    """Parallel overscan rows."""
    saturation: float = 142857.0
    """Nominal saturation (ADU)."""
    adc_maximum: int = 2**18 - 1
    """Largest value that the converter gives (ADU)."""
    pixel_size: float = 10.0
    """Edge of a pixel (micrometre)."""
    amplifiers: tuple[Amplifier, ...] = LATISS_AMPLIFIERS
    """Amplifiers in the order of the FITS extensions."""

    @property
    def raw_width(self) -> int:
        """NAXIS1 of a raw amplifier (`int`, pixel)."""
        return self.prescan + self.data_width + self.serial_overscan

    @property
    def raw_height(self) -> int:
        """NAXIS2 of a raw amplifier (`int`, pixel)."""
        return self.data_height + self.parallel_overscan

    @property
    def width(self) -> int:
        """Columns of the assembled detector (`int`, pixel)."""
        return self.data_width * (len(self.amplifiers) // 2)

    @property
    def height(self) -> int:
        """Rows of the assembled detector (`int`, pixel)."""
        return self.data_height * 2

    @property
    def data_section(self) -> Section:
        """DATASEC: the light-sensitive pixels in a raw amplifier (`Section`)."""
        return Section(self.prescan, self.prescan + self.data_width, 0, self.data_height)

    @property
    def serial_section(self) -> Section:
        """BIASSEC: serial overscan of all rows, the parallel overscan rows too (`Section`)."""
        return Section(self.prescan + self.data_width, self.raw_width, 0, self.raw_height)

    @property
    def parallel_section(self) -> Section:
        """Parallel overscan under the data columns (`Section`)."""
        return Section(
            self.prescan, self.prescan + self.data_width, self.data_height, self.raw_height
        )

    def detector_section(self, amplifier: Amplifier) -> Section:
        """Where an amplifier's data lie on the assembled detector: C10 to C17 above.

        Parameters
        ----------
        amplifier : `Amplifier`
            One of ``amplifiers``.

        Returns
        -------
        section : `Section`
            With the flips that bring the data from readout order to the detector's axes.
        """
        x0 = amplifier.column * self.data_width
        y0 = self.data_height if amplifier.upper else 0
        return Section(
            x0,
            x0 + self.data_width,
            y0,
            y0 + self.data_height,
            amplifier.flip_x,
            amplifier.flip_y,
        )

    def camera_section(self, amplifier: Amplifier) -> Section:
        """DETSEC as the camera writes it: rows are counted from the side of C10 to C17.

        Parameters
        ----------
        amplifier : `Amplifier`
            One of ``amplifiers``.

        Returns
        -------
        section : `Section`
            `detector_section` mirrored in y.
        """
        place = self.detector_section(amplifier)
        return dataclasses.replace(
            place,
            y0=self.height - place.y1,
            y1=self.height - place.y0,
            flip_y=not place.flip_y,
        )

    def resized(self, data_width: int, data_height: int) -> DetectorGeometry:
        """Make the same detector with amplifiers of another size, for quick tests.

        Parameters
        ----------
        data_width, data_height : `int`
            Light-sensitive pixels of an amplifier.

        Returns
        -------
        geometry : `DetectorGeometry`
            Prescan and overscans are kept.
        """
        return dataclasses.replace(self, data_width=data_width, data_height=data_height)


LATISS = DetectorGeometry()
"""The full-size detector (`DetectorGeometry`)."""
