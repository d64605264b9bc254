# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One reader a topic, and any number of coroutines that wait for what it brings."""

__all__ = ["TopicReader"]

import asyncio
import functools
import typing
from collections.abc import Callable

SILENCE = 0.5
"""How long after its end a script may be silent before its last message, in seconds."""
LONGEST_SETTLING = 3.0
"""How long the last messages of a script are waited for at most, in seconds."""


class TopicReader:
    """Facts that arrive by callback, and a way to wait until they are as wanted.

    A topic's callback is its only reader. It stores what it hears and wakes the board; nobody
    else takes messages from a topic, so nobody can take another's.
    """

    def __init__(self) -> None:
        self._condition = asyncio.Condition()

    def listen(self, topic: typing.Any, store: Callable[[typing.Any], None]) -> None:
        """Become the reader of a topic.

        Parameters
        ----------
        topic : `lsst.ts.salobj.topics.ReadTopic`
            The topic.
        store : `~collections.abc.Callable`
            Called with each message, history included; must return at once.

        Raises
        ------
        RuntimeError
            If the topic has a reader already.
        """
        if topic.has_callback:
            raise RuntimeError(f"{topic} has a reader already.")

        async def read(message: typing.Any) -> None:
            store(message)
            async with self._condition:
                self._condition.notify_all()

        topic.callback = read

    async def changed(self) -> None:
        """Wake everybody who waits, after something that is not a message."""
        async with self._condition:
            self._condition.notify_all()

    async def wait_until(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Wait until something is so.

        Returns
        -------
        is_so : `bool`
            False if it was not so within ``timeout`` seconds.
        """
        try:
            async with asyncio.timeout(timeout), self._condition:
                await self._condition.wait_for(predicate)
        except TimeoutError:
            return predicate()
        return True

    async def settle(
        self, count: Callable[[], int], silence: float = SILENCE, timeout: float = LONGEST_SETTLING
    ) -> None:
        """Wait until nothing more is heard: newer versions of SAL write from several threads.

        Parameters
        ----------
        count : `~collections.abc.Callable`
            Counts what has been heard.
        silence : `float`, optional
            How long nothing may come before it is taken for the end, in seconds.
        timeout : `float`, optional
            How long to wait at most, in seconds.
        """
        loop = asyncio.get_running_loop()
        latest = loop.time() + timeout
        heard = -1
        while heard != count() and (left := latest - loop.time()) > 0:
            heard = count()
            await self.wait_until(functools.partial(_differs, count, heard), min(silence, left))


def _differs(count: Callable[[], int], heard: int) -> bool:
    return count() != heard
