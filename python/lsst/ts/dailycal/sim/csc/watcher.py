# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fake Watcher: it has the alarms about states and heartbeats, and mutes them."""

__all__ = ["SimWatcher"]

import asyncio
import dataclasses
import re
import typing

import lsst.ts.salobj as salobj

from ..config import SimulationConfig
from .simulated import ConfigurableSimulatedCsc
from .transition_faults import TransitionFaults

_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Watcher v1",
    "type": "object",
    "properties": {"components": {"type": "array", "items": {"type": "string"}, "default": []}},
    "additionalProperties": False,
}
_COMPONENTS = (
    "ATMCS:0",
    "ATPtg:0",
    "ATAOS:0",
    "ATPneumatics:0",
    "ATHexapod:0",
    "ATDome:0",
    "ATDomeTrajectory:0",
    "ATCamera:0",
    "ATSpectrograph:0",
    "ATHeaderService:0",
    "ATOODS:0",
    "OCPS:1",
    "Scheduler:2",
    "ScriptQueue:2",
)
_NO_SEVERITY, _CRITICAL = 1, 4


@dataclasses.dataclass(slots=True)
class _Alarm:
    """An alarm, and whether it is mute."""

    name: str
    muted_severity: int = 0
    muted_by: str = ""
    unmute_at: float = 0.0


class SimWatcher(TransitionFaults, ConfigurableSimulatedCsc):
    """Fake Watcher. Its alarms never ring; they can be muted, as ``set_summary_state`` does.

    Parameters
    ----------
    config : `SimulationConfig`, optional
        Settings of the observatory.
    initial_state : `lsst.ts.salobj.State`, optional
        State to go to at the start; by default ENABLED, where the real one is always.
    **kwargs
        More arguments of `SimulatedCsc`.
    """

    def __init__(
        self,
        config: SimulationConfig | None = None,
        *,
        initial_state: salobj.State | None = None,
        **kwargs: typing.Any,
    ) -> None:
        self._alarms = {
            name: _Alarm(name)
            for component in _COMPONENTS
            for name in (f"Enabled.{component}", f"Heartbeat.{component}")
        }
        rest = salobj.State.ENABLED if initial_state is None else initial_state
        super().__init__("Watcher", config, schema=_SCHEMA, initial_state=rest, **kwargs)

    @staticmethod
    def get_config_pkg() -> str:
        """Return the package of the configurations of the real one."""
        return "ts_config_ocs"

    async def do_mute(self, data: typing.Any) -> None:
        """Mute the alarms whose names match."""
        self.assert_enabled()
        if data.duration <= 0:
            raise salobj.ExpectedError(f"duration={data.duration} must be positive")
        if not _NO_SEVERITY < data.severity <= _CRITICAL:
            raise salobj.ExpectedError(f"severity={data.severity} is none")
        for alarm in self._find(data.name):
            alarm.muted_severity, alarm.muted_by = data.severity, data.mutedBy
            alarm.unmute_at = self.world.clock.tai() + data.duration
            await self._tell(alarm)
            self.spawn(self._unmute_later(alarm, alarm.unmute_at))

    async def do_unmute(self, data: typing.Any) -> None:
        """Let the alarms ring whose names match."""
        self.assert_enabled()
        for alarm in self._find(data.name):
            await self._unmute(alarm)

    async def do_showAlarms(self, data: typing.Any) -> None:
        """Publish all alarms."""
        self.assert_enabled()
        for alarm in self._alarms.values():
            await self._tell(alarm)

    async def do_acknowledge(self, data: typing.Any) -> None:
        """Acknowledge alarms, which never ring."""
        self.assert_enabled()
        self._find(data.name)

    async def do_unacknowledge(self, data: typing.Any) -> None:
        """Take that back."""
        self.assert_enabled()
        self._find(data.name)

    def _find(self, pattern: str) -> list[_Alarm]:
        try:
            found = [alarm for name, alarm in self._alarms.items() if re.match(pattern, name)]
        except re.error as error:
            raise salobj.ExpectedError(f"{pattern!r} is no pattern: {error}") from error
        if not found:
            raise salobj.ExpectedError(f"no alarm matches {pattern!r}")
        return found

    async def _unmute_later(self, alarm: _Alarm, at: float) -> None:
        await asyncio.sleep((at - self.world.clock.tai()) / self.world.clock.scale)
        if alarm.unmute_at == at:
            await self._unmute(alarm)

    async def _unmute(self, alarm: _Alarm) -> None:
        alarm.muted_severity, alarm.muted_by, alarm.unmute_at = 0, "", 0.0
        await self._tell(alarm)

    async def _tell(self, alarm: _Alarm) -> None:
        await self.publish(
            self.evt_alarm,
            name=alarm.name,
            severity=_NO_SEVERITY,
            maxSeverity=_NO_SEVERITY,
            mutedSeverity=alarm.muted_severity,
            mutedBy=alarm.muted_by,
            timestampUnmute=alarm.unmute_at,
        )
