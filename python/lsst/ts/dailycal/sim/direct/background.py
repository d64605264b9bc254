# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What goes on in the observatory whether or not anybody waits for it."""

__all__ = ["Background", "Changes"]

import asyncio
import types
import typing
from collections.abc import Callable, Coroutine


class Background:
    """Owner of the tasks of the observatory; leaving it ends them."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> typing.Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        if isinstance(error, asyncio.CancelledError):
            # The group asks for that when a task of its own has failed.
            await self._group.__aexit__(kind, error, trace)
        else:
            # Told of another error, the group would wrap it; it is whoever used us that failed.
            await self._group.__aexit__(None, None, None)

    def spawn(self, work: Coroutine[typing.Any, typing.Any, None], name: str) -> asyncio.Task[None]:
        """Start something that nobody waits for."""
        task = self._group.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class Changes:
    """Wakes whoever waits for the observatory to be in some state."""

    def __init__(self) -> None:
        # In the order in which they came: a set would wake them in another order in every run.
        self._waiting: dict[asyncio.Future[None], None] = {}

    def notify(self) -> None:
        """Let everybody look again."""
        for future in self._waiting:
            if not future.done():
                future.set_result(None)

    async def wait_until(self, predicate: Callable[[], bool], timeout: float) -> bool:
        """Wait until something is so.

        Returns
        -------
        is_so : `bool`
            False if it was not so within ``timeout`` seconds.
        """
        try:
            async with asyncio.timeout(timeout):
                while not predicate():
                    await self._next()
        except TimeoutError:
            return predicate()
        return True

    async def _next(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[future] = None
        try:
            await future
        finally:
            self._waiting.pop(future, None)
