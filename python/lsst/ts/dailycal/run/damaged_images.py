# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find the frames that a job failed on."""

__all__ = ["drop_damaged"]

import logging

from ..model import ImageDamaged, ImageType, IngestError
from .context import RunContext


async def drop_damaged(context: RunContext, image_type: ImageType) -> bool:
    """Give up the images of one type that cannot be read, if a job failed that needs them.

    ATOODS ingests a file that is cut short, and every job fails on it until it is left out.

    Returns
    -------
    dropped : `bool`
        Were there any? Then the job is worth another try without them.
    """
    if not _has_failed(context, image_type):
        return False
    names = context.state.usable(image_type)
    try:
        damaged = await context.ports.repository.find_damaged(names, context.timeouts.repository)
    except IngestError as error:
        await context.tell(str(error), logging.WARNING)
        return False
    if len(damaged) == len(names):
        # Not the frames, but what they are read with or from.
        return False
    for name, reason in damaged.items():
        await context.journal.record(ImageDamaged(name, reason))
        await context.tell(f"{name} is left out, its file is damaged: {reason}", logging.WARNING)
    return bool(damaged)


def _has_failed(context: RunContext, image_type: ImageType) -> bool:
    """Did OCPS say of a job on these images that it failed?"""
    return any(
        record.result is not None and not record.result.succeeded
        for key, record in context.state.jobs.items()
        if key.image_type is image_type
    )
