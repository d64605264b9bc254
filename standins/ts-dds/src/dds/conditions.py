# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conditions, and the set that a thread waits on."""

from __future__ import annotations

__all__ = ["Condition", "GuardCondition", "QueryCondition", "ReadCondition", "WaitSet"]

import ctypes
import threading
import weakref
from collections.abc import Iterable
from typing import Protocol

from ._cyclone import LIBRARY_HANDLE, call, check, lib
from .errors import DDSException
from .kinds import DDSDuration, DDSStateKind, state_mask
from .query import Query
from .topic import Topic

_MOST_CONDITIONS = 32
"""How many conditions a wait returns at most; the next wait returns the others."""
_FoundConditions = ctypes.c_ssize_t * _MOST_CONDITIONS


class ConditionedReader(Protocol):
    """What conditions must know of the reader that they are about."""

    handle: int
    """Cyclone's handle."""
    topic: Topic
    """What it reads."""

    def add_condition(self, condition: ReadCondition) -> None:
        """Remember a condition that ends with the reader."""

    def has_pending(self) -> bool:
        """Return whether samples wait in the reader that Cyclone no longer holds."""

    def announce(self) -> None:
        """Let other processes discover that this one listens."""


_readers_with_pending: set[ConditionedReader] = set()
"""Readers that hold samples of which Cyclone no longer knows."""


