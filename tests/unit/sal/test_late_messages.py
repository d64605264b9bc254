# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What comes after the end: newer versions of SAL write from several threads."""

import asyncio

import pytest

from lsst.ts.dailycal.sal.topics import LONGEST_SETTLING, SILENCE, TopicReader
from lsst.ts.dailycal.testing.loop import run_fast


class Topic:
    """A topic, as far as a reader knows it."""

    def __init__(self) -> None:
        self.callback = None

    @property
    def has_callback(self) -> bool:
        return self.callback is not None


def settle(delays):
    """Let messages come after the end with so many seconds between them; return what was heard."""

    async def main():
        heard, topic, reader = [], Topic(), TopicReader()
        reader.listen(topic, heard.append)

        async def send():
            for number, delay in enumerate(delays):
                await asyncio.sleep(delay)
                await topic.callback(number)

        begin = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(send())
            await reader.settle(lambda: len(heard))
            taken = asyncio.get_running_loop().time() - begin
            sending.cancel()
        return heard, taken

    return run_fast(main())


def test_messages_that_come_after_the_end_are_heard():
    heard, taken = settle([0.3, 0.4, 0.2])
    assert heard == [0, 1, 2]
    assert taken == pytest.approx(0.9 + SILENCE, abs=0.1)


def test_whoever_never_falls_silent_is_not_waited_for_forever():
    heard, taken = settle([0.3] * 100)
    assert taken == pytest.approx(LONGEST_SETTLING, abs=0.1)
    assert len(heard) >= 9


def test_whoever_is_silent_costs_half_a_second():
    assert settle([])[1] == pytest.approx(SILENCE, abs=0.1)
