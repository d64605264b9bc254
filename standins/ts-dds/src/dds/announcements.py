# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words by which processes tell each other more than Cyclone does; see `census`."""

from __future__ import annotations

__all__ = [
    "HISTORY",
    "PARTICIPANT",
    "PRESENCE",
    "history_words",
    "participant_words",
    "presence_words",
    "readers_announced",
]

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


def presence_words(readers: int, announcement: int) -> bytes:
    """Return the user data of the presence.

    Parameters
    ----------
    readers : `int`
        Number of the announcement of the reader, the same in the words of both.
    announcement : `int`
        Number of this announcement; only so that it differs from the one before.
    """
    return PRESENCE + f"{readers} {announcement}".encode()


def readers_announced(words: bytes) -> int:
    """Return the number of the reader's announcement from the words of a presence."""
    return int(words[len(PRESENCE) :].split()[0])
