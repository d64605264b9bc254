# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Faults that keep a component from where it is sent."""

__all__ = ["TransitionFaults"]

import typing

import lsst.ts.salobj as salobj

from ...sal.compat import call
from ..world import World

_IN_FAULT = 2
_TRANSITION_FAULT = 3


class TransitionFaults(salobj.BaseCsc):
    """Makes a fake CSC start in FAULT, refuse a transition, or go to FAULT on one.

    Mix it in before `SimulatedCsc`.
    """

    world: World
    component: str

    async def start(self) -> None:
        """Start, in FAULT if that is the fault."""
        await super().start()
        if self.world.faults.hit("component.start", component=self.component):
            await call(self.fault, _IN_FAULT, "the simulated fault in_fault")

    async def begin_enterControl(self, data: typing.Any) -> None:
        """See whether ``enterControl`` goes wrong."""
        await self._go_wrong("enterControl")
        await super().begin_enterControl(data)

    async def begin_start(self, data: typing.Any) -> None:
        """See whether ``start`` goes wrong."""
        await self._go_wrong("start")
        await super().begin_start(data)

    async def begin_enable(self, data: typing.Any) -> None:
        """See whether ``enable`` goes wrong."""
        await self._go_wrong("enable")
        await super().begin_enable(data)

    async def begin_disable(self, data: typing.Any) -> None:
        """See whether ``disable`` goes wrong."""
        await self._go_wrong("disable")
        await super().begin_disable(data)

    async def begin_standby(self, data: typing.Any) -> None:
        """See whether ``standby`` goes wrong."""
        await self._go_wrong("standby")
        await super().begin_standby(data)

    async def _go_wrong(self, command: str) -> None:
        fault = self.world.faults.hit(
            "component.transition", component=self.component, command=command
        )
        if fault is None:
            return
        report = f"the simulated fault {fault.name}"
        if fault.name == "transition_fault":
            await call(self.fault, _TRANSITION_FAULT, report)
        raise salobj.ExpectedError(report)
