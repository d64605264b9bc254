# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Discovery: who takes part in the domain, and whether all that they have is known.

Cyclone's writers give their last samples to late joiners, but nothing in Cyclone says when all
of them have come, least of all that there are none. And a command that is written before its
reader has been discovered is lost, although an event of the same process may have come already.
So processes announce more than DDS asks for, in `user_data`:

* A participant says at which port it listens. The kernel knows the ports that are open, so a
  process knows whether it has discovered everybody.
* A writer says how many samples it has for late joiners.
* An `Inventory` says how many readers a process has and how many samples for late joiners.
  Announcements arrive in no certain order, so only counting tells whether all have come.

What others have sent lies in the discovery socket of this process at once. So nobody is known in
full before Cyclone has read the socket and has had a moment to work on what it read.

A participant without such user data, such as another program on Cyclone, is not waited for.
"""

from __future__ import annotations

__all__ = ["Discovery"]

import ctypes
import logging
import threading
import time
from typing import Any

from cyclonedds._clayer import ddspy_take_endpoint, ddspy_take_participant

from ._cyclone import LIBRARY_HANDLE, call, lib
from .discovered import DiscoveredEntity, DiscoveredParticipants
from .loopback import DiscoverySocket, discovery_ports

_log = logging.getLogger(__name__)
_PARTICIPANT_TOPIC = 0x7FFF0001
_PUBLICATION_TOPIC = 0x7FFF0003
_SUBSCRIPTION_TOPIC = 0x7FFF0004
_NOT_READ = 2 | 12 | 112
_ALIVE = 16
_BATCH = 10_000
_STRAGGLERS = 4.0
"""How long a participant that is there may keep silent before it is no longer waited for (s)."""
_LONGEST_HOLD = 5.0
"""How long a sample is held back for somebody who is just being discovered (s).

