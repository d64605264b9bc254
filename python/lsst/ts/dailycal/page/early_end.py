# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a page that comes before its last step."""

__all__ = ["EarlyEnd", "queue_after"]

import asyncio
import dataclasses

from ..model import Command, QueueError, QueueStatus
from ..ports import Queue
from .steps import StepOutcome, StepStatus
from .times import PageTimes


@dataclasses.dataclass(frozen=True, slots=True)
class EarlyEnd:
    """What is told at the end of a run that ended early; nothing if it did not."""

    headline: str = ""
    """What is wrong, in a sentence."""
    remedy: str = ""
    """What to do about it."""
    kept: str = ""
    """What of the run is not lost."""
    command: Command | None = None
    """The command that goes on."""
    advice: tuple[str, ...] = ()
    """What else is to be known."""


async def queue_after(outcome: StepOutcome, queue: Queue, times: PageTimes) -> QueueStatus | None:
    """Look at the queue, which pauses when the process of a script that failed has ended.

    Parameters
    ----------
    outcome : `StepOutcome`
        What became of the step.
    queue : `~lsst.ts.dailycal.ports.Queue`
        The queue.
    times : `PageTimes`
        Deadlines.

    Returns
    -------
    status : `~lsst.ts.dailycal.model.QueueStatus` or `None`
        `None` if it does not answer.
    """
    loop = asyncio.get_running_loop()
    patience = times.pause if outcome.status is StepStatus.FAILED else 0.0
    latest = loop.time() + patience
    try:
        status = await queue.status(times.status)
        while status.alive and status.running and outcome.index and loop.time() < latest:
            await asyncio.sleep(times.poll)
            status = await queue.status(times.status)
    except QueueError:
        return None  # what failed has said it already
    return status
