# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import asyncio

import pytest

from lsst.ts.dailycal.sim.direct.background import Background, Changes
from lsst.ts.dailycal.testing.loop import run_fast


def test_leaving_ends_what_still_goes_on():
    async def scenario():
        ended = []

        async def work():
            try:
                await asyncio.sleep(1000.0)
            finally:
                ended.append(asyncio.get_running_loop().time())

        async with Background() as background:
            background.spawn(work(), "work")
            await asyncio.sleep(10.0)
        return ended

    assert run_fast(scenario()) == [10.0]


def test_a_task_that_fails_ends_the_observatory_loudly():
    async def scenario():
        async def work():
            await asyncio.sleep(5.0)
            raise LookupError("in the background")

        async with Background() as background:
            background.spawn(work(), "work")
            await asyncio.sleep(1000.0)

    with pytest.raises(ExceptionGroup) as caught:
        run_fast(scenario())
    assert caught.group_contains(LookupError, match="in the background")


def test_a_wait_sees_the_change_that_it_waits_for():
    async def scenario():
        changes, seen = Changes(), []

        async def happen():
            for value in range(3):
                await asyncio.sleep(10.0)
                seen.append(value)
                changes.notify()

        async with Background() as background:
            background.spawn(happen(), "happen")
            in_time = await changes.wait_until(lambda: len(seen) == 2, 100.0)
            when = asyncio.get_running_loop().time()
            too_late = await changes.wait_until(lambda: len(seen) == 9, 50.0)
        return in_time, when, too_late, asyncio.get_running_loop().time()

    assert run_fast(scenario()) == (True, 20.0, False, 70.0)
