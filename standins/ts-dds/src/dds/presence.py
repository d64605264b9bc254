# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What this process tells others of itself, so that they know when they have heard all of it."""

from __future__ import annotations

__all__ = ["Presence"]

import threading
from collections import Counter
from collections.abc import Callable

from ._cyclone import call, lib
from .announcements import Announced, presence_words
from .qos import Qos, c_qos


class Presence:
    """A writer that never writes; its user data tell what else this process has.

    Announcements of readers and writers reach others in no certain order: what was announced
    before two processes met is sent again, and what is announced meanwhile may come first. So the
    presence counts. Whoever has heard of as many has heard of all.

    Parameters
    ----------
    participant : `int`
        Cyclone's handle of the participant.
    make_topic : callable
        Returns Cyclone's handle of the presence's topic.
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
        self._announcements = 0
        self._writer = 0
        self._has_news = self._has_new_readers = False

    def add_reader(self, subscriber: int) -> None:
        """Count a reader that was made, to be announced by `speak`."""
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
        """Note that there is somebody to be met, even if it has nothing to hear with."""
        self._has_news = True

    def add_sample(self, publisher: int) -> None:
        """Count a sample that is kept for readers that come late, and announce it."""
        with self._lock:
            self._samples[publisher] += 1
            self._has_news = True
            self.speak()

    def drop_samples(self, publisher: int, number: int) -> None:
        """Announce that there are fewer samples for readers that come late."""
        with self._lock:
            if number and self._samples[publisher]:
                self._samples[publisher] -= number
                self._retract()

    def end(self, parent: int) -> None:
        """End a subscriber or publisher; what it still had is retracted by the next `speak`."""
        with self._lock:
            readers, samples = self._readers.pop(parent, 0), self._samples.pop(parent, 0)
            self._has_news |= bool(readers or samples)
        lib.dds_delete(parent)

    def _retract(self) -> None:
        """Announce at once: others would wait for what is no longer there."""
        self._has_news = True
        if self._writer:
            self.speak()

    def speak(self) -> bool:
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
            self._announcements += 1
            announced = Announced(self._announcements, self._readers.total(), self._samples.total())
            words = presence_words(announced)
            if self._writer:
                with c_qos(None, user_data=words) as pointer:
                    lib.dds_set_qos(self._writer, pointer)
            else:
                topic = self._make_topic()
                with c_qos(Qos(), user_data=words) as pointer:
                    self._writer = call(
                        "dds_create_writer", self._participant, topic, pointer, None
                    )
            return has_readers
