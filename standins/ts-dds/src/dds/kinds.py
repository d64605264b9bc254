# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Enumerations, durations and sample information."""

from __future__ import annotations

__all__ = [
    "DDSDurabilityKind",
    "DDSDuration",
    "DDSHistoryKind",
    "DDSOwnershipKind",
    "DDSReliabilityKind",
    "DDSStateKind",
    "SampleInfo",
    "state_mask",
]

import enum
from collections.abc import Iterable
from dataclasses import dataclass


class DDSDurabilityKind(enum.IntEnum):
    """How long samples outlive the moment in which they are written."""

    VOLATILE = 0
    TRANSIENT_LOCAL = 1
    TRANSIENT = 2
    PERSISTENT = 3


class DDSHistoryKind(enum.IntEnum):
    """Which samples of an instance are kept."""

    KEEP_LAST = 0
    KEEP_ALL = 1


class DDSReliabilityKind(enum.IntEnum):
    """Whether lost samples are sent again."""

    BEST_EFFORT = 0
    RELIABLE = 1


class DDSOwnershipKind(enum.IntEnum):
    """Whether several writers may update one instance."""

    SHARED = 0
    EXCLUSIVE = 1


class DDSStateKind(enum.IntFlag):
    """Sample, view and instance states, as bits that are ored into a mask."""

    READ_SAMPLE_STATE = 1
    NOT_READ_SAMPLE_STATE = 2
    ANY_SAMPLE_STATE = 3
    NEW_VIEW_STATE = 4
    NOT_NEW_VIEW_STATE = 8
    ANY_VIEW_STATE = 12
    ALIVE_INSTANCE_STATE = 16
    NOT_ALIVE_DISPOSED_INSTANCE_STATE = 32
    NOT_ALIVE_NO_WRITERS_INSTANCE_STATE = 64
    NOT_ALIVE_INSTANCE_STATE = 96
    ANY_INSTANCE_STATE = 112
    ANY_STATE = 127


_KINDS_OF_STATE = (
    DDSStateKind.ANY_SAMPLE_STATE,
    DDSStateKind.ANY_VIEW_STATE,
    DDSStateKind.ANY_INSTANCE_STATE,
)


def state_mask(states: Iterable[DDSStateKind] | DDSStateKind) -> int:
    """Return the mask for a list of states; a kind that is not named means any of it."""
    given = (states,) if isinstance(states, int) else states
    mask = 0
    for state in given:
        mask |= int(state)
    for every in _KINDS_OF_STATE:
        if not mask & every:
            mask |= every
    return mask


class DDSDuration:
    """A length of time.

    Parameters
    ----------
    sec : `float`, optional
        Seconds; a fraction is allowed.
    nanosec : `int`, optional
        Nanoseconds to add.
    """

    def __init__(self, sec: float = 0, nanosec: int = 0) -> None:
        self.sec = sec
        self.nanosec = nanosec

    @classmethod
    def infinity(cls) -> DDSDuration:
        """Return a duration without end."""
        return cls(sec=float("inf"))

    def to_float(self) -> float:
        """Return the duration in seconds."""
        return self.sec + self.nanosec * 1e-9

    def to_nanoseconds(self) -> int:
        """Return the duration in nanoseconds, as Cyclone counts it."""
        seconds = self.to_float()
        if seconds > 4e9:
            return (1 << 63) - 1
        return max(0, int(seconds * 1e9))

    def __repr__(self) -> str:
        return f"DDSDuration(sec={self.sec}, nanosec={self.nanosec})"


@dataclass(slots=True)
class SampleInfo:
    """What the middleware knows about a sample that was received."""

    valid_data: bool
    """Is there data, or only news about an instance?"""
    sample_state: int
    """Had the sample been read before?"""
    view_state: int
    """Was this the first sample of its instance?"""
    instance_state: int
    """Is the instance alive?"""
    source_timestamp: int
    """When the sample was written: UTC, unix ns."""
    reception_timestamp: int
    """When the sample was taken from the middleware: UTC, unix ns."""
    instance_handle: int
    """Handle of the instance."""
    publication_handle: int
    """Handle of the writer."""
