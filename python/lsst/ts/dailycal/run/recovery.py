# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of an exposure that nobody waited for."""

__all__ = ["ExposureWatch", "find_image"]

import dataclasses
from collections.abc import Awaitable, Callable

from ..model import CameraError, ExposureTimeouts, ImageName, format_duration


@dataclasses.dataclass(frozen=True, slots=True)
class ExposureWatch:
    """What a camera's adapter knows of one exposure, and how to wait until it knows more."""

    image_name: Callable[[], ImageName | None]
    """Tells the name of its image, once that has been read out."""
    activity: Callable[[], str]
    """Says what the camera is doing; empty if it is at rest, or gone."""
    refused: bool
    """Is it known that the camera refused it?"""
    wait_until: Callable[[Callable[[], bool], float], Awaitable[bool]]
    """Waits until something is so, or for so many seconds; tells whether it is so."""


async def find_image(watch: ExposureWatch, timeouts: ExposureTimeouts) -> ImageName | None:
    """Wait for the end of an exposure, and find its image.

    A camera at rest may not have begun yet, or may not have told of its image yet: it is given the
    time of a late event for either.

    Parameters
    ----------
    watch : `ExposureWatch`
        What is known of it.
    timeouts : `ExposureTimeouts`
        Its deadlines.

    Returns
    -------
    name : `ImageName` or `None`
        Name of its image; `None` if none was read out, as far as can be known.

    Raises
    ------
    CameraError
        If the camera does not come to rest.
    """

    def is_there() -> bool:
        return watch.image_name() is not None

    await _wait_for_rest(watch, timeouts.exposure)
    if not watch.refused:
        await watch.wait_until(lambda: is_there() or bool(watch.activity()), timeouts.late_event)
    if not is_there() and watch.activity():
        await _wait_for_rest(watch, timeouts.exposure)
        await watch.wait_until(is_there, timeouts.late_event)
    return watch.image_name()


async def _wait_for_rest(watch: ExposureWatch, timeout: float) -> None:
    if not await watch.wait_until(lambda: not watch.activity(), timeout):
        raise CameraError(
            f"ATCamera did not come to rest within {format_duration(timeout)}.",
            last_seen=watch.activity(),
            remedy="Look at ATCamera; see the recovery page of the camera.",
        )
