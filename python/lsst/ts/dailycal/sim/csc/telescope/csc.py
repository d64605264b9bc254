# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fake ATMCS, ATPtg, ATAOS, ATPneumatics, ATHexapod, ATDome and ATDomeTrajectory.

They change states, and write down every command that they receive. In a run of biases and
darks there is none.
"""

__all__ = [
    "SimATAOS",
    "SimATDome",
    "SimATDomeTrajectory",
    "SimATHexapod",
    "SimATMCS",
    "SimATPneumatics",
    "SimATPtg",
    "make_telescope_csc",
]

import functools
import typing
from collections.abc import Awaitable, Callable

from ...config import SimulationConfig
from ..compat import is_configurable, own_fields
from ..simulated import ConfigurableSimulatedCsc, SimulatedCsc
from ..transition_faults import TransitionFaults
from .log import TelescopeCommand, append_command
from .table import TELESCOPE, TelescopeComponent

_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Telescope v1",
    "type": "object",
    "properties": {"note": {"type": "string", "default": ""}},
    "additionalProperties": False,
}


class _Telescope(TransitionFaults, SimulatedCsc):
    """What the components have in common."""

    table: TelescopeComponent

    async def start_background(self) -> None:
        """Publish that everything is at rest."""
        await super().start_background()
        for publication in self.table.at_rest:
            await self.publish(getattr(self, f"evt_{publication.event}"), **publication.fields)

    def make_callback(self, command: str) -> Callable[[typing.Any], Awaitable[None]]:
        """Make the callback of a command: it is written down, whatever it is."""

        async def callback(data: typing.Any) -> None:
            await self.receive(command, data)

        return callback

    async def receive(self, command: str, data: typing.Any) -> None:
        """Write a command down, and carry it out if the component is ENABLED."""
        append_command(
            self.world.config.root,
            TelescopeCommand(
                tai=self.world.clock.tai(),
                component=self.component,
                command=command,
                moves=command not in self.table.still,
                state=self.summary_state.name,
                fields=tuple((name, getattr(data, name)) for name in own_fields(data)),
            ),
        )
        self.assert_enabled()
        for publication in self.table.effects.get(command, ()):
            await self.publish(getattr(self, f"evt_{publication.event}"), **publication.fields)


class _ConfigurableTelescope(_Telescope, ConfigurableSimulatedCsc):
    """What those have in common that take a configuration."""

    def __init__(
        self, name: str, config: SimulationConfig | None = None, **kwargs: typing.Any
    ) -> None:
        super().__init__(name, config, schema=_SCHEMA, **kwargs)

    @staticmethod
    def get_config_pkg() -> str:
        """Return the package of the configurations of real components."""
        return "ts_config_attcs"


def make_telescope_csc(
    name: str, config: SimulationConfig | None = None, **kwargs: typing.Any
) -> SimulatedCsc:
    """Make a component of the telescope.

    Parameters
    ----------
    name : `str`
        Its name, a key of `TELESCOPE`.
    config : `SimulationConfig`, optional
        Settings of the observatory; by default those that ``DAILYCAL_SIM_CONFIG`` names.
    **kwargs
        More arguments of `SimulatedCsc`.
    """
    table = TELESCOPE[name]
    base = _ConfigurableTelescope if is_configurable(name) else _Telescope
    made = type(f"Sim{name}", (base,), {"table": table})
    return typing.cast("SimulatedCsc", made(name, config, **kwargs))


SimATMCS = functools.partial(make_telescope_csc, "ATMCS")
SimATPtg = functools.partial(make_telescope_csc, "ATPtg")
SimATAOS = functools.partial(make_telescope_csc, "ATAOS")
SimATPneumatics = functools.partial(make_telescope_csc, "ATPneumatics")
SimATHexapod = functools.partial(make_telescope_csc, "ATHexapod")
SimATDome = functools.partial(make_telescope_csc, "ATDome")
SimATDomeTrajectory = functools.partial(make_telescope_csc, "ATDomeTrajectory")