class Condition:
    """Something that a thread can wait for.

    Parameters
    ----------
    handle : `int`
        Cyclone's handle of the condition.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._waitsets: weakref.WeakSet[WaitSet] = weakref.WeakSet()

    def triggered(self) -> bool:
        """Return whether waiting for this condition would end at once."""
        return bool(self._handle) and lib.dds_triggered(self._handle) > 0

    def _ready(self) -> bool:
        """Is there something to take that Cyclone no longer knows of?"""
        return False

    def _wake(self) -> None:
        for waitset in list(self._waitsets):
            waitset.wake()


class GuardCondition(Condition):
    """A condition that the program itself triggers."""

    def __init__(self) -> None:
        handle = call("dds_create_guardcondition", LIBRARY_HANDLE)
        super().__init__(handle)
        weakref.finalize(self, lib.dds_delete, handle)

    def trigger(self) -> None:
        """Wake every thread that waits for this condition."""
        call("dds_set_guardcondition", self._handle, True)

    def reset(self) -> None:
        """Wait again, until the next `trigger`."""
        call("dds_set_guardcondition", self._handle, False)


def note_pending(reader: ConditionedReader, *, pending: bool) -> None:
    """Tell waits whether a reader holds samples of which Cyclone no longer knows."""
    (_readers_with_pending.add if pending else _readers_with_pending.discard)(reader)


class ReadCondition(Condition):
    """There are samples in certain states to be taken from a reader.

    Parameters
    ----------
    reader : `ConditionedReader`
        The reader.
    mask : iterable of `DDSStateKind`
        States of samples, views and instances.
    """

    def __init__(self, reader: ConditionedReader, mask: Iterable[DDSStateKind]) -> None:
        self.mask = state_mask(mask)
        super().__init__(call("dds_create_readcondition", reader.handle, self.mask))
        self.reader = reader
        reader.add_condition(self)

    query: Query | None = None
    """What samples must fulfil; `None` if there is no query."""
    prefix: bytes | None = None
    """Their first four bytes, if the query fixes them."""

    def triggered(self) -> bool:
        """Return whether there is something to take."""
        return self._ready() or super().triggered()

    def _ready(self) -> bool:
        return self.reader.has_pending()

    def forget(self) -> None:
        """End the condition together with its reader."""
        self._handle = 0
        self._wake()


class QueryCondition(ReadCondition):
    """There are samples, and only those that a query accepts are given out.

    Parameters
    ----------
    reader : `ConditionedReader`
        The reader.
    mask : iterable of `DDSStateKind`
        States of samples, views and instances.
    expression : `str`
        See `Query`.

    Raises
    ------
    DDSException
        If the expression cannot be understood or names an unknown field.
    """

    def __init__(
        self, reader: ConditionedReader, mask: Iterable[DDSStateKind], expression: str
    ) -> None:
        query = Query(expression)
        known = {field.name for field in reader.topic.codec.structure.fields}
        for name in query.fields:
            if name not in known:
                raise DDSException(f"{reader.topic.name} has no field {name!r} to query")
        super().__init__(reader, mask)
        self.query = query
        # The index of a component is the first field: others need not be decoded.
        first = reader.topic.codec.structure.fields[0]
        value = query.equal_to(first.name)
        if first.type_name in ("long", "int") and isinstance(value, int) and abs(value) < 1 << 31:
            self.prefix = value.to_bytes(4, "little", signed=True)


class WaitSet:
    """Conditions that one thread waits on together."""

    def __init__(self) -> None:
        self._handle = call("dds_create_waitset", LIBRARY_HANDLE)
        self._wake_guard = call("dds_create_guardcondition", LIBRARY_HANDLE)
        call("dds_waitset_attach", self._handle, self._wake_guard, 0)
        self._conditions: dict[int, Condition] = {}
        self._unannounced: list[ConditionedReader] = []
        self._lock = threading.Lock()
        self._next_id = 1
        weakref.finalize(self, _delete, self._handle, self._wake_guard)

    def attach(self, condition: Condition) -> None:
        """Add a condition.

        Raises
        ------
        DDSException
            If the condition is closed.
        """
        with self._lock:
            if condition in self._conditions.values():
                return
            call("dds_waitset_attach", self._handle, condition._handle, self._next_id)
            self._conditions[self._next_id] = condition
            self._next_id += 1
        condition._waitsets.add(self)
        if isinstance(condition, ReadCondition):
            self._unannounced.append(condition.reader)

    def detach(self, condition: Condition) -> None:
        """Remove a condition; one whose reader is closed is just forgotten."""
        with self._lock:
            for number, attached in self._conditions.items():
                if attached is condition:
                    del self._conditions[number]
                    break
            else:
                return
            if condition._handle:
                lib.dds_waitset_detach(self._handle, condition._handle)
        condition._waitsets.discard(self)
        # A thread that was about to see that the condition is triggered must not sleep on:
        # salobj triggers its guard, detaches it, and then waits for the thread.
        self.wake()

    def get_conditions(self) -> list[Condition]:
        """Return the conditions that are attached."""
        with self._lock:
            return list(self._conditions.values())

    def wake(self) -> None:
        """End a wait that is under way in another thread."""
        lib.dds_set_guardcondition(self._wake_guard, True)

    def wait(self, timeout: DDSDuration | None = None) -> list[Condition]:
        """Wait until a condition is triggered.

        Parameters
        ----------
        timeout : `DDSDuration`, optional
            How long to wait at most.

        Returns
        -------
        conditions : `list` [`Condition`]
            Those that are triggered. Empty after the timeout, and when something that was
            attached has been closed meanwhile.
        """
        while self._unannounced:
            self._unannounced.pop().announce()
        limit = (timeout or DDSDuration.infinity()).to_nanoseconds()
        if _readers_with_pending:
            with self._lock:
                conditions = self._conditions.values()
                ready = [condition for condition in conditions if condition._ready()]
            if ready:
                return ready
        found = _FoundConditions()
        count = check(
            lib.dds_waitset_wait(self._handle, found, _MOST_CONDITIONS, limit), "cannot wait"
        )
        numbers = found[: min(count, _MOST_CONDITIONS)]
        if 0 in numbers:
            lib.dds_set_guardcondition(self._wake_guard, False)
        with self._lock:
            return [self._conditions[number] for number in numbers if number in self._conditions]


def _delete(*handles: int) -> None:
    for handle in handles:
        lib.dds_delete(handle)
