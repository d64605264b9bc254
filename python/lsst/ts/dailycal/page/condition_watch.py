# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Read the instruments now and then while a step takes images."""

__all__ = ["watching_conditions"]

import asyncio
import contextlib
from collections.abc import AsyncIterator

from ..model import CalibrationError
from .events import ConditionsRead
from .journal import PageJournal
from .preconditions import PageChecks
from .steps import PageStep, Precondition


@contextlib.asynccontextmanager
async def watching_conditions(
    step: PageStep,
    checks: PageChecks,
    journal: PageJournal,
    interval: float,
    group: asyncio.TaskGroup,
) -> AsyncIterator[None]:
    """Record what the instruments say at the begin, now and then, and at the end of a step.

    Parameters
    ----------
    step : `PageStep`
        The step; one that does not ask for conditions is not watched.
    checks : `PageChecks`
        Reads and judges.
    journal : `PageJournal`
        Where it is recorded.
    interval : `float`
        From one reading to the next, in seconds.
    group : `asyncio.TaskGroup`
        Owns the task.
    """
    if Precondition.CONDITIONS not in step.preconditions:
        yield
        return
    ended = asyncio.Event()
    # Not cancelled at the end: a record that is being written is written to its end.
    task = group.create_task(_watch(step, checks, journal, interval, ended))
    try:
        yield
    finally:
        ended.set()
        await task


async def _watch(
    step: PageStep,
    checks: PageChecks,
    journal: PageJournal,
    interval: float,
    ended: asyncio.Event,
) -> None:
    is_last = False
    while True:
        try:
            readings = await checks.read_conditions(step)
        except CalibrationError:
            readings = ()  # an instrument that is silent harms no run
        if readings:
            await journal.record(ConditionsRead(step.name, readings))
        if is_last:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(interval):
                await ended.wait()
        is_last = ended.is_set()
