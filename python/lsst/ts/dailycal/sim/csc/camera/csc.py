# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake ATCamera."""

__all__ = ["SimATCamera"]

import asyncio
import typing
import zlib

import lsst.ts.salobj as salobj

from ....sal.camera.states import Calibration, CommandState, Offline, Rafts
from ...config import SimulationConfig
from ..compat import acknowledge_progress
from ..simulated import ConfigurableSimulatedCsc
from ..transition_faults import TransitionFaults
from .events import CameraEvents, Readiness, Shutter
from .image import CameraRequest, OpenImage, parse_key_value_map
from .sequence import READOUT_TIME, ExposureSequence
from .telemetry import publish_telemetry

_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "ATCamera v1",
    "type": "object",
    "properties": {},
    "additionalProperties": False,
}
_TELEMETRY_INTERVAL = 2.0  # real seconds
_ACK_MARGIN = 20.0
_ROW_TIME = 0.001
_SEQUENCER = "latiss_simulated_v1.seq"


class SimATCamera(TransitionFaults, ConfigurableSimulatedCsc):
    """The camera of LATISS, as the camera control system shows it.

    It rests OFFLINE, takes ``enterControl`` only while it is AVAILABLE, and takes one image
    at a time.

    Parameters
    ----------
    config : `SimulationConfig`, optional
        Settings of the observatory.
    **kwargs
        As for `SimulatedCsc`.
    """

    default_initial_state = salobj.State.OFFLINE

    def __init__(self, config: SimulationConfig | None = None, **kwargs: typing.Any) -> None:
        super().__init__("ATCamera", config, schema=_SCHEMA, **kwargs)
        for command in ("takeImages", "startImage", "endImage", "stop", "disableCalibration"):
            # A second takeImages must be refused, not kept until the first is done.
            getattr(self, f"cmd_{command}").allow_multiple_callbacks = True
        self._events = CameraEvents(self)
        self._sequence = ExposureSequence(self, self._events)
        self._busy = ""
        self._stop = False
        self._offline = Offline.AVAILABLE
        self._calibration = Calibration.DISABLED
        self._open_image: OpenImage | None = None

    async def start_background(self) -> None:
        """Publish how the camera is."""
        if self.world.faults.lasting("camera.offline"):
            self._offline = Offline.PUBLISH_ONLY
        events = self._events
        await events.substate("offlineDetailedState", self._offline)
        await events.substate("calibrationDetailedState", self._calibration)
        await events.substate("ccsCommandState", CommandState.IDLE)
        await events.substate("imageReadinessDetailedState", Readiness.NOT_READY)
        await events.substate("raftsDetailedState", Rafts.QUIESCENT)
        await events.substate("shutterDetailedState", Shutter.CLOSED)
        await events.focal_plane(_SEQUENCER, str(zlib.crc32(_SEQUENCER.encode())))
        self.spawn(self._publish_telemetry())

    async def handle_summary_state(self) -> None:
        """Forget an open image when the camera leaves ENABLED."""
        await super().handle_summary_state()
        if self.summary_state != salobj.State.ENABLED and self._open_image is not None:
            self._open_image = None
            await self._end()

    async def do_enterControl(self, data: typing.Any) -> None:
        """Give the observatory control of the camera."""
        if self._offline != Offline.AVAILABLE:
            raise salobj.ExpectedError(
                f"enterControl not allowed: offline substate is {self._offline.name}"
            )
        await self._do_change_state(
            data, "enterControl", [salobj.State.OFFLINE], salobj.State.STANDBY
        )

    async def do_exitControl(self, data: typing.Any) -> None:
        """Take control back; the camera goes on running, unlike other components."""
        await self._do_change_state(
            data, "exitControl", [salobj.State.STANDBY], salobj.State.OFFLINE
        )
        await self._events.substate("offlineDetailedState", self._offline)

    async def do_takeImages(self, data: typing.Any) -> None:
        """Take images."""
        request = self._request(data, exposure_time=data.expTime, images=data.numImages)
        self._refuse_unless_ready(request, "takeImages")
        await self._begin("takeImages")
        duration = (request.exposure_time + READOUT_TIME) * request.images
        await acknowledge_progress(self.cmd_takeImages, data, duration + _ACK_MARGIN)
        try:
            for index in range(1, request.images + 1):
                if self._stop:
                    break
                await self._sequence.take(request, index)
        finally:
            await self._end()
        await self._finish(data, request)

    async def do_startImage(self, data: typing.Any) -> None:
        """Begin an integration that endImage ends."""
        request = self._request(data, exposure_time=max(data.timeout, 0.0), images=1)
        self._refuse_unless_ready(request, "startImage")
        await self._begin("startImage")
        try:
            self._open_image = await self._sequence.open(request, 1)
        except BaseException:
            await self._end()
            raise

    async def do_endImage(self, data: typing.Any) -> None:
        """End the integration that startImage began."""
        self.assert_enabled()
        image, self._open_image = self._open_image, None
        if image is None:
            raise salobj.ExpectedError("endImage not allowed: there is no open image")
        await acknowledge_progress(self.cmd_endImage, data, READOUT_TIME + _ACK_MARGIN)
        try:
            await self._sequence.close(image, self.world.clock.tai() - image.begin_tai)
        finally:
            await self._end()

    async def do_stop(self, data: typing.Any) -> None:
        """Take no further image of the command that is running."""
        self.assert_enabled()
        self._stop = True

    async def do_clear(self, data: typing.Any) -> None:
        """Clear the detector."""
        self._refuse_if_busy("clear")
        if data.nClears < 1:
            raise salobj.ExpectedError(f"nClears={data.nClears} must be 1 or more")
        await self._events.substate("raftsDetailedState", Rafts.CLEARING)
        await self.pause(0.07 * data.nClears)
        await self._events.substate("raftsDetailedState", Rafts.QUIESCENT)

    async def do_discardRows(self, data: typing.Any) -> None:
        """Read rows and throw them away, in calibration mode."""
        self._refuse_if_busy("discardRows")
        if self._calibration == Calibration.DISABLED:
            raise salobj.ExpectedError("discardRows not allowed: not in calibration mode")
        await self.pause(_ROW_TIME * max(data.nRows, 0))

    async def do_enableCalibration(self, data: typing.Any) -> None:
        """Enter calibration mode."""
        self._refuse_if_busy("enableCalibration")
        await self._set_calibration(Calibration.ENABLED)

    async def do_disableCalibration(self, data: typing.Any) -> None:
        """Leave calibration mode."""
        self.assert_enabled()
        await self._set_calibration(Calibration.DISABLED)

    async def do_initImage(self, data: typing.Any) -> None:
        """Get ready for an image."""
        self._refuse_if_busy("initImage")
        await self._events.substate("imageReadinessDetailedState", Readiness.GETTING_READY)
        await self.pause(data.deltaT)
        await self._events.substate("imageReadinessDetailedState", Readiness.READY)

    async def do_initGuiders(self, data: typing.Any) -> None:
        """Refuse: LATISS has no guiders."""
        raise salobj.ExpectedError("LATISS has no guiders")

    async def do_play(self, data: typing.Any) -> None:
        """Refuse: there is nothing to play."""
        raise salobj.ExpectedError("the simulated data acquisition has no playlists")

    async def do_playlist(self, data: typing.Any) -> None:
        """Refuse: there is nothing to play."""
        raise salobj.ExpectedError("the simulated data acquisition has no playlists")

    def _request(self, data: typing.Any, exposure_time: float, images: int) -> CameraRequest:
        self.assert_enabled()
        if data.sensors not in ("", "R00S00", "R00"):
            raise salobj.ExpectedError(f"sensors={data.sensors!r}: LATISS has only R00S00")
        try:
            return CameraRequest(
                exposure_time=exposure_time,
                shutter=bool(data.shutter),
                tags=parse_key_value_map(data.keyValueMap),
                note=data.obsNote,
                images=images,
            )
        except ValueError as error:
            raise salobj.ExpectedError(str(error)) from None

    def _refuse_unless_ready(self, request: CameraRequest, command: str) -> None:
        self._refuse_if_busy(command)
        if self._calibration != Calibration.DISABLED:
            raise salobj.ExpectedError(f"{command} not allowed in calibration mode")
        fault = self.world.faults.hit("camera.command", image_type=request.image_type)
        if fault is not None:
            raise salobj.ExpectedError("the simulated fault camera_refuses")

    def _refuse_if_busy(self, command: str) -> None:
        self.assert_enabled()
        if self._busy:
            raise salobj.ExpectedError(f"{command} not allowed: busy with {self._busy}")

    async def _begin(self, command: str) -> None:
        self._busy, self._stop = command, False
        await self._events.substate("ccsCommandState", CommandState.BUSY)

    async def _end(self) -> None:
        self._busy = ""
        if self.summary_state != salobj.State.ENABLED:
            await self._events.substate("raftsDetailedState", Rafts.QUIESCENT)
        await self._events.substate("ccsCommandState", CommandState.IDLE)

    async def _finish(self, data: typing.Any, request: CameraRequest) -> None:
        """Acknowledge a command whose images were taken, or fail to."""
        fault = self.world.faults.hit("camera.ack", image_type=request.image_type)
        if fault is None:
            return
        if fault.name == "camera_ack_lost":
            await self.for_ever()
        elif fault.name == "camera_ack_late":
            await self.world.clock.sleep(fault.number("delay"))
        elif fault.name == "camera_ack_twice":
            await self.complete(self.cmd_takeImages, data)
        elif fault.name == "camera_ack_failed":
            raise salobj.ExpectedError("the simulated fault camera_ack_failed")

    async def _set_calibration(self, mode: Calibration) -> None:
        self._calibration = mode
        await self._events.substate("calibrationDetailedState", mode)

    async def _publish_telemetry(self) -> None:
        while True:
            await publish_telemetry(self)
            await asyncio.sleep(_TELEMETRY_INTERVAL)
