# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A blocked event loop is found, and one that merely waits is not taken for it."""

import asyncio
import subprocess
import time

from watchdog import Watchdog


class DeafLoop:
    """A loop that is told nothing in time, as on a machine that lets it not run."""

    def call_soon_threadsafe(self, callback, *args):
        pass


async def test_a_call_that_blocks_the_loop_is_named():
    with Watchdog(asyncio.get_running_loop(), longest=0.2) as watchdog:
        time.sleep(0.6)  # noqa: ASYNC251
    assert "time.sleep(0.6)" in watchdog.blocked


async def test_waiting_for_the_output_of_a_process_blocks_the_loop():
    with Watchdog(asyncio.get_running_loop(), longest=0.2) as watchdog:
        subprocess.run(["sleep", "0.6"], capture_output=True, check=True)  # noqa: ASYNC221, S607
    assert "subprocess.run(" in watchdog.blocked


async def test_a_loop_that_turns_is_not_blocked_however_long_a_task_waits():
    with Watchdog(asyncio.get_running_loop(), longest=0.2) as watchdog:
        await asyncio.sleep(0.6)
    assert not watchdog.blocked


async def test_a_loop_that_waits_for_events_is_not_blocked_though_nothing_was_heard_of_it():
    with Watchdog(DeafLoop(), longest=0.2) as watchdog:
        await asyncio.sleep(0.6)
    assert not watchdog.blocked
