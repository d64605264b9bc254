# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake ATSpectrograph."""

__all__ = ["SimATSpectrograph"]

import typing
from collections.abc import Awaitable

import lsst.ts.salobj as salobj

from ..config import SimulationConfig
from ..spectrograph import FILTERS, GRATINGS
from .compat import acknowledge_progress
from .simulated import ConfigurableSimulatedCsc
from .transition_faults import TransitionFaults
from .wheel import Axis, Wheel, WheelStatus

_WHEEL_SCHEMA = {"type": "array", "items": {"type": "string"}, "minItems": 4, "maxItems": 4}
_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "ATSpectrograph v4",
    "type": "object",
    "properties": {
        "filters": {**_WHEEL_SCHEMA, "default": list(FILTERS)},
        "gratings": {**_WHEEL_SCHEMA, "default": list(GRATINGS)},
    },
    "additionalProperties": False,
}
_WAVELENGTHS = {"BG40_65mm_1": 470.0, "SDSSr_65mm": 620.0, "OG550_65mm_1": 800.0}
_BANDS = {"SDSSr_65mm": "r", "SDSSy_65mm": "y", "BG40_65mm_1": "g", "OG550_65mm_1": "i"}
_FILTER_AXIS = Axis("fwState", "filterInPosition", "reportedFilterPosition")
_GRATING_AXIS = Axis("gwState", "disperserInPosition", "reportedDisperserPosition")
_STAGE_AXIS = Axis("lsState", "linearStageInPosition", "reportedLinearStagePosition")
_CONNECT_TIMEOUT = 65.0
_MOVE_TIMEOUT = 60.0
_EXPOSURE_MARGIN = 10.0
_HOMING_TIME = 4.0
_SLOT_TIME = 3.0  # from a slot to the next
_STAGE_RANGE = (2.0, 65.0)  # mm
_STAGE_SPEED = 3.0  # mm/s


