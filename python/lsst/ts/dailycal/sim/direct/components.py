# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The components port, and what all simulated components have: a state and a heartbeat."""

__all__ = ["CAMERA", "HEADERS", "OCPS", "OODS", "SPECTROGRAPH", "DirectComponents"]

import dataclasses
from collections.abc import Sequence

from ...model import ComponentName, ComponentStatus
from ..world import World
from .background import Changes

CAMERA = ComponentName("ATCamera")
SPECTROGRAPH = ComponentName("ATSpectrograph")
HEADERS = ComponentName("ATHeaderService")
OODS = ComponentName("ATOODS")
OCPS = ComponentName("OCPS", 1)

_BEAT = 1.0  # seconds
_FRESH = 3.5  # seconds to wait for a heartbeat


@dataclasses.dataclass(slots=True)
class _Component:
    since: float
    state: str = "ENABLED"
    beating: bool = True
    beats: int = 0
    error_code: int = 0
    error_report: str = ""


class DirectComponents:
    """The components that a run needs; all are ENABLED at the start.

    Parameters
    ----------
    world : `World`
        The simulated world.
    changes : `Changes`
        Is told of every change.
    """

    def __init__(self, world: World, changes: Changes) -> None:
        self._world = world
        self._changes = changes
        names = (CAMERA, SPECTROGRAPH, HEADERS, OODS, OCPS)
        self._components = {name: _Component(world.clock.tai()) for name in names}

    async def status(self) -> Sequence[ComponentStatus]:
        """Report all of them, with a fresh heartbeat awaited."""
        before = {name: component.beats for name, component in self._components.items()}

        def has_beaten(name: ComponentName) -> bool:
            return self._components[name].beats > before[name]

        await self._changes.wait_until(lambda: all(map(has_beaten, before)), _FRESH)
        return [
            _status(name, component, has_beaten(name))
            for name, component in self._components.items()
        ]

    def troubles(self) -> Sequence[ComponentStatus]:
        """Report those that are known not to be ENABLED, or are silent."""
        return [
            _status(name, component, component.beating)
            for name, component in self._components.items()
            if component.state != "ENABLED" or not component.beating
        ]

    async def beat(self) -> None:
        """Beat once a second, and let faults of components strike. Never ends."""
        while True:
            await self._world.clock.sleep(_BEAT)
            for name, component in self._components.items():
                fault = self._world.faults.hit("component.state", component=name)
                if fault is not None:
                    state = fault.text("state")
                    self.set_state(name, state, 1, f"Simulated: it goes to {state}")
                if self._world.faults.hit("heartbeat", component=name) is not None:
                    component.beating = False
                component.beats += component.beating
            self._changes.notify()

    def repair(self) -> None:
        """Bring every component back, as a person does: ENABLED, and with a heartbeat."""
        for name, component in self._components.items():
            component.beating = True
            self.set_state(name, "ENABLED")

    def is_enabled(self, name: ComponentName) -> bool:
        """Tell whether a component is ENABLED (`bool`)."""
        return self._components[name].state == "ENABLED"

    def enabled_since(self, name: ComponentName) -> float | None:
        """Tell when a component was enabled, s TAI; `None` if it is not ENABLED."""
        return self._components[name].since if self.is_enabled(name) else None

    def set_state(self, name: ComponentName, state: str, code: int = 0, report: str = "") -> None:
        """Bring a component to a state; the error is kept for FAULT alone."""
        component = self._components[name]
        is_fault = state == "FAULT"
        if state != component.state:
            component.since = self._world.clock.tai()
        component.state = state
        component.error_code = code if is_fault else 0
        component.error_report = report if is_fault else ""
        self._changes.notify()

    def describe(self, name: ComponentName) -> str:
        """Describe a component for an error message (`str`)."""
        component = self._components[name]
        if component.error_code:
            error = f"error {component.error_code}: {component.error_report}"
            return f"{name} {component.state} ({error})"
        return f"{name} {component.state}"


def _status(name: ComponentName, component: _Component, alive: bool) -> ComponentStatus:
    return ComponentStatus(
        name=name,
        state=component.state,
        alive=alive,
        error_code=component.error_code,
        error_report=component.error_report,
    )
