# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Calls to a disk that may hang: in a thread, and given up at a deadline."""

__all__ = ["DISK_TIMEOUT", "DiskCalls"]

import asyncio
import typing
from collections.abc import Callable

from ..daemon_executor import DaemonExecutor
from ..model import JournalError

DISK_TIMEOUT = 30.0
"""How long a disk may take, in seconds.

One that works answers within milliseconds; a file server that hands over to its twin takes
half a minute at most.
"""

T = typing.TypeVar("T")


class DiskCalls:
    """Calls what may block on a disk, one after the other, in a thread of its own.

    A disk that is full says so; one that hangs (a file server that is gone, a frozen file system)
    says nothing, and whoever calls it directly is never heard of again. After the first call that
    was given up every other one is refused at once, because it would queue behind that one.

    Parameters
    ----------
    name : `str`
        What is on the disk, for messages: ``the journal /path``.
    timeout : `float`
        How long a call may take, in seconds.
    """

    def __init__(self, name: str, timeout: float = DISK_TIMEOUT) -> None:
        self._name = name
        self._timeout = timeout
        self._executor = DaemonExecutor(name)
        self._hangs = False

    async def call(self, function: Callable[[], T]) -> T:
        """Call a function.

        A cancellation that comes meanwhile is raised when the call is over, so that nobody is left
        in doubt whether it happened.

        Parameters
        ----------
        function : `~collections.abc.Callable`
            What to call.

        Returns
        -------
        result
            What it returns.

        Raises
        ------
        JournalError
            If it is not over at the deadline. It may still come to its end later.
        Exception
            Whatever it raises.
        """
        result, cancelled = await self.finish(function)
        if cancelled is not None:
            raise cancelled
        return result

    async def finish(self, function: Callable[[], T]) -> tuple[T, asyncio.CancelledError | None]:
        """Call a function as `call` does; return the cancellation instead of raising it.

        For whoever has to take note of the result first, and raises the cancellation then.
        """
        if self._hangs:
            raise self._error()
        loop = asyncio.get_running_loop()
        work = loop.run_in_executor(self._executor, function)
        deadline = loop.time() + self._timeout
        cancelled = None
        while not work.done() and (left := deadline - loop.time()) > 0:
            try:
                await asyncio.wait({work}, timeout=left)
            except asyncio.CancelledError as error:
                cancelled = error
        if not work.done():
            self._hangs = True
            work.cancel()  # nobody is told of its end; the thread cannot be stopped
            raise self._error()
        return work.result(), cancelled

    def _error(self) -> JournalError:
        return JournalError(
            f"The disk of {self._name} did not answer within {self._timeout:g} s.",
            remedy="Look whether that file system hangs. What is in the journal can be gone on "
            "with by `dailycal resume` when it answers again.",
        )
