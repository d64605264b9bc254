# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words by which processes tell each other more than Cyclone does; see `census`."""

from __future__ import annotations

__all__ = [
    "HISTORY",
    "PARTICIPANT",
    "PRESENCE",
    "Announced",
    "history_words",
    "participant_words",
    "presence_words",
]

from typing import NamedTuple

HISTORY = b"ts-dds history "
"""How the words of a writer begin that has samples for readers that come late."""
PARTICIPANT = b"ts-dds port "
"""How those of a participant begin."""
PRESENCE = b"ts-dds presence "
"""How those of a presence begin."""


def history_words(samples: int) -> bytes:
    """Return the user data of a writer that has samples for readers that come late."""
    return HISTORY + str(samples).encode()


def participant_words(port: int, *, speaks: bool) -> bytes:
    """Return the user data of a participant.

    Parameters
    ----------
    port : `int`
        Where it listens.
    speaks : `bool`
        Does it have readers or writers, so that its presence will come?
    """
    return PARTICIPANT + f"{port} {int(speaks)}".encode()


class Announced(NamedTuple):
    """What the presence of a process says."""

    number: int
    """Number of this announcement; a later one has a higher number."""
    readers: int
    """How many readers it has."""
    samples: int
    """How many samples its writers have for readers that come late."""

    @classmethod
    def from_words(cls, words: bytes) -> Announced:
        """Return what the words of a presence say."""
        return cls(*map(int, words[len(PRESENCE) :].split()))


def presence_words(announced: Announced) -> bytes:
    """Return the user data of the presence."""
    return PRESENCE + " ".join(map(str, announced)).encode()
