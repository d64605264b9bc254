# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts that bring a group of components to a state.

``auxtel/enable_atcs.py``, ``auxtel/enable_latiss.py``, ``auxtel/standby_atcs.py`` and
``auxtel/standby_latiss.py``.
"""

__all__ = ["EnableATCS", "EnableLATISS", "GroupScript", "StandbyATCS", "StandbyLATISS"]

import asyncio
import logging
import types
import typing

import lsst.ts.salobj as salobj

from ..model import ComponentName
from ..sal.group.components import TRANSITION_TIMEOUT, GroupTransitionError, Target
from ..sal.group.members import ATCS, LATISS, Group, attribute_name
from ..sal.group.paths import SummaryState, describe_paths
from .component_script import ComponentScript

DURATION = 60.0
"""Estimated duration of such a script, in seconds."""


class GroupScript(ComponentScript):
    """Bring all components of a group to a state, at the same time.

    Components that cannot get there are named with the reason and what to do; the others stay
    where they got.

    Parameters
    ----------
    index : `int`
        Index of the Script component.
    """

    group: typing.ClassVar[Group]
    """The group."""
    goal: typing.ClassVar[SummaryState]
    """Where it is to go."""
    duration = DURATION

    def __init__(self, index: int) -> None:
        descr = f"{self.group.name} to {self.goal.name}."
        super().__init__(index, descr=descr, members=self.group.members)
        self._ignored: frozenset[ComponentName] = frozenset()
        self._targets: dict[ComponentName, Target] = {}

    async def configure(self, config: types.SimpleNamespace) -> None:
        """Find out which components to command, and with which configurations.

        Parameters
        ----------
        config : `types.SimpleNamespace`
            Configuration with its defaults filled in.

        Raises
        ------
        ConfigurationError
            If ``ignore`` holds a name that is not in the group.
        """
        self._ignored = self.group.resolve(config.ignore)
        self._targets = {
            name: Target(self.goal, getattr(config, attribute_name(name), None) or "")
            for name in self.group.members
            if name not in self._ignored
        }
        await self.components.start()

    async def run(self) -> None:
        """Command the components.

        Raises
        ------
        salobj.ExpectedError
            If any of them did not get there.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tell_ignored())
            failure = await self._drive()
        if failure is not None:
            # Raised outside of the group, which would wrap it.
            raise salobj.ExpectedError(self._describe(failure)) from failure

    async def _drive(self) -> GroupTransitionError | None:
        try:
            reached = await self.components.drive(self._targets, TRANSITION_TIMEOUT)
        except GroupTransitionError as error:
            self.log.error("%s", "\n".join(map(str, error.failures)))
            return error
        self.log.info("%s", describe_paths(reached))
        return None

    def _describe(self, error: GroupTransitionError) -> str:
        count, of = len(error.failures), len(self._targets)
        return f"{count} of {of} components did not become {self.goal.name}: {error}"

    async def _tell_ignored(self) -> None:
        """Read the states of the components that are not commanded, all at the same time."""
        names = [name for name in self.group.members if name in self._ignored]
        drivers = [self.components.drivers[name] for name in names]
        states = await asyncio.gather(*(driver.read_state() for driver in drivers))
        if not names:
            return
        told = ", ".join(
            f"{name} is {state.name if state else 'not heard'}"
            for name, state in zip(names, states, strict=True)
        )
        as_wanted = all(state is self.goal for state in states)
        self.log.log(logging.INFO if as_wanted else logging.WARNING, "Ignored: %s.", told)


class EnableATCS(GroupScript):
    """Enable the telescope and its dome."""

    group = ATCS
    goal = SummaryState.ENABLED
    schema_name = "enable_atcs"


class EnableLATISS(GroupScript):
    """Enable the instrument."""

    group = LATISS
    goal = SummaryState.ENABLED
    schema_name = "enable_latiss"


class StandbyATCS(GroupScript):
    """Send the telescope and its dome to STANDBY."""

    group = ATCS
    goal = SummaryState.STANDBY
    schema_name = "standby_atcs"


class StandbyLATISS(GroupScript):
    """Send the instrument to STANDBY."""

    group = LATISS
    goal = SummaryState.STANDBY
    schema_name = "standby_latiss"
