# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The order of scripts: those that wait, the one that runs, those that have been."""

__all__ = ["MOST_SCRIPTS", "Location", "ScriptOrder"]

import enum

MOST_SCRIPTS = 400
"""How many scripts may wait, and how many of the past are remembered."""


class Location(enum.IntEnum):
    """Where to put a script, as the interface numbers it."""

    FIRST = 1
    LAST = 2
    BEFORE = 3
    AFTER = 4


class ScriptOrder:
    """Indices of scripts, in order.

    Attributes
    ----------
    waiting : `list` [`int`]
        Those that wait; the first one is next.
    current : `int`
        The one that runs, or that failed and is looked at; 0 for none.
    past : `list` [`int`]
        Those that have been; the latest first.
    """

    def __init__(self) -> None:
        self.waiting: list[int] = []
        self.current = 0
        self.past: list[int] = []

    def add(self, index: int, location: int, reference: int = 0) -> None:
        """Put a new script somewhere.

        Parameters
        ----------
        index : `int`
            The script.
        location : `int`
            Where, see `Location`.
        reference : `int`
            Which script it is to be before or after.

        Raises
        ------
        ValueError
            If the location is none, the other script does not wait, or too many do.
        """
        self.check(location, reference)
        if location == Location.FIRST:
            position = 0
        elif location == Location.LAST:
            position = len(self.waiting)
        else:
            position = self.waiting.index(reference) + (location == Location.AFTER)
        self.waiting.insert(position, index)

    def check(self, location: int, reference: int = 0) -> None:
        """Check whether a script could be added.

        Raises
        ------
        ValueError
            If it could not; the parameters are those of `add`.
        """
        if location not in set(Location):
            raise ValueError(f"There is no location {location}.")
        if location in (Location.BEFORE, Location.AFTER) and reference not in self.waiting:
            raise ValueError(f"Script {reference} is not waiting.")
        if len(self.waiting) >= MOST_SCRIPTS:
            raise ValueError(f"{MOST_SCRIPTS} scripts are waiting already.")

    def move(self, index: int, location: int, reference: int = 0) -> None:
        """Move a script that waits; before or after itself is where it is.

        Raises
        ------
        ValueError
            If it does not wait, or as for `add`.
        """
        if index not in self.waiting:
            raise ValueError(f"Script {index} is not waiting.")
        if location in (Location.BEFORE, Location.AFTER) and reference == index:
            return
        old = list(self.waiting)
        self.waiting.remove(index)
        try:
            self.add(index, location, reference)
        except ValueError:
            self.waiting = old
            raise

    def start(self, index: int) -> None:
        """Make a script that waits the current one."""
        self.waiting.remove(index)
        self.current = index

    def retire(self, index: int) -> list[int]:
        """Make a script one of the past.

        Returns
        -------
        forgotten : `list` [`int`]
            Those that are so long ago that they are remembered no more.
        """
        if index == self.current:
            self.current = 0
        else:
            self.waiting.remove(index)
        self.past.insert(0, index)
        forgotten = self.past[MOST_SCRIPTS:]
        del self.past[MOST_SCRIPTS:]
        return forgotten

    def __contains__(self, index: int) -> bool:
        return index in self.waiting or (index != 0 and index == self.current)
