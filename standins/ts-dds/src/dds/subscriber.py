# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Subscribers and data readers."""

from __future__ import annotations

__all__ = ["DataReader", "Subscriber"]

import ctypes
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Iterable
from typing import Any

from cyclonedds._clayer import ddspy_take

from ._cyclone import call, check, lib
from .conditions import QueryCondition, ReadCondition, note_pending
from .history import wait_for_history
from .kinds import DDSDurabilityKind, DDSDuration, DDSStateKind, SampleInfo
from .qos import Qos, c_qos
from .shared_participant import SharedParticipant
from .topic import Topic

_ANY_STATE = int(DDSStateKind.ANY_STATE)
_BATCH = 10_000
_LITTLE_ENDIAN = 1
"""Second byte of a sample in the usual form of plain CDR."""


class Subscriber:
    """Makes readers that share partitions.

    Parameters
    ----------
    handle : `int`
        Cyclone's handle.
    shared : `SharedParticipant`
        The participant of this process.
    """

    def __init__(self, handle: int, shared: SharedParticipant) -> None:
        self._handle = handle
        self.shared = shared
        self._readers: set[DataReader] = set()
        self._waiting = threading.Lock()
        # Readers for which history was waited for, and whether all of it came.
        self._complete: dict[DataReader, bool] = {}
        # salobj drops it without closing it; its readers hold it as long as they live.
        self._end = weakref.finalize(self, shared.inventory.end, handle)

    def create_datareader(self, topic: Topic, qos: Qos | None = None) -> DataReader:
        """Return a reader of a topic."""
        reader = DataReader(self, self._handle, topic, qos or topic.qos)
        self._readers.add(reader)
        return reader

    def wait_for_history(self, reader: DataReader, deadline: float) -> bool:
        """Wait until history has come to a reader, and to the others meanwhile.

        Parameters
        ----------
        reader : `DataReader`
            The reader that asks.
        deadline : `float`
            When to give up (s, of `time.monotonic`).
        """
        self.shared.inventory.announce()
        with self._waiting:
            if reader not in self._complete:
                waiting = [
                    one
                    for one in list(self._readers)
                    if one.wants_history and one not in self._complete
                ]
                self._complete.update(wait_for_history(waiting, self.shared.discovery, deadline))
            return self._complete.get(reader, False)

    def close(self) -> None:
        """Close the subscriber and its readers; may be called again."""
        for reader in list(self._readers):
            reader.close()
        self._end()

    def forget(self, reader: DataReader) -> None:
        """Let go of a reader that is closed."""
        self._readers.discard(reader)
        self._complete.pop(reader, None)


