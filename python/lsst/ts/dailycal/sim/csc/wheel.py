# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A wheel of ATSpectrograph: filters, or gratings."""

__all__ = ["Axis", "Wheel", "WheelStatus"]

import enum
import typing
from collections.abc import Sequence

from ..spectrograph import find_slot


class WheelStatus(enum.IntEnum):
    """State of a wheel or of the stage, as the interface numbers it."""

    HOMING = 1
    MOVING = 2
    STATIONARY = 3
    NOT_IN_POSITION = 4


class Wheel:
    """A wheel with four slots.

    Parameters
    ----------
    names : `~collections.abc.Sequence` [`str`]
        What is in the slots.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self.slot = 0

    @property
    def name(self) -> str:
        """What is in the beam (`str`)."""
        return self.names[self.slot]

    def find(self, slot: int, name: str) -> int:
        """Find a slot; the name counts if it is not empty.

        Parameters
        ----------
        slot : `int`
            Number of the slot, from 0.
        name : `str`
            What is in the slot.

        Raises
        ------
        LookupError
            If there is no such slot, or nothing of that name.
        """
        return find_slot(self.names, name or slot)


class Axis(typing.NamedTuple):
    """Topics of one axis."""

    state: str
    """Event with its state."""
    in_position: str
    """Event that tells whether it is where it should be."""
    reported: str
    """Event with its position."""
