# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this process announces of itself, so that others know when they have discovered it all."""

from __future__ import annotations

__all__ = ["Inventory"]

import threading
from collections import Counter
from collections.abc import Callable

from ._cyclone import call, lib
from .qos import Qos, c_qos
from .user_data import InventoryCounts


class Inventory:
    """How many readers and kept samples this process has, announced to all others.

    Discovery announces endpoints (readers and writers) one by one, in no certain order, and never
    says how many there are: what was announced before two processes met is sent again, and what
    is announced meanwhile may come first. Whoever has discovered as many as the inventory says
    has discovered all. DDS has no term for this; liveliness, which it has, only tells that
    somebody is there.

    The counts are the user data of a writer that never writes.

    Parameters
    ----------
    participant : `int`
        Cyclone's handle of the participant.
    make_topic : callable
        Returns Cyclone's handle of the topic of the inventory's writer.
    lock : `threading.RLock`
        The one that ``make_topic`` takes. A thread may take it twice: the collector of garbage
        may end a subscriber at any time.
    """

    def __init__(
        self, participant: int, make_topic: Callable[[], int], lock: threading.RLock
    ) -> None:
        self._participant = participant
        self._make_topic = make_topic
        self._lock = lock
        # By subscriber and publisher, which end with their readers and writers.
        self._readers: Counter[int] = Counter()
        self._samples: Counter[int] = Counter()
        self._revision = 0
        self._writer = 0
        self._has_news = self._has_new_readers = False

    def add_reader(self, subscriber: int) -> None:
        """Count a reader that was made, to be announced by `announce`."""
        with self._lock:
            self._readers[subscriber] += 1
            self._has_news = self._has_new_readers = True

    def drop_reader(self, subscriber: int) -> None:
        """Announce that there is one reader less, before it ends."""
        with self._lock:
            if self._readers[subscriber]:
                self._readers[subscriber] -= 1
                self._retract()

    def add_writer(self) -> None:
        """Note that there is an endpoint, even if there is nothing to count."""
        self._has_news = True

    def add_sample(self, publisher: int) -> None:
        """Count a sample that is kept for late joiners, and announce it."""
        with self._lock:
            self._samples[publisher] += 1
            self._has_news = True
            self.announce()

    def drop_samples(self, publisher: int, number: int) -> None:
        """Announce that there are fewer samples for late joiners."""
        with self._lock:
            if number and self._samples[publisher]:
                self._samples[publisher] -= number
                self._retract()

    def end(self, parent: int) -> None:
        """End a subscriber or publisher; the next `announce` retracts what it still had."""
        with self._lock:
            readers, samples = self._readers.pop(parent, 0), self._samples.pop(parent, 0)
            self._has_news |= bool(readers or samples)
        lib.dds_delete(parent)

    def _retract(self) -> None:
        """Announce at once: others would wait for what is no longer there."""
        self._has_news = True
        if self._writer:
            self.announce()

    def announce(self) -> bool:
        """Announce what there is, if there is anything new.

        Returns
        -------
        has_readers : `bool`
            Were there new readers?
        """
        if not self._has_news:
            return False
        with self._lock:
            has_readers, self._has_news, self._has_new_readers = self._has_new_readers, False, False
            self._revision += 1
            counts = InventoryCounts(self._revision, self._readers.total(), self._samples.total())
            user_data = counts.to_user_data()
            if self._writer:
                with c_qos(None, user_data=user_data) as pointer:
                    lib.dds_set_qos(self._writer, pointer)
            else:
                topic = self._make_topic()
                with c_qos(Qos(), user_data=user_data) as pointer:
                    self._writer = call(
                        "dds_create_writer", self._participant, topic, pointer, None
                    )
            return has_readers
