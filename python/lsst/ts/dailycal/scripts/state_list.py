# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The list of components and states that ``set_summary_state.py`` is given. Imports no salobj."""

__all__ = ["Entry", "muted_alarms", "parse_entries"]

import dataclasses
import re
from collections.abc import Sequence

from ..model import ComponentName, ConfigurationError
from ..sal.group.paths import SummaryState, parse_state


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list."""

    component: ComponentName
    """The component; its index is 0 if all of its instances are meant."""
    state: SummaryState
    """Where it is to go."""
    override: str = ""
    """Configuration for its start command."""
    every_instance: bool = False
    """Are all instances meant that are running?"""

    def __str__(self) -> str:
        index = "*" if self.every_instance else self.component.index
        return f"{self.component.name}:{index}"


def parse_entries(data: Sequence[Sequence[str]]) -> tuple[Entry, ...]:
    """Read the list.

    Parameters
    ----------
    data : `~collections.abc.Sequence`
        For each component its name and index, its state, and optionally its configuration.

    Raises
    ------
    ConfigurationError
        If anything in it cannot be read; it lists all problems.
    """
    entries: list[Entry] = []
    problems: list[str] = []
    for number, item in enumerate(data, start=1):
        try:
            entries.append(_parse_entry(item))
        except ValueError as error:
            problems.append(f"data, entry {number}: {str(error).rstrip('.')}.")
    if problems:
        raise ConfigurationError(problems)
    return tuple(entries)


def _parse_entry(item: Sequence[str]) -> Entry:
    name = item[0].strip()
    every_instance = name.endswith(":*")
    return Entry(
        component=ComponentName.parse(name.removesuffix(":*") if every_instance else name),
        state=parse_state(item[1]),
        override=item[2] if len(item) > 2 else "",
        every_instance=every_instance,
    )


def muted_alarms(component: ComponentName) -> str:
    """Return the pattern of the Watcher's alarms about a component that goes OFFLINE (`str`)."""
    return rf"^(Enabled|Heartbeat)\.{re.escape(component.name)}:{component.index}$"
