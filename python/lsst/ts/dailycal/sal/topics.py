# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One reader a topic, and any number of coroutines that wait for what it brings."""

__all__ = ["TopicReader"]

import asyncio
import typing
from collections.abc import Callable


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
