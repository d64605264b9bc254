# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The camera, as the engine needs it."""

__all__ = ["Camera", "ExposureTimeouts"]

import dataclasses
import typing
from collections.abc import Sequence

from ..model import Finding, Image, ImageTags, PlannedExposure


@dataclasses.dataclass(frozen=True, slots=True)
class ExposureTimeouts:
    """How long one exposure may take; made of physics by `..procedure.timeouts`."""

    exposure: float
    """From the command to the end of readout, in seconds."""
    late_event: float
    """How long an event may lag behind the one that proves it happened, in seconds."""


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

    async def wait_idle(self, timeout: float) -> None:
        """Wait until nothing is exposed or read out any more, after a stop.

        Raises
        ------
        CameraError
            If it is not idle within ``timeout`` seconds.
        """
        ...

    async def recover(self, planned: PlannedExposure, tags: ImageTags) -> Image | None:
        """Find the image of an exposure that was asked for and not waited for to the end.

        The camera takes one image at a time, so only the last one can be unaccounted for.

        Parameters
        ----------
        planned : `PlannedExposure`
            The exposure.
        tags : `ImageTags`
            The tags it was asked for with; the group id is that of this attempt alone.

        Returns
        -------
        image : `Image` or `None`
            The image, if the last one that was read out carries that group id.
        """
        ...
