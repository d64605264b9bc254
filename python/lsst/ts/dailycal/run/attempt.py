# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One attempt at an exposure: what was heard of it, in whatever order, and what it comes to."""

__all__ = ["CameraSight", "ExposureAttempt", "await_image"]

import dataclasses
import typing
from collections.abc import Callable

from ..model import (
    CameraError,
    CameraFaultError,
    ExposureTimeouts,
    Image,
    ImageName,
    PlannedExposure,
    format_duration,
)


@dataclasses.dataclass(slots=True)
class ExposureAttempt:
    """What was heard of one attempt."""

    name: ImageName | None = None
    """Name of the image; `None` as long as no event has told it."""
    read_out: bool = False
    """Was endReadout heard?"""
    acknowledged: bool = False
    """Was takeImages acknowledged as complete?"""
    refusal: str = ""
    """Why takeImages was refused or failed; empty if it was not."""
    last_seen: str = "nothing"
    """What was heard last."""

    @property
    def image_name(self) -> ImageName | None:
        """Name of the image, once it has been read out."""
        return self.name if self.read_out else None

    def hear_start(self, name: ImageName) -> None:
        """Take note of startIntegration."""
        self.name = name
        if not self.read_out:
            self.last_seen = f"startIntegration of {name}"

    def hear_readout(self, name: ImageName) -> None:
        """Take note of endReadout."""
        self.name = name
        self.read_out = True
        self.last_seen = f"endReadout of {name}"

    def hear_acknowledgement(self) -> None:
        """Take note of the final acknowledgement."""
        self.acknowledged = True
        if not self.read_out:
            self.last_seen = "the final acknowledgement"


class CameraSight(typing.NamedTuple):
    """How the camera is seen while an exposure is waited for."""

    wait_until: Callable[[Callable[[], bool], float], typing.Awaitable[bool]]
    """Waits until something is so, for a time in seconds; tells whether it is."""
    is_enabled: Callable[[], bool]
    """Is ATCamera ENABLED?"""
    describe: Callable[[], str]
    """Says how ATCamera is."""


async def await_image(
    attempt: ExposureAttempt,
    planned: PlannedExposure,
    timeouts: ExposureTimeouts,
    camera: CameraSight,
) -> Image:
    """Wait for the end of an exposure.

    Parameters
    ----------
    attempt : `ExposureAttempt`
        What is heard of it.
    planned : `PlannedExposure`
        The exposure.
    timeouts : `ExposureTimeouts`
        Deadlines.
    camera : `CameraSight`
        How the camera is seen.

    Returns
    -------
    image : `Image`
        The image, with notes on what was not heard of it.

    Raises
    ------
    CameraFaultError
        If the camera left ENABLED.
    CameraError
        If it refused, or nothing proves the image in time.
    """
    try:
        return await _await_image(attempt, planned, timeouts, camera)
    except CameraError as error:
        error.image_name = attempt.name
        raise


async def _await_image(
    attempt: ExposureAttempt,
    planned: PlannedExposure,
    timeouts: ExposureTimeouts,
    camera: CameraSight,
) -> Image:
    await camera.wait_until(
        lambda: (
            attempt.read_out
            or attempt.acknowledged
            or bool(attempt.refusal)
            or not camera.is_enabled()
        ),
        timeouts.exposure,
    )
    if attempt.acknowledged and not attempt.read_out:
        await camera.wait_until(lambda: attempt.read_out, timeouts.late_event)
    if attempt.read_out and attempt.name is not None:
        return await _read_out(attempt, attempt.name, planned, timeouts, camera)
    if not camera.is_enabled():
        raise CameraFaultError(
            f"{planned.label} could not be taken: ATCamera is not ENABLED.",
            last_seen=f"{camera.describe()}, and of the exposure {attempt.last_seen}",
            remedy="Recover the camera (see its recovery page).",
        )
    if attempt.refusal:
        raise CameraError(
            f"ATCamera refused {planned.label}: {attempt.refusal}.", last_seen=attempt.last_seen
        )
    if attempt.acknowledged and attempt.name is not None:
        note = f"endReadout was not heard within {timeouts.late_event:g} s of the final ack"
        return Image(planned, attempt.name, notes=(note,))
    raise CameraError(
        f"{planned.label}: no endReadout within {format_duration(timeouts.exposure)}.",
        missing=[str(attempt.name)] if attempt.name else [],
        last_seen=f"{attempt.last_seen}; {camera.describe()}",
        remedy="Look at ATCamera; see the recovery page of the camera.",
    )


async def _read_out(
    attempt: ExposureAttempt,
    name: ImageName,
    planned: PlannedExposure,
    timeouts: ExposureTimeouts,
    camera: CameraSight,
) -> Image:
    done = await camera.wait_until(
        lambda: attempt.acknowledged or bool(attempt.refusal), timeouts.late_event
    )
    if attempt.refusal:
        return Image(planned, name, notes=(f"read out, yet refused: {attempt.refusal}",))
    if not done:
        note = f"no final acknowledgement within {timeouts.late_event:g} s of endReadout"
        return Image(planned, name, notes=(note,))
    return Image(planned, name)
