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

import lsst.ts.idl
import lsst.ts.salobj as salobj

from ..config import SimulationConfig
from .simulated import ConfigurableSimulatedCsc, SimulatedCsc
from .telescope_log import TelescopeCommand, append_command
from .telescope_table import TELESCOPE, TelescopeComponent
from .transition_faults import TransitionFaults

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
            self.publish(getattr(self, f"evt_{publication.event}"), **publication.fields)

    def receive(self, command: str, data: typing.Any) -> None:
        """Write a command down, and carry it out if the component is ENABLED."""
        names = _own_fields(data)
        append_command(
            self.world.config.root,
            TelescopeCommand(
                tai=self.world.clock.tai(),
                component=self.component,
                command=command,
                moves=command not in self.table.still,
                state=self.summary_state.name,
                fields=tuple((name, getattr(data, name)) for name in names),
            ),
        )
        self.assert_enabled()
        for publication in self.table.effects.get(command, ()):
            self.publish(getattr(self, f"evt_{publication.event}"), **publication.fields)


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


def _own_fields(data: typing.Any) -> list[str]:
    """Return the names of a command's own fields (`list` [`str`])."""
    private = ("private_", "priority", "salIndex")
    return [
        name for name in data.get_vars() if not name.startswith(private) and not name.endswith("ID")
    ]


def _own_commands(name: str) -> list[str]:
    """Return the commands that a component has besides those that every CSC has."""
    path = lsst.ts.idl.get_idl_dir() / f"sal_revCoded_{name}.idl"
    topics = salobj.parse_idl(name, str(path)).topic_info
    commands = [topic.removeprefix("command_") for topic in topics if topic.startswith("command_")]
    return [command for command in commands if not hasattr(salobj.BaseCsc, f"do_{command}")]


def _make_callback(command: str) -> typing.Any:
    async def callback(self: _Telescope, data: typing.Any) -> None:
        self.receive(command, data)

    return callback


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
    base = _ConfigurableTelescope if table.configurable else _Telescope
    # salobj wants a method for each command; the interface knows which commands there are.
    methods: dict[str, typing.Any] = {
        f"do_{command}": _make_callback(command) for command in _own_commands(name)
    }
    made = type(f"Sim{name}", (base,), {**methods, "table": table})
    return typing.cast("SimulatedCsc", made(name, config, **kwargs))


SimATMCS = functools.partial(make_telescope_csc, "ATMCS")
SimATPtg = functools.partial(make_telescope_csc, "ATPtg")
SimATAOS = functools.partial(make_telescope_csc, "ATAOS")
SimATPneumatics = functools.partial(make_telescope_csc, "ATPneumatics")
SimATHexapod = functools.partial(make_telescope_csc, "ATHexapod")
SimATDome = functools.partial(make_telescope_csc, "ATDome")
SimATDomeTrajectory = functools.partial(make_telescope_csc, "ATDomeTrajectory")
