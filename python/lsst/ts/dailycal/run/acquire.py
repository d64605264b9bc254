# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take the exposures of the plan, and again those that were lost."""

__all__ = ["Acquisition", "account_for_nameless", "recover"]

import asyncio
import dataclasses
import logging
from collections.abc import Collection, Mapping

from ..calibration import ACQUISITION_COMPONENTS, describe_status
from ..calibration.plan import PROCESSING_CHECKPOINT, SETUP_CHECKPOINT
from ..model import (
    BadFramesError,
    CalibrationError,
    CameraError,
    CameraFaultError,
    ComponentError,
    ExposureAsked,
    ExposureFailed,
    ExposureTaken,
    Image,
    ImageName,
    ImageTags,
    ImageType,
    ImageUnclaimed,
    IngestError,
    PlannedExposure,
)
from .context import RunContext
from .ingest import IngestFollower
from .measure import FrameWatch
from .state import RunState, Slot


class Acquisition:
    """The one user of the camera in a run.

    The next exposure is always the first of the plan that has no image, so a frame that turns
    out lost while later ones are taken is replaced in the next gap, not at the end.

    Parameters
    ----------
    context : `RunContext`
        The run.
    follower : `IngestFollower`
        Follows each image into the Butler.
    watch : `FrameWatch`
        Says which of them are good.
    """

    def __init__(self, context: RunContext, follower: IngestFollower, watch: FrameWatch) -> None:
        self._context = context
        self._follower = follower
        self._watch = watch
        self._failures_in_a_row = 0
        self.ended = False
        """Will no further exposure be taken?"""
        self.failure: CalibrationError | None = None
        """Why no further exposure is taken although some are missing."""

    def is_settled(self, image_type: ImageType) -> bool:
        """Tell whether nothing will change any more in the images to be processed."""
        state = self._context.state
        if self._watch.any_pending(image_type):
            return False
        if state.is_settled(image_type, self._context.config.max_attempts):
            return True
        return self.ended and not any(map(state.is_pending, state.of_type(image_type)))

    async def run(self) -> None:
        """Take every exposure that is missing.

        A camera that fails, or frames that are all wrong, end the acquisition, not the run: what
        has been taken is processed.
        """
        try:
            await self._prepare()
            await self._take_all()
            await self._context.checkpoint(PROCESSING_CHECKPOINT)
        except (BadFramesError, CameraError, ComponentError) as error:
            self.failure = error
        finally:
            self.ended = True
        await self._context.journal.wake()

    async def _prepare(self) -> None:
        context = self._context
        await self._recover()
        await self._follower.follow_pending()
        if context.state.next_slot(context.config.max_attempts) is None:
            return
        await context.checkpoint(SETUP_CHECKPOINT)
        config = context.config
        if config.filter_name is not None or config.grating is not None:
            await context.ports.camera.setup(filter_name=config.filter_name, grating=config.grating)

    async def _recover(self) -> None:
        """Account for an exposure that an earlier process of this run asked for."""
        for slot in self._context.state.slots.values():
            if slot.asked is not None:
                await recover(self._context, slot)

    async def _take_all(self) -> None:
        state, attempts = self._context.state, self._context.config.max_attempts
        while True:
            if self._watch.failure is not None:
                raise self._watch.failure
            slot = state.next_slot(attempts)
            if slot is not None:
                await self._take(slot)
            elif self._is_open(state):
                await self._context.journal.wait_until(
                    lambda state: state.next_slot(attempts) is not None or not self._is_open(state)
                )
            else:
                return

    def _is_open(self, state: RunState) -> bool:
        """Tell whether an exposure that is there may still have to be taken again."""
        return self._watch.any_pending() or any(map(state.is_pending, state.slots.values()))

    def _check_components(self, slot: Slot) -> None:
        """Take no frame that nobody would keep.

        Raises
        ------
        ComponentError
            If the camera, or what brings its images to the Butler, is not there.
        """
        troubles = [
            item
            for item in self._context.ports.components.troubles()
            if item.name.name in ACQUISITION_COMPONENTS
        ]
        if troubles:
            names = ", ".join(str(item.name) for item in troubles)
            raise ComponentError(
                f"{slot.planned.label} was not taken, since {names} cannot do its part.",
                last_seen="; ".join(map(describe_status, troubles)),
                remedy=f"Bring {names} back to ENABLED.",
            )

    async def _take(self, slot: Slot) -> None:
        context = self._context
        await context.checkpoint(slot.planned.label)
        self._check_components(slot)
        tags = self._attempt_tags()
        attempt = slot.attempts + 1
        await context.journal.record(ExposureAsked(slot.planned, attempt, tags.group_id))
        try:
            image = await context.ports.camera.take(
                slot.planned, tags, context.timeouts.exposure(slot.planned)
            )
        except CameraError as error:
            late = await self._late_image(error, slot, tags)
            if late is None:
                await context.journal.record(
                    ExposureFailed(slot.planned, attempt, str(error), error.image_name)
                )
                await context.tell(str(error), logging.WARNING)
                self._give_up_or_go_on(error, slot)
                return
            image = late
        self._failures_in_a_row = 0
        await context.journal.record(ExposureTaken(image))
        for note in image.notes:
            await context.tell(f"{slot.planned.label}, {image.name}: {note}", logging.WARNING)
        self._follower.follow(image.name)
        if context.config.wait_between_exposures:
            await asyncio.sleep(context.config.wait_between_exposures)

    async def _late_image(self, error: CameraError, slot: Slot, tags: ImageTags) -> Image | None:
        """Look once more, when the camera has come to rest, before a good frame is retaken."""
        if isinstance(error, CameraFaultError):
            return None
        image = await self._context.ports.camera.recover(
            slot.planned, tags, self._context.timeouts.exposure(slot.planned)
        )
        if image is None and error.image_name is None:
            image = await _find_by_group(self._context, slot.planned, tags.group_id)
        if image is None:
            return None
        return dataclasses.replace(image, notes=(*image.notes, f"it came late: {error.what}"))

    def _attempt_tags(self) -> ImageTags:
        """Tag each attempt with a group id of its own, by which its image can be found."""
        tags = self._context.tags
        number = self._context.state.group_ids_used + 1
        return dataclasses.replace(tags, group_id=f"{tags.group_id}#{number}")

    def _give_up_or_go_on(self, error: CameraError, slot: Slot) -> None:
        self._failures_in_a_row += 1
        if isinstance(error, CameraFaultError):
            raise error
        # One bad exposure may be bad luck; two slots in a row that no attempt fills are not.
        if self._failures_in_a_row >= 2 * self._context.config.max_attempts:
            raise CameraError(
                f"{slot.planned.label}: the camera failed {self._failures_in_a_row} times in a "
                f"row. {error.what}",
                missing=error.missing,
                last_seen=error.last_seen,
                remedy=error.remedy or "Find out why on ATCamera, then resume the run.",
            ) from error


