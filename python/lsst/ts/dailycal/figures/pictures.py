# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pixels as PNG files."""

__all__ = ["Picture", "assemble", "binned", "picture_of", "png"]

import dataclasses
import io
import math

import matplotlib
import numpy as np
from astropy.visualization import ZScaleInterval
from matplotlib.colors import Normalize
from numpy.typing import NDArray
from PIL import Image

from ..model.detector import Section
from ..pipelines.image import bin_pixels
from ..pipelines.raw.frame import RawFrame
from .palette import DIFFERENCES, PIXELS

_WIDTH = 640
"""Largest width and height of a picture of a whole detector, in pixels."""
_SPREAD = 99.0
"""Percentage of the differences that the colours of a difference picture cover."""


@dataclasses.dataclass(frozen=True, slots=True)
class Picture:
    """A picture of pixels."""

    png: bytes
    """The file."""
    low: float
    """Value that is shown black, or in the colour of the lower end."""
    high: float
    """Value that is shown white, or in the colour of the upper end."""
    binning: int
    """How many pixels of the detector an edge of a pixel of the picture covers."""
    width: int
    """Width of the picture, in its own pixels."""
    height: int
    """Height of the picture, in its own pixels."""


def binned(pixels: NDArray[np.float32], width: int = _WIDTH) -> tuple[NDArray[np.float32], int]:
    """Average squares of pixels until an image fits.

    Parameters
    ----------
    pixels : `numpy.ndarray`, (height, width)
        The image.
    width : `int`, optional
        Largest width and height of the result.

    Returns
    -------
    small : `numpy.ndarray`
        The smaller image.
    factor : `int`
        Edge of the squares.
    """
    factor = math.ceil(max(pixels.shape) / width)
    return (pixels, 1) if factor == 1 else (bin_pixels(pixels, factor), factor)


def picture_of(
    pixels: NDArray[np.float32], *, differences: bool = False, width: int = _WIDTH
) -> Picture:
    """Make a picture of an image, with its first row at the bottom.

    Parameters
    ----------
    pixels : `numpy.ndarray`, (height, width)
        The image, in any unit.
    differences : `bool`, optional
        Are the values differences, to be shown in two colours about zero? Otherwise they are
        shown in grey, stretched by the zscale algorithm of IRAF.
    width : `int`, optional
        Largest width and height of the picture.
    """
    small, factor = binned(pixels, width)
    finite = small[np.isfinite(small)]
    if not finite.size:
        low, high = 0.0, 1.0
    elif differences:
        high = float(np.percentile(np.abs(finite), _SPREAD)) or 1.0
        low = -high
    else:
        low, high = map(float, ZScaleInterval().get_limits(finite))
        high = high if high > low else low + 1.0
    shape = small.shape
    content = png(small, low, high, DIFFERENCES if differences else PIXELS)
    return Picture(content, low, high, factor, shape[1], shape[0])


def png(pixels: NDArray[np.float32], low: float, high: float, colours: str = PIXELS) -> bytes:
    """Write an image as PNG, with its first row at the bottom.

    Parameters
    ----------
    pixels : `numpy.ndarray`, (height, width)
        The image; what is not a number is shown in magenta.
    low, high : `float`
        Values at the two ends of the colours.
    colours : `str`, optional
        Colour map of matplotlib.

    Returns
    -------
    content : `bytes`
        The file.
    """
    shades = matplotlib.colormaps[colours].with_extremes(bad="magenta")
    scaled = Normalize(low, high, clip=True)(np.ma.masked_invalid(pixels[::-1]))
    colour = shades(scaled, bytes=True)[..., :3]
    image = Image.fromarray(np.ascontiguousarray(colour))
    if colours == PIXELS and not np.ma.is_masked(scaled):
        image = image.convert("L")
    stream = io.BytesIO()
    image.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def assemble(frame: RawFrame) -> NDArray[np.float32]:
    """Put the amplifiers of a raw frame where they are on the detector.

    Parameters
    ----------
    frame : `RawFrame`
        The frame.

    Returns
    -------
    pixels : `numpy.ndarray`, (height, width)
        Data pixels above the median of the overscan of their amplifier (ADU), without which
        the offsets of the amplifiers would be all that can be seen.
    """
    assembled = np.empty(frame.shape, np.float32)
    for amplifier in frame.amplifiers:
        values = amplifier.pixels.read(0, amplifier.height).astype(np.float32)
        overscan = np.median(_cut(values, amplifier.serial))
        amplifier.oriented(assembled)[...] = _cut(values, amplifier.data) - overscan
    return assembled


def _cut(values: NDArray[np.float32], section: Section) -> NDArray[np.float32]:
    return values[section.y0 : section.y1, section.x0 : section.x1]
