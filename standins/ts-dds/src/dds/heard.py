# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was heard of other processes, in whatever order it came; see `census`."""

from __future__ import annotations

__all__ = ["Giver", "Heard", "Seen"]

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from .announcements import HISTORY, PARTICIPANT, PRESENCE, Announced


@dataclass(frozen=True, slots=True)
class Seen:
    """Somebody who was announced."""

    key: bytes
    """Globally unique id."""
    participant: bytes
    """Id of the participant that it belongs to."""
    words: bytes
    """User data."""
    alive: bool
    """Is it still there?"""
    handle: int
    """Cyclone's handle for it, the publication handle of the samples of a writer."""


class Giver(NamedTuple):
    """A writer that has samples for readers that come late."""

    participant: bytes
    """Id of the participant that it belongs to."""
    handle: int
    """Cyclone's publication handle."""
    samples: int
    """How many."""


class Heard:
    """Participants that were heard of, and what each has."""

    def __init__(self) -> None:
        self.participants: dict[bytes, Seen] = {}
        self.givers: dict[bytes, Giver] = {}
        # By participant: what its presence says, and what of it was heard: readers, and samples
        # of writers.
        self._wanted: dict[bytes, Announced] = {}
        self._readers: dict[bytes, set[bytes]] = {}
        self._samples: Counter[bytes] = Counter()
        # Those of whom a reader or writer was heard, whatever they have said of themselves: what
        # a participant says of itself may be lost or come late, its readers and writers are not.
        self._speakers: set[bytes] = set()

    def note_participant(self, seen: Seen) -> None:
        """Note that a participant has come, has said something else, or has gone."""
        if seen.alive:
            self.participants[seen.key] = seen
            return
        for known in (self.participants, self._wanted, self._readers):
            known.pop(seen.key, None)
        self._speakers.discard(seen.key)

    def note_writer(self, seen: Seen) -> None:
        """Note the same of a writer."""
        if not seen.alive or seen.words.startswith(HISTORY):
            self._forget_samples(seen.key)
        if not seen.alive:
            return
        self._speakers.add(seen.participant)
        if seen.words.startswith(HISTORY):
            samples = int(seen.words[len(HISTORY) :])
            self.givers[seen.key] = Giver(seen.participant, seen.handle, samples)
            self._samples[seen.participant] += samples
        elif seen.words.startswith(PRESENCE):
            announced = Announced.from_words(seen.words)
            known = self._wanted.get(seen.participant, announced)
            self._wanted[seen.participant] = max(announced, known)

    def _forget_samples(self, writer: bytes) -> None:
        giver = self.givers.pop(writer, None)
        if giver is not None:
            self._samples[giver.participant] -= giver.samples
            if not self._samples[giver.participant]:
                del self._samples[giver.participant]

    def note_reader(self, seen: Seen) -> None:
        """Note the same of a reader."""
        readers = self._readers.setdefault(seen.participant, set())
        if seen.alive:
            self._speakers.add(seen.participant)
            readers.add(seen.key)
            return
        readers.discard(seen.key)
        if not readers:
            del self._readers[seen.participant]

    def is_met(self, participant: bytes) -> bool:
        """Return whether all that a participant has was heard of."""
        words = self.participants[participant].words
        if not words.startswith(PARTICIPANT):
            return True  # it does not know this language
        if words.endswith(b" 0") and participant not in self._speakers:
            return True  # it has nothing to say yet
        wanted = self._wanted.get(participant)
        return wanted is not None and (
            len(self._readers.get(participant, ())) >= wanted.readers
            and self._samples[participant] >= wanted.samples
        )

    def unmet(self) -> set[bytes]:
        """Return the ids of the participants of whom something is still to be heard."""
        return {key for key in self.participants if not self.is_met(key)}

    def ports(self) -> tuple[set[int], int]:
        """Return where those listen who are met, and how many there are who do not say."""
        known, strangers = set(), 0
        for key, seen in self.participants.items():
            if not seen.words.startswith(PARTICIPANT):
                strangers += 1
            elif self.is_met(key):
                known.add(int(seen.words[len(PARTICIPANT) :].split()[0]))
        return known, strangers

    def describe(self, participant: bytes) -> str:
        """Return what was heard of a participant, for the log."""
        return (
            f"{self.participants[participant].words!r}, "
            f"{len(self._readers.get(participant, ()))} readers and "
            f"{self._samples[participant]} samples of {self._wanted.get(participant)}"
        )
