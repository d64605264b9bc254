# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Observing blocks on the fake ScriptQueue: which script is which part of which execution."""

__all__ = ["NO_BLOCK", "BlockPlace", "BlockTracker"]

import collections
import dataclasses
import re
from collections.abc import Callable

_NAME = re.compile(r"BLOCK-(?P<test>T?)(?P<number>[0-9]+)")


@dataclasses.dataclass(frozen=True, slots=True)
class BlockPlace:
    """The place of a script in an execution of an observing block."""

    block_id: str
    """Id of the execution, such as ``BL123_O_20231205_000001``; empty for no block."""
    index: int
    """Position in the block, from 0."""
    size: int
    """How many scripts the block has."""


NO_BLOCK = BlockPlace("", 0, 0)
"""The place of a script that belongs to no block."""


class BlockTracker:
    """Tells executions of observing blocks apart.

    The real queue asks the server of image names for the number of an execution; here it is
    counted, for each block and observing day.

    Parameters
    ----------
    day_obs : `~collections.abc.Callable`
        Gives the observing day as a number, such as 20231205.
    """

    def __init__(self, day_obs: Callable[[], int]) -> None:
        self._day_obs = day_obs
        self._executions: collections.Counter[tuple[str, int]] = collections.Counter()
        self._open = ""
        self._last = NO_BLOCK

    def place(self, block: str, size: int, *, starts: bool) -> BlockPlace:
        """Give a script its place.

        A script begins a new execution if it says so, is of another block than the one before, or
        finds that block complete.

        Parameters
        ----------
        block : `str`
            Name of the block.
        size : `int`
            How many scripts it has; 0 if that is not known.
        starts : `bool`
            Does the script say that it is the first of a new execution?

        Raises
        ------
        ValueError
            If that is no name of a block.
        """
        match = _NAME.fullmatch(block)
        if match is None:
            raise ValueError(f"{block!r} is no observing block: those are BLOCK-1 or BLOCK-T1.")
        last = self._last
        is_complete = 0 < last.size <= last.index + 1
        if starts or block != self._open or is_complete:
            last = BlockPlace(self._next_id(match), -1, size)
        self._open = block
        self._last = dataclasses.replace(last, index=last.index + 1)
        return self._last

    def _next_id(self, match: re.Match[str]) -> str:
        day = self._day_obs()
        name = f"B{match['test'] or 'L'}{match['number']}"
        self._executions[name, day] += 1
        return f"{name}_O_{day}_{self._executions[name, day]:06d}"
