# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: the only memory of a run."""

__all__ = ["Fold", "Journal", "Observer"]

import asyncio
import functools
import logging
import typing
from collections.abc import Callable, Iterable

from ..ports import Clock
from .codec import Codec
from .disk import DiskCalls
from .observers import Observers
from .storage import Storage

E = typing.TypeVar("E")
E_contra = typing.TypeVar("E_contra", contravariant=True)


class Fold(typing.Protocol[E_contra]):
    """What follows from events, one after the other."""

    def apply(self, event: E_contra) -> None:
        """Take note of an event."""
        ...


class Observer(typing.Protocol[E_contra]):
    """Whoever watches a run."""

    def notify(self, event: E_contra) -> None:
        """Take note of a record, in a thread of its own; what it raises is logged only."""
        ...


S = typing.TypeVar("S", bound=Fold[typing.Any])


class Journal(typing.Generic[E, S]):
    """Records events: first on storage, then in the state, then to the observers.

    Parameters
    ----------
    codec : `Codec`
        The format.
    state : `Fold`
        What follows from the events in the storage.
    storage : `Storage`
        Where the lines go.
    clock : `Clock`
        For the time of each record.
    observers : `~collections.abc.Iterable` [`Observer`], optional
        Who is told.
    number : `int`, optional
        How many events are in the storage already.
    log : `logging.Logger`, optional
        Where trouble with an observer is reported.
    disk : `DiskCalls`, optional
        Through which the storage is written, if others use it as well.
    """

    def __init__(
        self,
        codec: Codec[E],
        state: S,
        storage: Storage,
        clock: Clock,
        *,
        observers: Iterable[Observer[E]] = (),
        number: int = 0,
        log: logging.Logger | None = None,
        disk: DiskCalls | None = None,
    ) -> None:
        self.state = state
        self._codec = codec
        self._storage = storage
        self._disk = disk or DiskCalls(str(storage))
        self._clock = clock
        self._number = number
        self._lock = asyncio.Lock()
        self._changed = asyncio.Condition()
        self._observers: Observers[E] = Observers(
            [observer.notify for observer in observers], log or logging.getLogger(__name__)
        )

    async def record(self, event: E) -> None:
        """Record an event; when this returns, it survives a crash.

        Raises
        ------
        JournalError
            If it cannot be stored, or the disk does not answer. The state is then as if it had
            not happened; after the latter nothing can be recorded any more.
        """
        async with self._lock:
            line = self._codec.encode(event, number=self._number, tai=self._clock.tai())
            append = functools.partial(self._storage.append, line)
            # Finished also when a stop comes, which cannot leave storage and state different.
            _, cancelled = await self._disk.finish(append)
            self._number += 1
            self.state.apply(event)
        self.tell(event)
        await self.wake()
        if cancelled is not None:
            raise cancelled

    def tell(self, event: E) -> None:
        """Tell the observers of something that need not be remembered; returns at once."""
        self._observers.tell(event)

    async def wait_until(self, predicate: Callable[[S], bool]) -> None:
        """Wait until the state is as it should be."""
        async with self._changed:
            await self._changed.wait_for(lambda: predicate(self.state))

    async def wake(self) -> None:
        """Let every `wait_until` look again, after something that is not an event."""
        async with self._changed:
            self._changed.notify_all()

    async def settle(self) -> None:
        """Wait a little until the observers have heard everything."""
        await self._observers.settle()
