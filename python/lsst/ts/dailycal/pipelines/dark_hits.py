# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pixels of darks that cosmic rays have hit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cosmics import CosmicRayOptions, find_cosmic_rays
from .isr import IsrOptions, correct_frame
from .repair import grow
from .threads import as_they_come

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from .image import CalibImage
    from .raw.frame import RawFrame


class CosmicRayError(ValueError):
    """A dark has more pixels that look like cosmic rays than there can be."""


def find_hits(
    frames: Sequence[RawFrame],
    bias: CalibImage,
    isr: IsrOptions | None = None,
    cosmics: CosmicRayOptions | None = None,
    radius: int = 2,
) -> list[NDArray[np.intp]]:
    """Find the pixels of darks that are not to be combined.

    Parameters
    ----------
    frames : sequence of `RawFrame`
        Dark exposures.
    bias : `CalibImage`
        Combined bias (electron).
    isr, cosmics : `IsrOptions`, `CosmicRayOptions` or `None`
        How.
    radius : `int`
        Radius that is added to cosmic rays (pixel).

    Returns
    -------
    hits : `list` of `numpy.ndarray`
        Flat indices in the assembled image, for each frame.

    Raises
    ------
    CosmicRayError
        If a frame has too many.
    """
    cosmics = cosmics or CosmicRayOptions()

    def find(frame: RawFrame) -> NDArray[np.intp]:
        image = correct_frame(frame, bias, None, isr)
        rays = find_cosmic_rays(image, cosmics)
        if rays.too_many:
            raise CosmicRayError(
                f"dark exposure {frame.exposure} has more than {cosmics.most_pixels} pixels that "
                "look like cosmic rays; look at the image, and leave it out if it is damaged"
            )
        return grow(rays.flat, image.shape, radius)

    height, width = bias.shape
    return list(as_they_come(find, frames, len(frames) * height * width))
