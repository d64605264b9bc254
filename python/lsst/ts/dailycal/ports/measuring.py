# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What measures frames, as the engine needs it."""

__all__ = ["Measuring"]

import typing

from ..model import ImageMeasurement, ImageName


class Measuring(typing.Protocol):
    """Measures raw frames that are in the Butler, beside the event loop."""

    async def measure(self, name: ImageName, timeout: float) -> ImageMeasurement:
        """Measure a frame.

        Parameters
        ----------
        name : `ImageName`
            Name of its image.
        timeout : `float`
            How long it may take, in seconds.

        Raises
        ------
        MeasurementError
            If it cannot be read from here, or not within ``timeout`` seconds.
        """
        ...

    async def close(self) -> None:
        """Let go of what measuring needs; does nothing the second time."""
        ...
