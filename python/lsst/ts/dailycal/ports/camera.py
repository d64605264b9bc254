# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The camera, as the engine needs it."""

__all__ = ["Camera"]

import typing
from collections.abc import Sequence

from ..model import ExposureTimeouts, Finding, Image, ImageTags, PlannedExposure


class Camera(typing.Protocol):
    """Takes images with LATISS."""

    async def check(self) -> Sequence[Finding]:
        """Look whether the camera can take images now, without moving anything."""
        ...

    async def setup(self, *, filter_name: str | int | None, grating: str | int | None) -> None:
        """Put a filter and a grating in the beam; `None` leaves what is there.

        Raises
        ------
        CameraError
            If the spectrograph refuses, or does not get there in time.
        """
        ...

    async def take(
        self, planned: PlannedExposure, tags: ImageTags, timeouts: ExposureTimeouts
    ) -> Image:
        """Take one image, and return when it has been read out.

        Raises
        ------
        CameraError
            If no image came of it. The attempt may be repeated.
        CameraFaultError
            If the camera left ENABLED.
        """
        ...

    async def recover(
        self, planned: PlannedExposure, tags: ImageTags, timeouts: ExposureTimeouts
    ) -> Image | None:
        """Wait for the end of an exposure that was given up or is nobody's, and find its image.

        Whoever asked for it may have been stopped before the camera had begun. So a camera at rest
        proves nothing yet: it is given the time of a late event to begin, or to tell of the image.

        The camera takes one image at a time, so only the last one can be unaccounted for.

        Parameters
        ----------
        planned : `PlannedExposure`
            The exposure.
        tags : `ImageTags`
            The tags it was asked for with; the group id is that of this attempt alone.
        timeouts : `ExposureTimeouts`
            The deadlines of the exposure.

        Returns
        -------
        image : `Image` or `None`
            The image, if the last one that was read out carries that group id.

        Raises
        ------
        CameraError
            If the camera does not come to rest.
        """
        ...
