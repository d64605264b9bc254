# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The groups of components of the Auxiliary Telescope. Imports no salobj."""

__all__ = ["ATCS", "LATISS", "Group"]

import dataclasses
import difflib
from collections.abc import Iterable

from ...model import ComponentName, ConfigurationError


@dataclasses.dataclass(frozen=True, slots=True)
class Group:
    """Components that are used together."""

    name: str
    """Name of the group."""
    members: tuple[ComponentName, ...]
    """Its components."""
    configurable: tuple[ComponentName, ...]
    """Those whose configuration a script lets a person choose."""

    def resolve(self, names: Iterable[str], what: str = "ignore") -> frozenset[ComponentName]:
        """Find members by the names that people use for them.

        Parameters
        ----------
        names : `~collections.abc.Iterable` [`str`]
            Each ``ATHexapod``, ``athexapod`` or, with an index, ``OCPS:1`` or ``ocps_1``,
            in any case of letters.
        what : `str`
            Name of the property that they come from.

        Raises
        ------
        ConfigurationError
            If any of them is no member; it lists those that are.
        """
        known = {attribute_name(member): member for member in self.members}
        wanted = {name: name.strip().casefold().replace(":", "_") for name in names}
        problems = [
            f"{what}: {name!r} is not in {self.name}{_hint(key, known)}."
            for name, key in wanted.items()
            if key not in known
        ]
        if problems:
            members = ", ".join(map(str, self.members))
            raise ConfigurationError([*problems, f"The components of {self.name}: {members}."])
        return frozenset(known[key] for key in wanted.values())


def attribute_name(component: ComponentName) -> str:
    """Return the name of a component in a configuration (`str`), e.g. ``ocps_1``."""
    name = component.name.casefold()
    return f"{name}_{component.index}" if component.index else name


def _hint(key: str, known: dict[str, ComponentName]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f"; is {known[close[0]]} meant?" if close else ""


def _make(name: str, members: str, configurable: str) -> Group:
    return Group(
        name=name,
        members=tuple(ComponentName(member) for member in members.split()),
        configurable=tuple(ComponentName(member) for member in configurable.split()),
    )


ATCS = _make(
    "ATCS",
    "ATMCS ATPtg ATAOS ATPneumatics ATHexapod ATDome ATDomeTrajectory",
    "ATAOS ATHexapod ATDome ATDomeTrajectory",
)
"""The telescope and its dome (`Group`)."""
LATISS = _make(
    "LATISS",
    "ATCamera ATSpectrograph ATHeaderService ATOODS",
    "ATCamera ATSpectrograph ATOODS",
)
"""The instrument (`Group`)."""
