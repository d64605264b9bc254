# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The image that the pipelines hand around: pixels, mask, and the facts about its amplifiers."""

from __future__ import annotations

import dataclasses
import enum
import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from ..model.detector import Section
    from .provenance import Provenance


class Mask(enum.IntFlag):
    """Bits of the mask plane."""

    BAD = 1
    """Not to be used: no input was good, or the dark current is too high."""
    SAT = 2
    """Saturated."""
    INTRP = 4
    """Interpolated from its neighbours."""
    CR = 8
    """Hit by a cosmic ray."""
    NO_DATA = 16
    """Never read."""
    DETECTED = 32
    """Belongs to a source."""


MASK_MEANINGS = {
    Mask.BAD: "not to be used",
    Mask.SAT: "saturated",
    Mask.INTRP: "interpolated from neighbours",
    Mask.CR: "hit by a cosmic ray",
    Mask.NO_DATA: "never read",
    Mask.DETECTED: "belongs to a source",
}
"""What the bits mean, in the words of the FITS header."""


@dataclasses.dataclass(frozen=True, slots=True)
class ImageAmplifier:
    """What an image knows of one amplifier."""

    name: str
    """C00 to C17."""
    section: Section
    """Place on the detector, with the flips from readout order."""
    gain: float
    """Gain that was applied (electron/ADU)."""
    read_noise: float
    """Read noise of the camera model (electron)."""
    overscan_noise: float
    """Dispersion of the serial overscan after correction (ADU); 0 if not measured."""
    dark_rate: float = math.nan
    """Mean rate of the dark that was subtracted (electron/s); NaN for none."""


@dataclasses.dataclass(frozen=True, slots=True)
class CalibImage:
    """An assembled image."""

    pixels: NDArray[np.float32]
    """Values, (height, width), in `unit`."""
    mask: NDArray[np.uint8]
    """Bits of `Mask`, (height, width)."""
    amplifiers: tuple[ImageAmplifier, ...]
    """In the order of the FITS extensions of a raw frame."""
    kind: str
    """bias, dark, or the image type of the exposure."""
    unit: str = "electron"
    """Unit of the pixels; a combined dark is in electron/s."""
    dark_time: float = 0.0
    """Dark time (second): 0 for a combined bias, 1 for a combined dark."""
    inputs: tuple[int, ...] = ()
    """Exposure ids that went into it."""
    variance: NDArray[np.float32] | None = None
    """Variance of the values, (height, width), in the square of `unit`: infinite for what is
    interpolated. None if it was not worked out, as for single exposures."""
    provenance: Provenance | None = None
    """For a combined calibration: where it comes from."""

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width (`tuple` [`int`], pixel)."""
        height, width = self.pixels.shape
        return height, width


def with_masked(image: CalibImage, names: Collection[str]) -> CalibImage:
    """Mark all pixels of some amplifiers BAD.

    Parameters
    ----------
    image : `CalibImage`
        Is not changed.
    names : collection of `str`
        Names of the amplifiers.
    """
    if not names:
        return image
    mask = image.mask.copy()
    for place in (item.section for item in image.amplifiers if item.name in names):
        mask[place.y0 : place.y1, place.x0 : place.x1] |= np.uint8(Mask.BAD)
    return dataclasses.replace(image, mask=mask)


def bin_pixels(pixels: NDArray[np.float32], factor: int) -> NDArray[np.float32]:
    """Average squares of pixels, for a quick look.

    Parameters
    ----------
    pixels : `numpy.ndarray`, (height, width)
        Image. Rows and columns that do not fill a square are left out.
    factor : `int`
        Edge of the squares.

    Returns
    -------
    small : `numpy.ndarray`, (height // factor, width // factor)
        Of float32.
    """
    height, width = (size // factor for size in pixels.shape)
    blocks = pixels[: height * factor, : width * factor]
    # Whole rows first: numpy adds long rows much faster than short ones.
    rows = blocks.reshape(height, factor, width * factor).sum(axis=1)
    squares = rows.reshape(height, width, factor).sum(axis=2)
    return np.asarray(squares / (factor * factor), np.float32)