async def recover(context: RunContext, slot: Slot) -> None:
    """Find out what became of an exposure that nobody waited for to the end.

    Raises
    ------
    CameraError
        If the camera does not come to rest.
    """
    asked = slot.asked
    if asked is None:
        return
    tags = dataclasses.replace(context.tags, group_id=asked.group_id)
    image = await context.ports.camera.recover(
        slot.planned, tags, context.timeouts.exposure(slot.planned)
    )
    if image is None:
        image = await _find_by_group(context, slot.planned, asked.group_id)
    if image is None:
        reason = "asked for by a process that ended before it heard of an image"
        await context.journal.record(ExposureFailed(asked.planned, asked.attempt, reason))
    else:
        await context.journal.record(ExposureTaken(image))


async def account_for_nameless(context: RunContext) -> None:
    """Name the images of attempts that were given up without one, if the Butler has them."""
    nameless = context.state.nameless
    if not nameless:
        return
    for group_id, name in (await _find_groups(context, tuple(nameless))).items():
        planned = nameless[group_id]
        await context.journal.record(ImageUnclaimed(name, group_id))
        text = f"{name} is in the Butler: an attempt at {planned.label} that was given up."
        await context.tell(text, logging.WARNING)


async def _find_by_group(
    context: RunContext, planned: PlannedExposure, group_id: str
) -> Image | None:
    """Find the image of an attempt whose name nobody heard: the Butler knows its group id."""
    name = (await _find_groups(context, [group_id])).get(group_id)
    if name is None:
        return None
    return Image(planned, name, notes=("its name was not heard; the Butler knew it",))


async def _find_groups(context: RunContext, group_ids: Collection[str]) -> Mapping[str, ImageName]:
    try:
        return await context.ports.repository.find_groups(group_ids, context.timeouts.repository)
    except IngestError as error:
        await context.tell(str(error), logging.WARNING)
        return {}
