# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain participant, from which everything else is made."""

from __future__ import annotations

__all__ = ["DomainParticipant"]

import weakref
from typing import Any

from ._cyclone import call
from .errors import DDSException
from .publisher import Publisher
from .qos import Qos, c_qos
from .shared_participant import SharedParticipant
from .subscriber import Subscriber
from .topic import Topic


class DomainParticipant:
    """A way into the domain; everything that is made through it ends with it.

    Parameters
    ----------
    qos : `Qos`, optional
        Policies; none of them matters to Cyclone.
    """

    def __init__(self, qos: Qos | None = None) -> None:
        self.qos = qos or Qos()
        self._shared: SharedParticipant | None = SharedParticipant.acquire()
        self._children: weakref.WeakSet[Publisher | Subscriber] = weakref.WeakSet()

    @property
    def shared(self) -> SharedParticipant:
        """The participant of this process.

        Raises
        ------
        DDSException
            If this one is closed.
        """
        if self._shared is None:
            raise DDSException("the domain participant is closed")
        return self._shared

    def create_topic(
        self, name: str, cyclone_type: Any, codec: Any, data_class: type, qos: Qos
    ) -> Topic:
        """Return a topic; `ddsutil` calls this."""
        handle = self.shared.topic_handle(name, cyclone_type, qos)
        return Topic(name, handle, codec, data_class, qos)

    def create_publisher(self, qos: Qos | None = None) -> Publisher:
        """Return a publisher in the partitions of ``qos``."""
        with c_qos(qos) as pointer:
            handle = call("dds_create_publisher", self.shared.handle, pointer, None)
        publisher = Publisher(handle, self.shared)
        self._children.add(publisher)
        return publisher

    def create_subscriber(self, qos: Qos | None = None) -> Subscriber:
        """Return a subscriber to the partitions of ``qos``."""
        with c_qos(qos) as pointer:
            handle = call("dds_create_subscriber", self.shared.handle, pointer, None)
        subscriber = Subscriber(handle, self.shared)
        self._children.add(subscriber)
        return subscriber

    def close(self) -> None:
        """Close what was made through this participant; may be called again."""
        shared, self._shared = self._shared, None
        if shared is None:
            return
        for child in list(self._children):
            child.close()
        self._children.clear()
        shared.release()
