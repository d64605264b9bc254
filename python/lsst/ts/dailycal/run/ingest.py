# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Follow every image into the Butler."""

__all__ = ["IngestFollower"]

import asyncio
import logging
from collections.abc import Collection

from ..model import ImageIngested, ImageLost, ImageName, IngestError
from .context import RunContext
from .measure import FrameWatch


class IngestFollower:
    """Waits for each image beside the acquisition.

    Parameters
    ----------
    context : `RunContext`
        The run.
    group : `asyncio.TaskGroup`
        Owner of the waiting.
    watch : `FrameWatch`
        Measures each image that is there.
    """

    def __init__(self, context: RunContext, group: asyncio.TaskGroup, watch: FrameWatch) -> None:
        self._context = context
        self._group = group
        self._watch = watch

    async def follow_pending(self) -> None:
        """Take up the images that an earlier process of this run did not see to the end.

        What was said while nobody listened is gone, so the Butler is asked first.
        """
        context = self._context
        state = context.state
        open_slots = [
            slot
            for slot in state.slots.values()
            if slot.image and not slot.ingested and slot.image.name not in state.damaged
        ]
        there = await self._look([slot.image.name for slot in open_slots if slot.image])
        for slot in open_slots:
            if slot.image is None:
                continue
            if slot.image.name in there:
                # Even one that was given up for lost: its file may have been ingested since.
                await context.journal.record(ImageIngested(slot.image.name))
            elif state.is_pending(slot):
                self.follow(slot.image.name)
        for slot in state.slots.values():
            if slot.image is not None and self._watch.is_pending(slot):
                self._measure(slot.image.name)

    def follow(self, name: ImageName) -> None:
        """Start to wait for an image."""
        self._group.create_task(self._follow(name), name=f"ingest {name}")

    def _measure(self, name: ImageName) -> None:
        self._group.create_task(self._watch.measure(name), name=f"measure {name}")

    async def _follow(self, name: ImageName) -> None:
        context = self._context
        try:
            await context.ports.ingest.wait(name, context.timeouts.ingest)
        except IngestError as error:
            if name in await self._look([name]):
                await context.tell(
                    f"{name} is in the Butler; that nobody said so harms nothing.", logging.WARNING
                )
            else:
                await context.journal.record(ImageLost(name, str(error)))
                await context.tell(f"{name} was lost: {error}", logging.WARNING)
                return
        await context.journal.record(ImageIngested(name))
        await self._watch.measure(name)

    async def _look(self, names: Collection[ImageName]) -> frozenset[ImageName]:
        """Ask the Butler; if it does not answer, what was said elsewhere stands."""
        if not names:
            return frozenset()
        context = self._context
        try:
            return await context.ports.repository.find_images(names, context.timeouts.repository)
        except IngestError as error:
            await context.tell(str(error), logging.WARNING)
            return frozenset()
