# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fake Scheduler: it takes a configuration, is enabled, resumes and stops. It plans nothing."""

__all__ = ["SimScheduler"]

import enum
import typing

import lsst.ts.salobj as salobj

from ..config import SimulationConfig
from .compat import requested_override
from .simulated import ConfigurableSimulatedCsc
from .transition_faults import TransitionFaults

_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Scheduler v1",
    "type": "object",
    "properties": {
        "driver_type": {"type": "string"},
        "startup_type": {"type": "string", "enum": ["HOT", "WARM", "COLD"]},
        "mode": {"type": "string"},
    },
    "required": ["driver_type"],
    "additionalProperties": False,
}


class DetailedState(enum.IntEnum):
    """``detailedState`` of the Scheduler."""

    IDLE = 1
    RUNNING = 2


class SimScheduler(TransitionFaults, ConfigurableSimulatedCsc):
    """Fake Scheduler.

    Parameters
    ----------
    config : `SimulationConfig`, optional
        Settings of the observatory.
    index : `int`
        Index; 2 is the Auxiliary Telescope's.
    **kwargs
        More arguments of `SimulatedCsc`.
    """

    def __init__(
        self, config: SimulationConfig | None = None, *, index: int = 2, **kwargs: typing.Any
    ) -> None:
        self._detailed = DetailedState.IDLE
        super().__init__("Scheduler", config, index=index, schema=_SCHEMA, **kwargs)

    @staticmethod
    def get_config_pkg() -> str:
        """Return the package of the configurations of the real one."""
        return "ts_config_scheduler"

    async def begin_start(self, data: typing.Any) -> None:
        """Refuse to be started without a configuration that is known."""
        known = sorted(path.name for path in self.config_dir.glob("[!_]*.yaml"))
        name = requested_override(data)
        # Labels are of salobj 6; later ones know files only.
        if name not in known and name not in getattr(self, "config_label_dict", ()):
            raise salobj.ExpectedError(
                f"no configuration {name!r}; the Scheduler needs one of: {', '.join(known)}"
            )
        await super().begin_start(data)

    async def handle_summary_state(self) -> None:
        """Be idle, unless a command set it going since it was enabled."""
        await super().handle_summary_state()
        await self._become(DetailedState.IDLE)

    async def do_resume(self, data: typing.Any) -> None:
        """Set it going."""
        self.assert_enabled()
        if self._detailed is not DetailedState.IDLE:
            raise salobj.ExpectedError("the Scheduler is running already")
        await self._become(DetailedState.RUNNING)

    async def do_stop(self, data: typing.Any) -> None:
        """Stop it."""
        self.assert_enabled()
        await self._become(DetailedState.IDLE)

    async def do_load(self, data: typing.Any) -> None:
        """Take a snapshot of a survey, which is not looked at."""
        self.assert_enabled()
        if self._detailed is not DetailedState.IDLE:
            raise salobj.ExpectedError("the Scheduler is running; stop it first")

    async def _become(self, state: DetailedState) -> None:
        self._detailed = state
        await self.publish(self.evt_detailedState, substate=int(state))
