# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What discovery has told of other processes, in whatever order it came; see `discovery`."""

from __future__ import annotations

__all__ = ["DiscoveredEntity", "DiscoveredParticipants", "WriterHistory"]

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from .user_data import HISTORY, INVENTORY, PARTICIPANT, InventoryCounts


@dataclass(frozen=True, slots=True)
class DiscoveredEntity:
    """A participant, a writer or a reader that discovery has told of."""

    guid: bytes
    """Globally unique id."""
    participant: bytes
    """Id of the participant that it belongs to."""
    user_data: bytes
    """User data; see `user_data`. Cyclone gives none (`None`) of what has gone."""
    alive: bool
    """Is it still there?"""
    handle: int
    """Cyclone's handle for it, the publication handle of the samples of a writer."""


class WriterHistory(NamedTuple):
    """How many samples a writer has for late joiners."""

    participant: bytes
    """Id of the participant that it belongs to."""
    handle: int
    """Cyclone's publication handle."""
    samples: int
    """How many."""


class DiscoveredParticipants:
    """Participants that were discovered, and what each has."""

    def __init__(self) -> None:
        self.participants: dict[bytes, DiscoveredEntity] = {}
        self.histories: dict[bytes, WriterHistory] = {}
        # By participant: what its inventory says, and what of it was discovered: readers, and
        # samples of writers.
        self._inventories: dict[bytes, InventoryCounts] = {}
        self._readers: dict[bytes, set[bytes]] = {}
        self._samples: Counter[bytes] = Counter()
        # Those of whom a reader or writer was discovered, whatever they have said of themselves:
        # what a participant says of itself may be lost or come late, its endpoints are not.
        self._with_endpoints: set[bytes] = set()

    def note_participant(self, entity: DiscoveredEntity) -> None:
        """Note that a participant has come, has changed its user data, or has gone."""
        if entity.alive:
            self.participants[entity.guid] = entity
            return
        for known in (self.participants, self._inventories, self._readers):
            known.pop(entity.guid, None)
        self._with_endpoints.discard(entity.guid)

    def note_writer(self, entity: DiscoveredEntity) -> None:
        """Note the same of a writer."""
        if not entity.alive:
            self._forget_samples(entity.guid)
            return
        self._with_endpoints.add(entity.participant)
        if entity.user_data.startswith(HISTORY):
            self._forget_samples(entity.guid)
            samples = int(entity.user_data[len(HISTORY) :])
            self.histories[entity.guid] = WriterHistory(entity.participant, entity.handle, samples)
            self._samples[entity.participant] += samples
        elif entity.user_data.startswith(INVENTORY):
            counts = InventoryCounts.from_user_data(entity.user_data)
            known = self._inventories.get(entity.participant, counts)
            self._inventories[entity.participant] = max(counts, known)

    def _forget_samples(self, writer: bytes) -> None:
        history = self.histories.pop(writer, None)
        if history is not None:
            self._samples[history.participant] -= history.samples
            if not self._samples[history.participant]:
                del self._samples[history.participant]

    def note_reader(self, entity: DiscoveredEntity) -> None:
        """Note the same of a reader."""
        readers = self._readers.setdefault(entity.participant, set())
        if entity.alive:
            self._with_endpoints.add(entity.participant)
            readers.add(entity.guid)
            return
        readers.discard(entity.guid)
        if not readers:
            del self._readers[entity.participant]

    def is_complete(self, participant: bytes) -> bool:
        """Return whether all that a participant has was discovered."""
        user_data = self.participants[participant].user_data
        if not user_data.startswith(PARTICIPANT):
            return True  # another program, which has no inventory
        if user_data.endswith(b" 0") and participant not in self._with_endpoints:
            return True  # it has no endpoints yet
        counts = self._inventories.get(participant)
        return counts is not None and (
            len(self._readers.get(participant, ())) >= counts.readers
            and self._samples[participant] >= counts.samples
        )

    def incomplete(self) -> set[bytes]:
        """Return the ids of the participants of whom something is still to be discovered."""
        return {guid for guid in self.participants if not self.is_complete(guid)}

    def ports(self) -> tuple[set[int], int]:
        """Return where those listen who are complete, and how many there are who do not say."""
        known, others = set(), 0
        for guid, entity in self.participants.items():
            if not entity.user_data.startswith(PARTICIPANT):
                others += 1
            elif self.is_complete(guid):
                known.add(int(entity.user_data[len(PARTICIPANT) :].split()[0]))
        return known, others

    def describe(self, participant: bytes) -> str:
        """Return what was discovered of a participant, for the log."""
        return (
            f"{self.participants[participant].user_data!r}, "
            f"{len(self._readers.get(participant, ()))} readers and "
            f"{self._samples[participant]} samples of {self._inventories.get(participant)}"
        )
