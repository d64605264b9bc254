# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whoever watches a run: told of everything, and never able to hold it up."""

__all__ = ["Observers"]

import asyncio
import collections
import concurrent.futures
import functools
import logging
import typing
from collections.abc import Callable, Iterable

from ..daemon_executor import DaemonExecutor

PATIENCE = 2.0
"""How long whoever lags behind is waited for at the end, in seconds."""
MOST = 10_000
"""Records that wait for one observer at most; what comes then is not told to it."""


class _Seat:
    """One observer, with a thread of its own."""

    def __init__(self, name: str, log: logging.Logger) -> None:
        self.name = name
        self.last: concurrent.futures.Future[None] | None = None
        self._log = log
        self._executor = DaemonExecutor(f"observer {name}")
        self._waiting: collections.deque[None] = collections.deque()
        self._is_left_out = False

    def tell(self, call: Callable[[], None], what: str) -> None:
        """Schedule a call; returns at once."""
        if len(self._waiting) >= MOST:
            if not self._is_left_out:
                self._log.warning("Observer %s has hung, and is told no more.", self.name)
            self._is_left_out = True
            return
        self._waiting.append(None)
        self.last = self._executor.submit(self._carry_out, call, what)

    def _carry_out(self, call: Callable[[], None], what: str) -> None:
        # In the call itself: whoever waits for a future goes on before what it calls when done.
        try:
            call()
        except Exception:  # noqa: BLE001 - an observer must not end the run, whatever it raises
            self._log.exception("Observer %s failed on %s", self.name, what)
        finally:
            self._waiting.pop()


E = typing.TypeVar("E")


class Observers(typing.Generic[E]):
    """Tells observers of events, each in its own thread and in order.

    An observer may write to a terminal that somebody stopped, or to a network: neither the run nor
    another observer waits for it.

    Parameters
    ----------
    listeners : `~collections.abc.Iterable` [`~collections.abc.Callable`]
        What is called with each event.
    log : `logging.Logger`
        Where trouble with an observer is reported.
    """

    def __init__(self, listeners: Iterable[Callable[[E], None]], log: logging.Logger) -> None:
        self._seats = [(listener, _Seat(_name(listener), log)) for listener in listeners]
        self._log = log

    def tell(self, event: E) -> None:
        """Tell everybody; returns at once."""
        for listener, seat in self._seats:
            seat.tell(functools.partial(listener, event), type(event).__name__)

    async def settle(self, patience: float = PATIENCE) -> None:
        """Wait until everybody has heard everything, for so many seconds at most."""
        last = {seat.last: seat.name for _, seat in self._seats if seat.last is not None}
        if not all(future.done() for future in last):
            _, late = await asyncio.to_thread(concurrent.futures.wait, last, patience)
            for future in late:
                self._log.warning("Observer %s is not waited for any longer.", last[future])
        # What an observer left to the loop is done first.
        await asyncio.sleep(0)


def _name(listener: Callable[..., None]) -> str:
    return type(getattr(listener, "__self__", listener)).__name__
