# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Publishers and data writers."""

from __future__ import annotations

__all__ = ["DataWriter", "Publisher"]

import threading
import weakref
from typing import Any

from cyclonedds._clayer import ddspy_write

from ._cyclone import call, check, lib
from .errors import DDSException
from .kinds import DDSDurabilityKind, DDSHistoryKind
from .qos import Qos, c_qos
from .shared_participant import SharedParticipant
from .topic import Topic

_MOST_COUNTED = 1000
"""Up to how many kept samples a writer announces each."""


class Publisher:
    """Makes writers that share partitions.

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
        self._writers: set[DataWriter] = set()
        # salobj drops it without closing it; its writers hold it as long as they live.
        self._end = weakref.finalize(self, shared.inventory.end, handle)

    def create_datawriter(self, topic: Topic, qos: Qos | None = None) -> DataWriter:
        """Return a writer of a topic."""
        writer = DataWriter(self, self._handle, topic, qos or topic.qos)
        self._writers.add(writer)
        return writer

    def close(self) -> None:
        """Close the publisher and its writers; may be called again."""
        for writer in list(self._writers):
            writer.close()
        self._end()

    def forget(self, writer: DataWriter) -> None:
        """Let go of a writer that is closed."""
        self._writers.discard(writer)


class DataWriter:
    """Writes samples of one topic.

    Parameters
    ----------
    publisher : `Publisher`
        The publisher that it belongs to.
    parent : `int`
        Cyclone's handle of the publisher.
    topic : `Topic`
        The topic.
    qos : `Qos`
        Policies.
    """

    def __init__(self, publisher: Publisher, parent: int, topic: Topic, qos: Qos) -> None:
        self._publisher = publisher
        self._parent = parent
        self._volatile = qos.durability.kind == DDSDurabilityKind.VOLATILE
        service = qos.durability_service
        keep_all = service.history_kind == DDSHistoryKind.KEEP_ALL
        self._depth = _MOST_COUNTED if keep_all else service.history_depth
        # How many samples of each instance are kept for late joiners.
        self._kept: dict[tuple[Any, ...], int] = {}
        self._samples = 0
        self.topic = topic
        self.qos = qos
        publisher.shared.announce_endpoints()
        with c_qos(qos) as pointer:
            self._handle = call("dds_create_writer", parent, topic.handle, pointer, None)
        publisher.shared.inventory.add_writer()
        self._lock = threading.Lock()

    def write(self, sample: Any) -> None:
        """Write a sample.

        Parameters
        ----------
        sample : instance of the topic's class
            What to write.

        Raises
        ------
        TypeError
            If the sample is of another class, if a scalar is given for an array, or
            something else for a string.
        IndexError
            If an array has the wrong length.
        struct.error
            If a number is of the wrong type or out of range, or a string is too long.
        DDSException
            If the writer is closed or Cyclone refuses.
        """
        if not isinstance(sample, self.topic.data_class):
            raise TypeError(f"{sample!r} is not a sample of {self.topic.name}")
        values = vars(sample)
        data = self.topic.codec.encode(values)
        with self._lock:
            if not self._handle:
                raise DDSException(f"the writer of {self.topic.name} is closed")
            if self._volatile:
                self._publisher.shared.before_writing()
            else:
                self._keep(values)
            check(ddspy_write(self._handle, data), f"cannot write {self.topic.name}")

    def _keep(self, values: dict[str, Any]) -> None:
        """Count a sample that is kept for late joiners, and tell them."""
        key = tuple(values[name] for name in self.topic.codec.structure.keys)
        kept = self._kept.get(key, 0)
        if kept < self._depth and self._samples < _MOST_COUNTED:
            self._kept[key] = kept + 1
            self._samples += 1
            shared = self._publisher.shared
            shared.announce_history(self._parent, self._handle, self._samples)

    def close(self) -> None:
        """Close the writer; may be called again."""
        with self._lock:
            handle, self._handle = self._handle, 0
        self._publisher.forget(self)
        if handle:
            self._publisher.shared.inventory.drop_samples(self._parent, self._samples)
            lib.dds_delete(handle)