class DataReader:
    """Reads samples of one topic.

    Parameters
    ----------
    subscriber : `Subscriber`
        The subscriber that it belongs to.
    parent : `int`
        Cyclone's handle of the subscriber.
    topic : `Topic`
        The topic.
    qos : `Qos`
        Policies.
    """

    def __init__(self, subscriber: Subscriber, parent: int, topic: Topic, qos: Qos) -> None:
        self._subscriber = subscriber
        self._parent = parent
        self.topic = topic
        self.qos = qos
        subscriber.shared.announce_endpoints()
        with c_qos(qos) as pointer:
            self.handle = call("dds_create_reader", parent, topic.handle, pointer, None)
        subscriber.shared.inventory.add_reader(parent)
        self.wants_history = qos.durability.kind != DDSDurabilityKind.VOLATILE
        self._lock = threading.Lock()
        self._conditions: list[ReadCondition] = []
        # Samples that were fetched from Cyclone while waiting for history.
        self._pending: deque[tuple[bytes, Any]] = deque()
        # How many samples have come from each writer.
        self.received: Counter[int] = Counter()

    def create_readcondition(self, mask: Iterable[DDSStateKind]) -> ReadCondition:
        """Return a condition on samples in certain states."""
        return ReadCondition(self, mask)

    def create_querycondition(
        self, mask: Iterable[DDSStateKind], expression: str
    ) -> QueryCondition:
        """Return a condition that gives out only what a query accepts."""
        return QueryCondition(self, mask, expression)

    def add_condition(self, condition: ReadCondition) -> None:
        """Remember a condition that ends with this reader."""
        self._conditions.append(condition)

    def has_pending(self) -> bool:
        """Return whether samples wait here that Cyclone no longer holds."""
        return bool(self._pending)

    def take(self, n: int = 1, mask: Iterable[DDSStateKind] = ()) -> list[tuple[Any, SampleInfo]]:
        """Take at most ``n`` samples of any state."""
        del mask
        return self._take(n, None)

    def take_cond(self, condition: ReadCondition, n: int) -> list[tuple[Any, SampleInfo]]:
        """Take at most ``n`` samples.

        Samples that the query of the condition does not accept are taken and dropped. News
        of instances without data, as when a writer has closed, is dropped as well.

        Parameters
        ----------
        condition : `ReadCondition`
            What to take.
        n : `int`
            How many at most.

        Returns
        -------
        samples : `list` [`tuple`]
            Pairs of data and `SampleInfo`, oldest first.

        Raises
        ------
        DDSException
            If Cyclone refuses. A closed reader has nothing to give and returns none.
        """
        return self._take(n, condition)

    def _take(self, n: int, condition: ReadCondition | None) -> list[tuple[Any, SampleInfo]]:
        with self._lock:
            if not self.handle:
                return []
            if self._pending:
                taken = [self._pending.popleft() for _ in range(min(n, len(self._pending)))]
                if not self._pending:
                    note_pending(self, pending=False)
                if len(taken) < n:
                    taken += self._fetch(n - len(taken))
            else:
                taken = self._fetch(n)
        now = time.time_ns()
        query = None if condition is None else condition.query
        prefix = None if condition is None else condition.prefix
        decode = self.topic.codec.decode
        data_class = self.topic.data_class
        samples = []
        for data, info in taken:
            if prefix is not None and data[4:8] != prefix and data[1] == _LITTLE_ENDIAN:
                continue
            values = decode(data)
            if query is not None and not query.accepts(values):
                continue
            sample: Any = object.__new__(data_class)
            sample.__dict__ = values
            samples.append((sample, _sample_info(info, now)))
        return samples

    def _fetch(self, n: int) -> list[tuple[bytes, Any]]:
        fetched = ddspy_take(self.handle, _ANY_STATE, n)
        if isinstance(fetched, int):
            check(fetched, f"cannot take samples of {self.topic.name}")
            return []
        samples = [(data, info) for data, info in fetched if info.valid_data]
        if self.wants_history:
            self.received.update(info.publication_handle for _, info in samples)
        return samples

    def wait_for_historical_data(self, timeout: DDSDuration) -> bool:
        """Wait until the samples that were written before have come.

        Parameters
        ----------
        timeout : `DDSDuration`
            How long to wait at most.

        Returns
        -------
        complete : `bool`
            True when every writer that had something to give has given it, which is at once
            where there is none; False after the timeout, or when the reader is closed.
        """
        if not self.wants_history:
            return True
        return self._subscriber.wait_for_history(
            self, time.monotonic() + timeout.to_nanoseconds() * 1e-9
        )

    def announce(self) -> None:
        """Let other processes discover that this one listens."""
        self._subscriber.shared.inventory.announce()

    def collect(self) -> bool:
        """Fetch what has come, to be taken later; return whether there was something."""
        with self._lock:
            fetched = self._fetch(_BATCH) if self.handle else []
            self._pending += fetched
            if fetched:
                note_pending(self, pending=True)
        return bool(fetched)

    def matched(self) -> set[int]:
        """Return the publication handles of the writers that this reader hears."""
        room = 64
        while True:
            handles = (ctypes.c_uint64 * room)()
            with self._lock:
                if not self.handle:
                    return set()
                count = call("dds_get_matched_publications", self.handle, handles, room)
            if count <= room:
                return set(handles[:count])
            room = count

    def close(self) -> None:
        """Close the reader; wakes threads that wait for it; may be called again."""
        with self._lock:
            handle, self.handle = self.handle, 0
            self._pending.clear()
            note_pending(self, pending=False)
        for condition in self._conditions:
            condition.forget()
        self._conditions.clear()
        self._subscriber.forget(self)
        if handle:
            self._subscriber.shared.inventory.drop_reader(self._parent)
            lib.dds_delete(handle)


def _sample_info(info: Any, now: int) -> SampleInfo:
    return SampleInfo(
        info.valid_data,
        info.sample_state,
        info.view_state,
        info.instance_state,
        info.source_timestamp,
        now,
        info.instance_handle,
        info.publication_handle,
    )
