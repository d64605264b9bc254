# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is measured on a raw frame as soon as it is in the Butler, and what is wrong with it.

Levels are in ADU, as the converter gave them; a level is above the serial overscan of the same
rows unless it is that of the overscan itself.
"""

__all__ = [
    "MEASURED_COLUMNS",
    "AmplifierMeasurement",
    "FrameTrouble",
    "FrameVerdict",
    "ImageMeasurement",
    "TroubleKind",
]

import dataclasses
import enum

from .images import ImageName

MEASURED_COLUMNS = 20
"""Data columns, of those that are read first, whose levels tell if a readout was shifted."""


class FrameVerdict(enum.StrEnum):
    """What the rule says of one frame."""

    GOOD = "good"
    """Nothing is wrong with it, as far as can be seen."""
    BAD = "bad"
    """Something is wrong with it."""
    SETTLING = "settling"
    """One of the first of its type, in which the electronics had not come to rest."""
    UNREADABLE = "unreadable"
    """It could not be measured from here, which says nothing of the frame."""


class TroubleKind(enum.StrEnum):
    """In which way a frame is wrong; three in a row in the same way end the acquisition."""

    DEAD = "dead"
    """Amplifiers that give a constant, or hardly any noise."""
    NOISE = "noise"
    """Amplifiers whose noise is not that of the other frames."""
    BURST = "burst"
    """Amplifiers with some rows that are noisier than the rest."""
    LIGHT = "light"
    """Regions brighter than in the other frames: light, glow, or charge of something else."""
    LEVEL = "level"
    """Regions darker than in the other frames, or another overscan level."""
    STEP = "step"
    """The overscan level jumps while the rows are read."""
    SATURATED = "saturated"
    """Far too many pixels at the end of the scale, or near zero."""
    STUCK_BIT = "stuck bit"
    """A bit below the noise that is the same in all pixels."""
    SHIFTED = "shifted"
    """Pixels that come earlier or later in their rows than in the other frames."""
    IDENTICAL = "identical"
    """The pixels are those of another frame."""
    HEADER = "header"
    """The header says something else than what was asked for."""
    SEQUENCER = "sequencer"
    """Read out with another sequencer file than the frames before it."""
    SETTLING = "settling"
    """Levels that still move from frame to frame."""
    UNREADABLE = "unreadable"
    """It could not be measured from here."""


@dataclasses.dataclass(frozen=True, slots=True)
class FrameTrouble:
    """One thing that is wrong with a frame."""

    kind: TroubleKind
    """In which way."""
    amplifiers: tuple[str, ...]
    """The amplifiers that show it, e.g. C10; empty if it is not about amplifiers."""
    text: str
    """What was measured and what was expected, in a few words for people."""


@dataclasses.dataclass(frozen=True, slots=True)
class AmplifierMeasurement:
    """What was measured on one amplifier."""

    name: str
    """Name within the detector, C00 to C17."""
    level: float
    """Median of the data pixels above the serial overscan (ADU)."""
    overscan: float
    """Median of the serial overscan (ADU)."""
    overscan_step: float
    """Largest change of the overscan level from one block of rows to the next (ADU)."""
    overscan_noise: float
    """Robust standard deviation of the serial overscan about the levels of its rows (ADU)."""
    data_noise: float
    """Robust standard deviation of the data, from differences of neighbours in a row (ADU).

    Structure that is wider than a pixel does not count.
    """
    burst: float
    """Overscan noise of the noisiest block of rows over that of all rows."""
    low: int
    """Data pixels below half of the overscan level."""
    saturated: int
    """Data pixels at or above the saturation of the observatory's LATISS reduction."""
    not_a_number: int
    """Data pixels that are no number; only a file of floating point pixels can have any."""
    constant: int
    """Data pixels in rows all of whose pixels are the same."""
    stuck_bits: int
    """Bits below the noise that are the same in all pixels looked at, as a mask; 0 for none."""
    pixels: int
    """Data pixels."""
    blocks: int
    """Blocks of rows in which steps and bursts were looked for."""
    block_pixels: int
    """Overscan pixels of a block."""
    level_error: float
    """Standard error of the level (ADU), from noise and number of pixels."""
    region_error: float
    """Standard error of the level of a region (ADU), from noise and number of pixels."""
    noise_error: float
    """Standard error of both noises, over the noise."""
    regions: tuple[float, ...]
    """Medians of the regions above the overscan of the same rows (ADU).

    Row after row of the grid in readout order, the region that is read first at the beginning.
    """
    parallel: tuple[float, ...] = ()
    """Levels of the parallel overscan above the serial one, for each column of the grid (ADU);
    reduction subtracts them. Empty in records of earlier versions."""
    columns: tuple[float, ...] = ()
    """Medians of the data columns that are read first, above the serial overscan (ADU). Empty in
    records of earlier versions."""
    column_error: float = 0.0
    """Standard error of the level of a column (ADU), from noise and number of pixels."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImageMeasurement:
    """What was measured on one frame."""

    name: ImageName
    """Name of the image that was asked for."""
    exposure_id: int
    """Exposure id that the header gives."""
    image_type: str
    """IMGTYPE of the header."""
    exposure_time: float
    """EXPTIME of the header, in seconds."""
    dark_time: float
    """Time from the last clear to the readout, in seconds."""
    sequencer: str
    """Name and checksum of the sequencer file; empty if the header does not say."""
    grid: tuple[int, int]
    """Rows and columns of the regions of each amplifier."""
    amplifiers: tuple[AmplifierMeasurement, ...]
    """In the order of the FITS extensions."""
    digest: str
    """Digest of pixels, hexadecimal: frames that have the same are the same frame."""
    seconds: float
    """How long reading and measuring took, in seconds."""

    def amplifier(self, name: str) -> AmplifierMeasurement:
        """Return the measurement of one amplifier (`AmplifierMeasurement`).

        Raises
        ------
        KeyError
            If there is none of that name.
        """
        for item in self.amplifiers:
            if item.name == name:
                return item
        raise KeyError(name)
