# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instruments are read while a step takes images, and that harms nothing."""

import asyncio

import pytest
from queue_in_memory import GaugesInMemory

from lsst.ts.dailycal.journal import MemoryStorage
from lsst.ts.dailycal.model import QueueError, Severity
from lsst.ts.dailycal.page import (
    BIAS_DARK,
    ConditionsRead,
    PageChecks,
    PageJournal,
    PagePorts,
    Precondition,
)
from lsst.ts.dailycal.page.condition_watch import watching_conditions
from lsst.ts.dailycal.page.journal import PAGE_CODEC
from lsst.ts.dailycal.testing.loop import run_fast

STEPS = {step.name: step for step in BIAS_DARK.steps}


class Clock:
    def tai(self) -> float:
        return asyncio.get_running_loop().time()


class SilentGauges:
    async def read(self, timeout: float):
        await asyncio.sleep(timeout)
        raise QueueError("ATCamera is not heard.")


def watch(gauges, step="calibrations", seconds=150.0, *, meanwhile=None):
    """Go through a step of so many seconds, and return what was recorded, and how long it took."""
    storage = MemoryStorage()

    async def main():
        checks = PageChecks(PagePorts(None, None, None, Clock(), gauges=gauges))
        journal = PageJournal(storage, Clock())
        begin = asyncio.get_running_loop().time()
        async with (
            asyncio.TaskGroup() as group,
            watching_conditions(STEPS[step], checks, journal, 60.0, group),
        ):
            await asyncio.sleep(seconds / 2)
            if meanwhile is not None:
                meanwhile()
            await asyncio.sleep(seconds / 2)
        await journal.settle()
        return asyncio.get_running_loop().time() - begin

    took = run_fast(main())
    entries = [PAGE_CODEC.decode(line) for line in storage.lines]
    return [(entry.tai, entry.event) for entry in entries], took


def test_the_instruments_are_read_each_minute_and_at_the_end():
    found, took = watch(GaugesInMemory())
    assert [round(at - found[0][0]) for at, _ in found] == [0, 60, 120, 150]
    assert took == pytest.approx(150.0, abs=0.1)
    assert {type(event) for _, event in found} == {ConditionsRead}
    (ccd,) = [item for item in found[0][1].readings if item.quantity == "ccd"]
    assert (ccd.warn, ccd.refuse, ccd.severity) == ((-105.0, -103.0), (-107.0, -101.0), Severity.OK)


def test_what_gets_too_warm_during_the_images_is_recorded_as_that():
    gauges = GaugesInMemory()
    found, _ = watch(gauges, meanwhile=lambda: gauges.values.update(ccd=-98.0))
    worst = [max(item.severity for item in event.readings) for _, event in found]
    assert worst == [Severity.OK, Severity.OK, Severity.REFUSAL, Severity.REFUSAL]


def test_a_step_that_takes_no_images_is_not_watched():
    (name,) = [step.name for step in BIAS_DARK.steps if "atcs" in step.name]
    assert Precondition.CONDITIONS not in STEPS[name].preconditions
    assert watch(GaugesInMemory(), name)[0] == []


def test_instruments_that_are_not_heard_harm_no_step():
    found, took = watch(SilentGauges())
    assert found == []
    assert took <= 150.0 + 10.0


def test_an_error_of_the_step_stays_that_error():
    def fail():
        raise QueueError("The queue is gone.")

    with pytest.raises(ExceptionGroup) as caught:
        watch(GaugesInMemory(), meanwhile=fail)
    assert [type(error) for error in caught.value.exceptions] == [QueueError]
