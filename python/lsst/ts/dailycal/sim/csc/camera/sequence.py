# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How ATCamera takes one image."""

__all__ = ["ExposureSequence"]

import asyncio
import typing

import lsst.ts.salobj as salobj

from ....sal.camera.states import Rafts
from ...exposures import SimulatedExposure
from ...faults.fault import Fault
from .events import CameraEvents, Readiness, Shutter
from .image import CameraRequest, OpenImage

READOUT_TIME = 2.0
"""Readout, in seconds."""
_CLEAR_TIME = 0.07
_SHUTTER_TIME = 0.9
_TELEMETRY_DELAY = 0.3  # from the end of the readout to endOfImageTelemetry
_CAMERA_FAULT = 1000  # error code


class ExposureSequence:
    """Takes one image after another, with every event that real ones come with.

    Parameters
    ----------
    csc : `SimATCamera`
        The component.
    events : `CameraEvents`
        Its events.
    """

    def __init__(self, csc: typing.Any, events: CameraEvents) -> None:
        self._csc = csc
        self._events = events
        self._spent = 0.0
        self._fault: Fault | None = None
        self._fault_after = 0.0

    async def take(self, request: CameraRequest, index: int) -> SimulatedExposure:
        """Take an image, and return when it was read out.

        Raises
        ------
        ~lsst.ts.salobj.ExpectedError
            If the camera left ENABLED meanwhile.
        """
        image = await self.open(request, index)
        await self._pause(request.exposure_time)
        return await self.close(image, request.exposure_time)

    async def open(self, request: CameraRequest, index: int) -> OpenImage:
        """Begin an integration.

        Raises
        ------
        ~lsst.ts.salobj.ExpectedError
            If the camera left ENABLED meanwhile.
        """
        world, events = self._csc.world, self._events
        await events.substate("imageReadinessDetailedState", Readiness.GETTING_READY)
        await events.mark("prepareToTakeImage")
        await events.substate("raftsDetailedState", Rafts.CLEARING)
        await self._csc.pause(_CLEAR_TIME)
        name = await asyncio.to_thread(world.names.next, world.clock.day_obs())
        about = {"image_type": request.image_type, "image_name": name}
        self._spent = 0.0
        self._fault = world.faults.hit("camera.exposure", **about)
        if self._fault is not None:
            whole = request.exposure_time + READOUT_TIME
            self._fault_after = self._fault.number("fraction") * whole
        await events.substate("imageReadinessDetailedState", Readiness.READY)
        await events.mark("readyToTakeImage")
        stuck = world.faults.hit("camera.shutter", **about)
        effects = world.frame_effects(**about)
        if request.shutter:
            await self._open_shutter()
        image = OpenImage(
            request=request,
            name=name,
            index=index,
            begin_tai=world.clock.tai(),
            stray_light=0.0 if stuck is None else stuck.number("light"),
            effects=effects,
        )
        await events.substate("raftsDetailedState", Rafts.INTEGRATING)
        await self._publish_with_fault(
            "start_integration", world.faults.hit("camera.start_integration", **about), image
        )
        return image

    async def close(self, image: OpenImage, exposure_time: float) -> SimulatedExposure:
        """End an integration and read out.

        Parameters
        ----------
        image : `OpenImage`
            The image.
        exposure_time : `float`
            How long the integration was, in seconds.

        Raises
        ------
        ~lsst.ts.salobj.ExpectedError
            If the camera left ENABLED meanwhile.
        """
        world, events = self._csc.world, self._events
        if image.request.shutter:
            await self._close_shutter()
        exposure = image.finish(world.clock.tai(), exposure_time)
        await events.substate("raftsDetailedState", Rafts.READING_OUT)
        await events.start_readout(image)
        await self._pause(READOUT_TIME)
        # Before anything tells of the image, so that whoever hears of it finds it.
        await asyncio.to_thread(world.acquisition.put, exposure)
        fault = world.faults.hit(
            "camera.end_readout", image_type=exposure.image_type, image_name=image.name
        )
        await events.substate("raftsDetailedState", Rafts.NEEDS_CLEAR)
        await events.substate("imageReadinessDetailedState", Readiness.NOT_READY)
        await events.mark("notReadyToTakeImage")
        await self._publish_with_fault("end_readout", fault, image)
        await events.mark("endTakeImage")
        self._csc.spawn(self._end_telemetry(image, exposure))
        return exposure

    async def _open_shutter(self) -> None:
        await self._events.mark("startShutterOpen")
        await self._events.substate("shutterDetailedState", Shutter.OPENING)
        await self._csc.pause(_SHUTTER_TIME)
        await self._events.mark("endShutterOpen")
        await self._events.substate("shutterDetailedState", Shutter.OPEN)

    async def _close_shutter(self) -> None:
        await self._events.mark("startShutterClose")
        await self._events.substate("shutterDetailedState", Shutter.CLOSING)
        await self._csc.pause(_SHUTTER_TIME)
        await self._events.mark("endShutterClose")
        await self._events.substate("shutterDetailedState", Shutter.CLOSED)

    async def _pause(self, seconds: float) -> None:
        """Let exposure or readout time pass; the camera may break down meanwhile."""
        if self._fault is None or self._spent + seconds < self._fault_after:
            self._spent += seconds
            await self._csc.pause(seconds)
            return
        await self._csc.pause(self._fault_after - self._spent)
        await self._csc.enter_fault(_CAMERA_FAULT, "the simulated fault camera_fault")
        raise salobj.ExpectedError("ATCamera is FAULT")

    async def _publish_with_fault(self, event: str, fault: Fault | None, image: OpenImage) -> None:
        publish = getattr(self._events, event)
        if fault is None or fault.name.endswith("_twice"):
            await publish(image)
        if fault is not None and fault.name.endswith("_twice"):
            await publish(image)
        if fault is not None and fault.name.endswith("_late"):
            self._csc.spawn(self._publish_late(event, fault.number("delay"), image))

    async def _publish_late(self, event: str, delay: float, image: OpenImage) -> None:
        await self._csc.world.clock.sleep(delay)
        await getattr(self._events, event)(image)

    async def _end_telemetry(self, image: OpenImage, exposure: SimulatedExposure) -> None:
        await self._csc.world.clock.sleep(_TELEMETRY_DELAY)
        await self._events.telemetry_ended(image, exposure)
