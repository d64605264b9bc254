# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The domain participant: one Cyclone participant in a process, shared by all who open one."""

from __future__ import annotations

__all__ = ["DomainParticipant", "SharedParticipant"]

import atexit
import functools
import threading
import time
import weakref
from typing import Any, ClassVar

from cyclonedds._clayer import ddspy_topic_create

from ._cyclone import call, check, lib
from .announcements import history_words, participant_words
from .census import Census
from .config import configuration, domain_id
from .errors import DDSException
from .loopback import Inbox, bind_to_loopback
from .presence import Presence
from .publisher import Publisher
from .qos import Qos, c_qos
from .structure import Field, Structure
from .subscriber import Subscriber
from .topic import Topic
from .typeobject import cyclone_type

_HEARING = 0.005
"""How long others may take to hear of new readers (s)."""


class SharedParticipant:
    """Cyclone's participant of this process and the topics that it knows.

    Discovery costs every other process work for each participant, so there is one in a
    process, counted by those who hold it. It ends with the last of them.
    """

    _current: ClassVar[SharedParticipant | None] = None
    _lock: ClassVar[threading.RLock] = threading.RLock()

    def __init__(self) -> None:
        number = domain_id()
        # Told to Cyclone directly: the environment of this process is not ours to change.
        own = configuration()
        self._domain = 0 if own is None else max(0, lib.dds_create_domain(number, own.encode()))
        # The port is not known before the participant exists; 0 says that it will follow.
        with c_qos(None, user_data=participant_words(0, speaks=False)) as pointer:
            self.handle = check(
                lib.dds_create_participant(number, pointer, None),
                f"cannot join DDS domain {number}; if many simulations run on this machine,"
                " give each its own $LSST_DDS_DOMAIN_ID",
            )
        if own is not None:
            bind_to_loopback(number)
        self._number = number
        self._inbox = Inbox(number)
        self._speaks = False
        self._introduce()
        self._holders = 0
        self._topics: dict[str, tuple[int, Any]] = {}
        self.presence = Presence(self.handle, self._make_presence_topic, self._lock)
        # A process that ends without a word would be expected back for ten seconds.
        atexit.register(self._leave)

    def _introduce(self) -> None:
        words = participant_words(self._inbox.port, speaks=self._speaks)
        with c_qos(None, user_data=words) as pointer:
            lib.dds_set_qos(self.handle, pointer)

    def _leave(self) -> None:
        census = self.__dict__.get("census")
        if census is not None:
            census.close()
        self._inbox.close()
        lib.dds_delete(self.handle)
        if self._domain:
            lib.dds_delete(self._domain)

    @functools.cached_property
    def census(self) -> Census:
        """Everybody that this process has heard of."""
        return Census(self.handle, self._number, self._inbox)

    def note_endpoint(self) -> None:
        """Let others know that there will be somebody to meet, before the first is made."""
        if not self._speaks:
            self._speaks = True
            self._introduce()

    def _make_presence_topic(self) -> int:
        type_ = cyclone_type(Structure("ts_dds::presence", (Field("unused", "octet"),)))
        return self.topic_handle("ts_dds_presence", type_, Qos())

    def announce_history(self, publisher: int, writer: int, samples: int) -> None:
        """Tell everybody that a writer has one sample more, this many, for those who come late."""
        with self._lock:
            with c_qos(None, user_data=history_words(samples)) as pointer:
                lib.dds_set_qos(writer, pointer)
            self.presence.add_sample(publisher)

    def before_writing(self) -> None:
        """Let others know of this process and wait for those that are just being met."""
        if self.presence.speak():
            # Announcements are worked on by a thread of their own: what is written at once may be
            # answered before it is known who listens for the answer.
            time.sleep(_HEARING)
        self.census.wait_before_writing()

    @classmethod
    def acquire(cls) -> SharedParticipant:
        """Return the participant of this process; make it for the first who asks."""
        with cls._lock:
            if cls._current is None:
                cls._current = cls()
            cls._current._holders += 1
            return cls._current

    def release(self) -> None:
        """Let go; the last one closes it."""
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                SharedParticipant._current = None
                atexit.unregister(self._leave)
                self._leave()

    def topic_handle(self, name: str, cyclone_type: Any, qos: Qos) -> int:
        """Return Cyclone's topic of a name; make it when it is new.

        Raises
        ------
        DDSException
            If a topic of that name and another type exists.
        """
        with self._lock:
            known = self._topics.get(name)
            if known is not None:
                if known[1] is not cyclone_type:
                    raise DDSException(f"topic {name} exists already with another type")
                return known[0]
            with c_qos(qos) as pointer:
                handle = check(
                    ddspy_topic_create(self.handle, name, cyclone_type, pointer, None),
                    f"cannot make topic {name}",
                )
            self._topics[name] = (handle, cyclone_type)
            return handle


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
