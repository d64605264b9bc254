# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import asyncio
import threading
import time

import pytest

from lsst.ts.dailycal.testing.loop import FastEventLoop, run_fast


def test_a_quarter_of_an_hour_passes_at_once_and_in_order():
    async def scenario():
        seen = []

        async def note(seconds):
            await asyncio.sleep(seconds)
            seen.append((seconds, asyncio.get_running_loop().time()))

        await asyncio.gather(note(900.0), note(1.0), note(30.0))
        return seen

    assert run_fast(scenario()) == [(1.0, 1.0), (30.0, 30.0), (900.0, 900.0)]


def test_a_deadline_strikes_at_its_time():
    async def scenario():
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(120.0):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_fast(scenario()) == 120.0


def test_time_stands_still_while_a_thread_works():
    async def scenario():
        release = threading.Event()
        timer = asyncio.create_task(asyncio.sleep(3600.0))
        work = asyncio.create_task(asyncio.to_thread(release.wait, 10.0))
        for _ in range(3):
            await asyncio.sleep(0)
        before = asyncio.get_running_loop().time()
        assert not timer.done()
        release.set()
        assert await work
        assert asyncio.get_running_loop().time() == before
        await timer
        return asyncio.get_running_loop().time()

    assert run_fast(scenario()) == 3600.0


def test_a_thread_that_nobody_waits_for_any_more_still_stops_the_time():
    async def scenario():
        loop = asyncio.get_running_loop()
        seen = []

        def work():
            time.sleep(0.05)
            seen.append(loop.time())

        task = asyncio.create_task(asyncio.to_thread(work))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.sleep(1000.0)
        return seen

    assert run_fast(scenario()) == [0.0]


def test_a_wait_that_nothing_can_end_is_an_error_that_names_it():
    async def scenario():
        await asyncio.create_task(asyncio.Event().wait(), name="the forgotten one")

    with pytest.raises(RuntimeError, match="the forgotten one"):
        run_fast(scenario())


def test_a_task_left_behind_is_an_error():
    async def scenario():
        scenario.task = asyncio.create_task(asyncio.sleep(5), name="left alone")

    with pytest.raises(AssertionError, match="left alone"):
        run_fast(scenario())


def test_processes_are_refused():
    async def scenario():
        await asyncio.create_subprocess_exec("true")

    with pytest.raises(NotImplementedError, match="no processes"):
        run_fast(scenario())


def test_an_error_of_the_scenario_comes_through():
    async def scenario():
        await asyncio.sleep(10)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run_fast(scenario())


def test_every_loop_starts_at_zero():
    loop = FastEventLoop()
    try:
        assert loop.time() == 0.0
    finally:
        loop.close()
