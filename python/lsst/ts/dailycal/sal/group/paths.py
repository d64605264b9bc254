# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Summary states, and the commands that lead from one to another. Imports no salobj."""

__all__ = ["Step", "SummaryState", "Target", "describe_paths", "next_step", "parse_state"]

import dataclasses
import enum
from collections.abc import Mapping, Sequence

from ...model import ComponentName


class SummaryState(enum.IntEnum):
    """Summary states, as the interface numbers them."""

    DISABLED = 1
    ENABLED = 2
    FAULT = 3
    OFFLINE = 4
    STANDBY = 5


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """One transition."""

    command: str
    """Name of the command."""
    state: SummaryState
    """State that it leads to."""


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """Where a component is wanted."""

    state: SummaryState
    """The state."""
    override: str = ""
    """Configuration to name in the ``start`` command; empty for the default."""


_LADDER = (
    SummaryState.OFFLINE,
    SummaryState.STANDBY,
    SummaryState.DISABLED,
    SummaryState.ENABLED,
)
_UP = ("enterControl", "start", "enable")
_DOWN = ("exitControl", "standby", "disable")
_LEAVE_FAULT = Step("standby", SummaryState.STANDBY)


def next_step(current: SummaryState, target: SummaryState) -> Step | None:
    """Find the first step of the shortest path.

    Parameters
    ----------
    current : `SummaryState`
        Where the component is.
    target : `SummaryState`
        Where it is wanted; not FAULT.

    Returns
    -------
    step : `Step` or `None`
        `None` if it is there.

    Raises
    ------
    ValueError
        If the target is FAULT, where no command leads.
    """
    if target is SummaryState.FAULT:
        raise ValueError("No command leads to FAULT.")
    if current is target:
        return None
    if current is SummaryState.FAULT:
        return _LEAVE_FAULT
    here, there = _LADDER.index(current), _LADDER.index(target)
    if here < there:
        return Step(_UP[here], _LADDER[here + 1])
    return Step(_DOWN[here - 1], _LADDER[here - 1])


def parse_state(text: str) -> SummaryState:
    """Read the name of a state that a component can be commanded to, in any case of letters.

    Raises
    ------
    ValueError
        If it is none, or FAULT.
    """
    name = text.strip().upper()
    if name == SummaryState.FAULT.name or name not in SummaryState.__members__:
        known = ", ".join(state.name for state in reversed(_LADDER))
        raise ValueError(f"{text!r} is no state that a component can be sent to: {known}.")
    return SummaryState[name]


def describe_paths(reached: Mapping[ComponentName, Sequence[SummaryState]]) -> str:
    """Say in one message how components got to their states.

    Messages that follow each other within milliseconds may be dropped on their way.
    """
    groups: dict[str, list[str]] = {}
    for name, states in reached.items():
        path = " > ".join(state.name for state in states)
        path = path if len(states) > 1 else f"{path} already"
        groups.setdefault(path, []).append(str(name))
    return "; ".join(f"{', '.join(names)}: {path}" for path, names in groups.items())
