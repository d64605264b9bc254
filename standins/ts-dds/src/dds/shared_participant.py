# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cyclone's one participant in a process, shared by all domain participants."""

from __future__ import annotations

__all__ = ["SharedParticipant"]

import atexit
import functools
import threading
import time
from typing import Any, ClassVar

from cyclonedds._clayer import ddspy_topic_create

from ._cyclone import check, lib
from .config import configuration, domain_id
from .discovery import Discovery
from .errors import DDSException
from .inventory import Inventory
from .loopback import DiscoverySocket, bind_to_loopback
from .qos import Qos, c_qos
from .structure import Field, Structure
from .typeobject import cyclone_type
from .user_data import participant_user_data, writer_user_data

_DISCOVERY_TIME = 0.005
"""How long others may take to discover new readers (s)."""


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
        with c_qos(None, user_data=participant_user_data(0, has_endpoints=False)) as pointer:
            self.handle = check(
                lib.dds_create_participant(number, pointer, None),
                f"cannot join DDS domain {number}; if many simulations run on this machine,"
                " give each its own $LSST_DDS_DOMAIN_ID",
            )
        if own is not None:
            bind_to_loopback(number)
        self._number = number
        self._socket = DiscoverySocket(number)
        self._has_endpoints = False
        self._announce()
        self._holders = 0
        self._topics: dict[str, tuple[int, Any]] = {}
        self.inventory = Inventory(self.handle, self._make_inventory_topic, self._lock)
        # A process that ends without a word would be expected back for ten seconds.
        atexit.register(self._leave)

    def _announce(self) -> None:
        user_data = participant_user_data(self._socket.port, has_endpoints=self._has_endpoints)
        with c_qos(None, user_data=user_data) as pointer:
            lib.dds_set_qos(self.handle, pointer)

    def _leave(self) -> None:
        discovery = self.__dict__.get("discovery")
        if discovery is not None:
            discovery.close()
        self._socket.close()
        lib.dds_delete(self.handle)
        if self._domain:
            lib.dds_delete(self._domain)

    @functools.cached_property
    def discovery(self) -> Discovery:
        """Everybody that this process has discovered."""
        return Discovery(self.handle, self._number, self._socket)

    def announce_endpoints(self) -> None:
        """Announce that there will be readers or writers, before the first is made."""
        if not self._has_endpoints:
            self._has_endpoints = True
            self._announce()

    def _make_inventory_topic(self) -> int:
        type_ = cyclone_type(Structure("ts_dds::inventory", (Field("unused", "octet"),)))
        return self.topic_handle("ts_dds_inventory", type_, Qos())

    def announce_history(self, publisher: int, writer: int, samples: int) -> None:
        """Tell everybody that a writer has one sample more, this many, for late joiners."""
        with self._lock:
            with c_qos(None, user_data=writer_user_data(samples)) as pointer:
                lib.dds_set_qos(writer, pointer)
            self.inventory.add_sample(publisher)

    def before_writing(self) -> None:
        """Let others discover this process and wait for those that are just being discovered."""
        if self.inventory.announce():
            # Announcements are worked on by a thread of their own: what is written at once may be
            # answered before it is known who listens for the answer.
            time.sleep(_DISCOVERY_TIME)
        self.discovery.wait_before_writing()

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
