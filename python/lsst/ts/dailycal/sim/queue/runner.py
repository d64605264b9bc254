# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order in which the scripts of the fake ScriptQueue run."""

__all__ = ["QueueRunner"]

import asyncio
from collections.abc import Callable

from ..clock import iso_from_tai
from .events import QueueEvents
from .order import ScriptOrder
from .script import QueuedScript


class QueueRunner:
    """Runs scripts one after the other, and pauses when one fails.

    Parameters
    ----------
    events : `QueueEvents`
        Where it tells what it does.
    is_enabled : `~collections.abc.Callable`
        Is the queue ENABLED? It starts scripts only then.
    now : `~collections.abc.Callable`
        Gives the TAI, in Unix seconds.

    Attributes
    ----------
    lineup : `ScriptOrder`
        Indices of the scripts, in order.
    scripts : `dict` [`int`, `QueuedScript`]
        The scripts by index.
    running : `bool`
        Does it start scripts? Not when it is paused.
    wake : `asyncio.Event`
        Set it when there may be something to do.
    """

    def __init__(
        self, events: QueueEvents, *, is_enabled: Callable[[], bool], now: Callable[[], float]
    ) -> None:
        self.lineup = ScriptOrder()
        self.scripts: dict[int, QueuedScript] = {}
        self.running = True
        self.wake = asyncio.Event()
        self._events = events
        self._is_enabled = is_enabled
        self._now = now
        self._last_group = ""
        self._seen_failures: set[int] = set()

    async def tell_queue(self, *, force: bool = True) -> None:
        """Tell how the queue is; if it is as it was, only when forced to."""
        await self._events.queue(self.lineup, running=self.running, force=force)

    async def advance_for_ever(self) -> None:
        """Start scripts, and put those that ended with the past, as they come."""
        while True:
            await self.wake.wait()
            self.wake.clear()
            changed = False
            while await self._clear_ended() or await self._start_next():
                changed = True
            if changed:
                await self.tell_queue()

    async def _clear_ended(self) -> bool:
        """Do away with scripts that have ended; pause if the current one failed."""
        ended = [
            self.scripts[index]
            for index in (self.lineup.current, *self.lineup.waiting)
            if index and self.scripts[index].done and not self.scripts[index].stopping
        ]
        changed = False
        for script in ended:
            if script.failed and script.index not in self._seen_failures:
                self._seen_failures.add(script.index)
                self.running = False
            elif script.failed and not self._may_start():
                continue
            else:
                await self.retire(script)
            changed = True
        return changed

    async def retire(self, script: QueuedScript) -> None:
        """Put a script with the past."""
        if script.index not in self.lineup:
            return
        # Before anything is awaited, or it could be retired twice.
        for index in self.lineup.retire(script.index):
            self.scripts.pop(index, None)
            self._seen_failures.discard(index)
        if script.group_id and not script.times.run_start:
            await self._events.no_visit(script)

    def _may_start(self) -> bool:
        return self.running and self._is_enabled()

    async def _start_next(self) -> bool:
        """Take the next step towards running what is on top."""
        for index in self.lineup.waiting[1:]:
            script = self.scripts[index]
            if script.group_id and script.runnable:
                await self._events.no_visit(script)
                await script.set_group_id("")
        if not self.lineup.waiting or not self._may_start():
            return False
        top = self.scripts[self.lineup.waiting[0]]
        if not top.runnable:
            return False
        if not top.group_id:
            if await top.set_group_id(self._make_group_id()):
                await self._events.visit(top)
            self.wake.set()
            return False
        if self.lineup.current:
            return False
        self.lineup.start(top.index)
        await top.run()
        return True

    def _make_group_id(self) -> str:
        tai = self._now()
        while (group := iso_from_tai(tai)) <= self._last_group:
            tai += 0.001
        self._last_group = group
        return group
