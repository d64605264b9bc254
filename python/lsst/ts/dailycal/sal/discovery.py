# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out which instances of an indexed component are running."""

__all__ = ["BEATS_TIMEOUT", "InstanceFinder"]

import asyncio
import collections
import typing
from collections.abc import Sequence

import lsst.ts.salobj as salobj

from ..model import ComponentError, ComponentName
from .compat import message_index
from .topics import TopicReader

BEATS_TIMEOUT = 5.0
"""How long to listen for heartbeats, in seconds."""
BEATS_NEEDED = 3
"""Heartbeats in that time that tell a running instance from the history of one that ended."""


class InstanceFinder:
    """Listens to the heartbeats of all instances of a component.

    Parameters
    ----------
    domain : `lsst.ts.salobj.Domain`
        Domain of the script.
    component : `ComponentName`
        The component; its index plays no part.
    """

    def __init__(self, domain: typing.Any, component: ComponentName) -> None:
        self._name = component.name
        self._beats: collections.Counter[int] = collections.Counter()
        self._remote = salobj.Remote(
            domain, component.name, 0, readonly=True, include=["heartbeat"]
        )
        TopicReader().listen(self._remote.evt_heartbeat, self._hear)

    @staticmethod
    async def is_indexed(domain: typing.Any, name: str) -> bool | None:
        """Tell whether a component has an index (`bool`); `None` if there is none of the name."""
        try:
            probe = salobj.SalInfo(domain, name, 0)
        except Exception:  # noqa: BLE001 - each salobj raises another type for an unknown name
            return None
        try:
            return bool(probe.indexed)
        finally:
            await probe.close()

    async def find(self) -> Sequence[ComponentName]:
        """Listen, and return the instances that are running, by index.

        Raises
        ------
        ComponentError
            If there are none.
        """
        await self._remote.start_task
        self._beats.clear()
        await asyncio.sleep(BEATS_TIMEOUT)
        alive = sorted(index for index, beats in self._beats.items() if beats >= BEATS_NEEDED)
        if not alive:
            raise ComponentError(
                f"No instance of {self._name} is running: none gave {BEATS_NEEDED} heartbeats "
                f"within {BEATS_TIMEOUT:g} s.",
                remedy="Start one, or name the instance that you mean.",
            )
        return [ComponentName(self._name, index) for index in alive]

    def _hear(self, message: typing.Any) -> None:
        self._beats[message_index(message, self._name)] += 1