class SimATSpectrograph(TransitionFaults, ConfigurableSimulatedCsc):
    """The wheels and the stage of LATISS. Nothing moves while ATCamera exposes.

    Parameters
    ----------
    config : `SimulationConfig`, optional
        Settings of the observatory.
    **kwargs
        As for `SimulatedCsc`.
    """

    def __init__(self, config: SimulationConfig | None = None, **kwargs: typing.Any) -> None:
        super().__init__("ATSpectrograph", config, schema=_SCHEMA, **kwargs)
        for command in ("changeFilter", "changeDisperser", "moveLinearStage", "homeLinearStage"):
            # Filter and grating move at the same time.
            getattr(self, f"cmd_{command}").allow_multiple_callbacks = True
        self._filters = Wheel(FILTERS)
        self._gratings = Wheel(GRATINGS)
        self._stage = _STAGE_RANGE[0]
        self._homed = False
        self._moving: set[str] = set()
        self._exposing = ""
        self._read_out = ""
        self._exposing_until = 0.0
        self._camera = salobj.Remote(
            self.domain, "ATCamera", include=["startIntegration", "startReadout"], readonly=True
        )
        self._camera.evt_startIntegration.callback = self._hear_start
        self._camera.evt_startReadout.callback = self._hear_readout

    async def begin_enable(self, data: typing.Any) -> None:
        """Connect, home the stage if that was never done, and find out where everything is."""
        await super().begin_enable(data)
        await acknowledge_progress(self.cmd_enable, data, _CONNECT_TIMEOUT)
        self._filters = Wheel(self.settings.filters)
        self._gratings = Wheel(self.settings.gratings)
        await self._publish_settings()
        for axis in (_FILTER_AXIS, _GRATING_AXIS, _STAGE_AXIS):
            await self._publish_state(axis, WheelStatus.STATIONARY)
        if not self._homed:
            await self._publish_state(_STAGE_AXIS, WheelStatus.HOMING)
            await self.world.clock.sleep(_HOMING_TIME)
            self._homed = True
            await self._publish_state(_STAGE_AXIS, WheelStatus.STATIONARY)
        await self._publish_filter()
        await self._publish_grating()
        await self._publish_stage()

    async def do_changeFilter(self, data: typing.Any) -> None:
        """Put another filter in the beam."""
        slot = self._check_wheel(self._filters, data.filter, data.name, "changeFilter")
        progress = acknowledge_progress(self.cmd_changeFilter, data, _MOVE_TIMEOUT)
        await self._turn(self._filters, slot, _FILTER_AXIS, progress)
        await self._publish_filter()

    async def do_changeDisperser(self, data: typing.Any) -> None:
        """Put another grating in the beam."""
        slot = self._check_wheel(self._gratings, data.disperser, data.name, "changeDisperser")
        progress = acknowledge_progress(self.cmd_changeDisperser, data, _MOVE_TIMEOUT)
        await self._turn(self._gratings, slot, _GRATING_AXIS, progress)
        await self._publish_grating()

    async def do_moveLinearStage(self, data: typing.Any) -> None:
        """Move the stage."""
        self._check_move("moveLinearStage", _STAGE_AXIS)
        low, high = _STAGE_RANGE
        if not low <= data.distanceFromHome <= high:
            raise salobj.ExpectedError(
                f"distanceFromHome={data.distanceFromHome} must be from {low:g} to {high:g} mm"
            )
        progress = acknowledge_progress(self.cmd_moveLinearStage, data, _MOVE_TIMEOUT)
        await self._move_stage(data.distanceFromHome, progress)

    async def do_homeLinearStage(self, data: typing.Any) -> None:
        """Move the stage home."""
        self._check_move("homeLinearStage", _STAGE_AXIS)
        progress = acknowledge_progress(self.cmd_homeLinearStage, data, _MOVE_TIMEOUT)
        await self._move_stage(_STAGE_RANGE[0], progress)

    async def do_stopAllAxes(self, data: typing.Any) -> None:
        """Accept: no simulated move can be cut short."""
        self.assert_enabled()

    async def _hear_start(self, message: typing.Any) -> None:
        self._exposing = message.imageName
        # An exposure that breaks off is never read out.
        begin = message.timestampAcquisitionStart
        self._exposing_until = begin + message.exposureTime + _EXPOSURE_MARGIN

    async def _hear_readout(self, message: typing.Any) -> None:
        self._read_out = message.imageName

    def _check_move(self, command: str, axis: Axis) -> None:
        self.assert_enabled()
        if self._exposing != self._read_out and self.world.clock.tai() < self._exposing_until:
            raise salobj.ExpectedError(f"{command} not allowed: {self._exposing} is being exposed")
        if axis.state in self._moving:
            raise salobj.ExpectedError(f"{command} not allowed: it is moving")

    def _check_wheel(self, wheel: Wheel, slot: int, name: str, command: str) -> int:
        axis = _FILTER_AXIS if wheel is self._filters else _GRATING_AXIS
        self._check_move(command, axis)
        try:
            return wheel.find(slot, name)
        except LookupError as error:
            raise salobj.ExpectedError(str(error)) from None

    async def _turn(self, wheel: Wheel, slot: int, axis: Axis, progress: Awaitable[None]) -> None:
        await self._move(axis, abs(slot - wheel.slot) * _SLOT_TIME, progress)
        wheel.slot = slot

    async def _move_stage(self, position: float, progress: Awaitable[None]) -> None:
        await self._move(_STAGE_AXIS, abs(position - self._stage) / _STAGE_SPEED, progress)
        self._stage = position
        await self._publish_stage()

    async def _move(self, axis: Axis, seconds: float, progress: Awaitable[None]) -> None:
        # Before anything is awaited, or a second command could move the same axis.
        self._moving.add(axis.state)
        try:
            await progress
            await self._publish_in_position(axis, False)
            await self._publish_state(axis, WheelStatus.MOVING)
            await self.pause(seconds)
            await self._publish_state(axis, WheelStatus.STATIONARY)
            await self._publish_in_position(axis, True)
        finally:
            self._moving.discard(axis.state)

    async def _publish_state(self, axis: Axis, state: WheelStatus) -> None:
        await self.publish(getattr(self, f"evt_{axis.state}"), state=int(state))

    async def _publish_in_position(self, axis: Axis, in_position: bool) -> None:
        await self.publish(getattr(self, f"evt_{axis.in_position}"), inPosition=in_position)

    async def _publish_filter(self) -> None:
        name = self._filters.name
        await self.publish(
            self.evt_reportedFilterPosition,
            slot=self._filters.slot,
            name=name,
            band=_BANDS.get(name, ""),
            centralWavelength=_WAVELENGTHS.get(name, 700.0),
            focusOffset=0.0,
            pointingOffsets=[0.0, 0.0],
        )
        await self._publish_in_position(_FILTER_AXIS, True)

    async def _publish_grating(self) -> None:
        name = self._gratings.name
        await self.publish(
            self.evt_reportedDisperserPosition,
            slot=self._gratings.slot,
            name=name,
            band=_BANDS.get(name, ""),
            focusOffset=0.0,
            pointingOffsets=[0.0, 0.0],
        )
        await self._publish_in_position(_GRATING_AXIS, True)

    async def _publish_stage(self) -> None:
        await self.publish(self.evt_reportedLinearStagePosition, position=self._stage)
        await self._publish_in_position(_STAGE_AXIS, True)

    async def _publish_settings(self) -> None:
        await self.publish(
            self.evt_settingsAppliedValues,
            host="simulated",
            moveTimeout=_MOVE_TIMEOUT,
            linearStageMinPos=_STAGE_RANGE[0],
            linearStageMaxPos=_STAGE_RANGE[1],
            linearStageSpeed=_STAGE_SPEED,
            filterNames=",".join(self._filters.names),
            gratingNames=",".join(self._gratings.names),
            instrumentPort=1,
        )
