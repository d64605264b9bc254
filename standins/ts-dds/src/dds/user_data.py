# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What processes tell each other in the user data of discovery; see `discovery`.

User data (DDS's ``USER_DATA`` policy) are bytes that discovery carries along with a participant,
a writer or a reader. Other programs on DDS ignore them.
"""

from __future__ import annotations

__all__ = [
    "HISTORY",
    "INVENTORY",
    "PARTICIPANT",
    "InventoryCounts",
    "participant_user_data",
    "writer_user_data",
]

from typing import NamedTuple

HISTORY = b"ts-dds history "
"""How the user data of a writer begin that has samples for late joiners."""
PARTICIPANT = b"ts-dds port "
"""How those of a participant begin."""
INVENTORY = b"ts-dds inventory "
"""How those of the writer begin that announces an inventory."""


def writer_user_data(samples: int) -> bytes:
    """Return the user data of a writer that has so many samples for late joiners."""
    return HISTORY + str(samples).encode()


def participant_user_data(port: int, *, has_endpoints: bool) -> bytes:
    """Return the user data of a participant.

    Parameters
    ----------
    port : `int`
        Where it listens.
    has_endpoints : `bool`
        Does it have readers or writers, so that its inventory will come?
    """
    return PARTICIPANT + f"{port} {int(has_endpoints)}".encode()


class InventoryCounts(NamedTuple):
    """What a process has, as announced by its `Inventory`."""

    revision: int
    """Number of this announcement; a later one has a higher number."""
    readers: int
    """How many readers the process has."""
    samples: int
    """How many samples its writers have for late joiners."""

    @classmethod
    def from_user_data(cls, user_data: bytes) -> InventoryCounts:
        """Return what the user data of an inventory say."""
        return cls(*map(int, user_data[len(INVENTORY) :].split()))

    def to_user_data(self) -> bytes:
        """Return the user data that say this."""
        return INVENTORY + " ".join(map(str, self)).encode()