Half of the time after which one who has died without a word is given up by Cyclone; 1.2 s were
seen on two busy cores.
"""
_WORTH_A_LINE = 0.5
"""How long a sample is held back before the log tells of it (s)."""
_PAUSE = 0.001
_MOMENT = 5
"""For how many pauses nothing must be heard after Cyclone has read all that was sent."""
_QUIET = 0.2
"""How long to listen where the kernel does not tell who is there (s)."""


def _user_data(pointer: Any) -> bytes:
    value, size = ctypes.c_void_p(), ctypes.c_size_t()
    if not lib.dds_qget_userdata(pointer, ctypes.byref(value), ctypes.byref(size)):
        return b""
    user_data = ctypes.string_at(value.value, size.value) if value.value else b""
    if value.value:
        lib.dds_free(value)
    return user_data


def _participant(guid: bytes, user_data: bytes, info: Any) -> DiscoveredEntity:
    return DiscoveredEntity(
        guid, guid, user_data, info.instance_state == _ALIVE, info.instance_handle
    )


def _endpoint(guid: bytes, participant: bytes, _handle: int, _topic: str, _type: str,
              user_data: bytes, info: Any, _type_id: bytes | None) -> DiscoveredEntity:  # fmt: skip
    return DiscoveredEntity(
        guid, participant, user_data, info.instance_state == _ALIVE, info.instance_handle
    )


class Discovery:
    """Participants, writers and readers that this process has discovered.

    Parameters
    ----------
    participant : `int`
        Cyclone's handle of the participant.
    domain : `int`
        The DDS domain.
    socket : `DiscoverySocket`
        Where this process hears of others.
    """

    def __init__(self, participant: int, domain: int, socket: DiscoverySocket) -> None:
        self._domain = domain
        self._socket = socket
        self._lock = threading.Lock()
        self._news = call("dds_create_waitset", LIBRARY_HANDLE)
        self._participants_reader = self._read_builtin_topic(participant, _PARTICIPANT_TOPIC)
        self._writers_reader = self._read_builtin_topic(participant, _PUBLICATION_TOPIC)
        self._readers_reader = self._read_builtin_topic(participant, _SUBSCRIPTION_TOPIC)
        self._born = time.monotonic()
        self._discovered = DiscoveredParticipants()
        self._silent_ports: set[int] = set()
        self._silent: set[bytes] = set()
        self._complete = False

    def _read_builtin_topic(self, participant: int, topic: int) -> int:
        reader = call("dds_create_reader", participant, topic, None, None)
        condition = call("dds_create_readcondition", reader, _NOT_READ)
        call("dds_waitset_attach", self._news, condition, 0)
        return reader

    def close(self) -> None:
        """End what does not end with the participant."""
        lib.dds_delete(self._news)

    def _update(self) -> None:
        participants = ddspy_take_participant(
            self._participants_reader, _BATCH, _participant, _user_data
        )
        writers = ddspy_take_endpoint(self._writers_reader, _BATCH, _endpoint, _user_data)
        readers = ddspy_take_endpoint(self._readers_reader, _BATCH, _endpoint, _user_data)
        if isinstance(participants, int) or isinstance(writers, int) or isinstance(readers, int):
            return  # closed meanwhile
        if participants or writers or readers:
            # Whoever took it here, `wait_before_writing` must not miss that there was news.
            self._complete = False
        for entity in participants:
            self._discovered.note_participant(entity)
        for entity in writers:
            self._discovered.note_writer(entity)
        for entity in readers:
            self._discovered.note_reader(entity)

    def writers_with_history(self) -> dict[int, int]:
        """Return how many samples writers have to give, by publication handle."""
        with self._lock:
            self._update()
            return {one.handle: one.samples for one in self._discovered.histories.values()}

    def _missing(self) -> set[int]:
        """Return the ports of participants that are there and not yet known in full."""
        known, others = self._discovered.ports()
        missing = discovery_ports(self._domain) - known
        return missing if len(missing) > others else set()

    def wait_until_complete(self, deadline: float) -> bool:
        """Wait until everybody who is there is known.

        Parameters
        ----------
        deadline : `float`
            When to give up (s, of `time.monotonic`).

        Returns
        -------
        complete : `bool`
            False if the deadline came first. Somebody who keeps silent for some seconds is not
            waited for again.
        """
        stragglers = time.monotonic() + _STRAGGLERS
        quiet = 0
        while True:
            quiet = 0 if self._has_news() else quiet + 1
            with self._lock:
                self._update()
                missing = self._missing() - self._silent_ports
            now = time.monotonic()
            told = discovery_ports(self._domain) or now > self._born + _QUIET
            if not missing and told and quiet > _MOMENT:
                return True
            if now > deadline:
                return False
            if now > stragglers:
                with self._lock:
                    self._silent_ports |= missing
            time.sleep(_PAUSE)

    def _give_up(self, incomplete: set[bytes]) -> None:
        """Wait no longer for some, and say so: what is written now may not reach them."""
        for guid in incomplete:
            _log.warning(
                "Participant %s has not said in %g s all that it has (%s); it may not hear what "
                "this process writes.",
                guid.hex(), _LONGEST_HOLD, self._discovered.describe(guid),
            )  # fmt: skip
        self._silent |= incomplete

    def _has_news(self) -> bool:
        """Return whether something was sent to this process that is not known here yet."""
        found = ctypes.c_ssize_t()
        return (
            self._socket.has_unread()
            or lib.dds_waitset_wait(self._news, ctypes.byref(found), 1, 0) != 0
        )

    def wait_before_writing(self) -> None:
        """Hold a sample back until those who are just being discovered can hear it.

        Only for samples that late joiners do not get. It costs microseconds when
        nobody is new.
        """
        if self._complete and not self._has_news():
            return
        begin = time.monotonic()
        limit = begin + _LONGEST_HOLD
        quiet = 0
        while True:
            quiet = 0 if self._has_news() else quiet + 1
            with self._lock:
                self._update()
                incomplete = self._discovered.incomplete() - self._silent
                self._complete = not incomplete and quiet > _MOMENT
                if not self._complete and time.monotonic() > limit:
                    self._give_up(incomplete)
                    self._complete = True
            if self._complete:
                held = time.monotonic() - begin
                if held > _WORTH_A_LINE:
                    _log.info("A sample was held back for %.1f s for those who came.", held)
                return
            time.sleep(_PAUSE)
