# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring components to a summary state, one or several at the same time.

::

    async with salobj.Domain() as domain:
        group = SalGroup(domain, [ComponentName("ATCamera"), ComponentName("OCPS", 1)])
        await group.start()
        await group.drive({name: Target(SummaryState.ENABLED) for name in group.names})
"""

__all__ = [
    "TRANSITION_TIMEOUT",
    "ComponentDriver",
    "GroupTransitionError",
    "SalGroup",
    "Target",
    "TransitionError",
]

import asyncio
import logging
import typing
from collections.abc import Iterable, Mapping, Sequence

import lsst.ts.salobj as salobj

from ...model import ComponentName
from ..compat import interface_topics
from .driver import TRANSITION_TIMEOUT, ComponentDriver
from .errors import GroupTransitionError, TransitionError
from .paths import SummaryState, Target

_log = logging.getLogger(__name__)


class SalGroup:
    """Several components that are driven at the same time.

    Parameters
    ----------
    domain : `lsst.ts.salobj.Domain`
        Domain of the remotes.
    names : `~collections.abc.Iterable` [`ComponentName`]
        The components.
    log : `logging.Logger`, optional
        Where to tell about progress.
    """

    def __init__(
        self,
        domain: typing.Any,
        names: Iterable[ComponentName],
        log: logging.Logger = _log,
    ) -> None:
        self.drivers: dict[ComponentName, ComponentDriver] = {}
        self._remotes: list[typing.Any] = []
        for name in dict.fromkeys(names):
            # A remote may refuse to include what its interface does not have.
            known = interface_topics(name.name)
            include = [topic for topic in ComponentDriver.topics(name) if f"evt_{topic}" in known]
            remote = salobj.Remote(domain, name.name, name.index, include=include)
            self._remotes.append(remote)
            self.drivers[name] = ComponentDriver(remote, log=log)

    @property
    def names(self) -> Sequence[ComponentName]:
        """The components, in the order given."""
        return tuple(self.drivers)

    async def start(self) -> None:
        """Wait until every remote has its history."""
        await asyncio.gather(*(driver.start() for driver in self.drivers.values()))

    async def close(self) -> None:
        """Close the remotes; not needed if the domain is closed."""
        for remote in self._remotes:
            await remote.close()

    async def drive(
        self,
        targets: Mapping[ComponentName, Target],
        timeout: float = TRANSITION_TIMEOUT,
    ) -> Mapping[ComponentName, Sequence[SummaryState]]:
        """Bring components to their states, all at the same time.

        Parameters
        ----------
        targets : `~collections.abc.Mapping`
            Where each one is wanted; those of the group that are not in it are left alone.
        timeout : `float`
            Deadline of each transition, in seconds.

        Returns
        -------
        states : `~collections.abc.Mapping`
            The states that each went through.

        Raises
        ------
        GroupTransitionError
            If any of them did not get there; the others stay where they got.
        """
        failures: list[TransitionError] = []
        reached: dict[ComponentName, Sequence[SummaryState]] = {}

        async def drive_one(name: ComponentName, target: Target) -> None:
            try:
                reached[name] = await self.drivers[name].drive(target, timeout)
            except TransitionError as error:
                failures.append(error)

        async with asyncio.TaskGroup() as group:
            for name, target in targets.items():
                group.create_task(drive_one(name, target))
        if failures:
            order = list(targets)
            raise GroupTransitionError(sorted(failures, key=lambda e: order.index(e.component)))
        return reached
