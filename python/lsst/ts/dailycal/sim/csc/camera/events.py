# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The events of ATCamera, in the vocabulary of its interface."""

__all__ = ["CameraEvents", "Readiness", "Shutter"]

import enum
import typing

from ....model.detector import DETECTOR_SERIAL
from ...exposures import SimulatedExposure
from .image import OpenImage

_LOCATION = {"ccdLocation": "R00S00", "raftBay": "R00", "ccdSlot": "S00"}
_ITL = 1  # the interface's number of the maker of the detector


class Readiness(enum.IntEnum):
    """``imageReadinessDetailedState``."""

    READY = 1
    NOT_READY = 2
    GETTING_READY = 3


class Shutter(enum.IntEnum):
    """``shutterDetailedState``."""

    CLOSED = 1
    OPEN = 2
    CLOSING = 3
    OPENING = 4


class CameraEvents:
    """Publishes what happens in the camera.

    Parameters
    ----------
    csc : `SimATCamera`
        The component.
    """

    def __init__(self, csc: typing.Any) -> None:
        self._csc = csc

    async def substate(self, topic: str, value: enum.IntEnum) -> None:
        """Publish a detailed state.

        Parameters
        ----------
        topic : `str`
            The event, e.g. ``raftsDetailedState``.
        value : `enum.IntEnum`
            Its new value.
        """
        await self._publish(
            topic, substate=int(value), timestampTransition=self._csc.world.clock.tai()
        )

    async def mark(self, topic: str) -> None:
        """Publish an event that says nothing but when it happened."""
        await self._publish(topic, timestampTransition=self._csc.world.clock.tai())

    async def start_integration(self, image: OpenImage) -> None:
        """Publish that the integration of an image began."""
        await self._publish(
            "startIntegration", **image.fields(), exposureTime=image.request.exposure_time
        )

    async def start_readout(self, image: OpenImage) -> None:
        """Publish how an image is read out, and that this begins."""
        geometry = self._csc.world.config.geometry
        await self._publish(
            "imageReadoutParameters",
            imageName=str(image.name),
            **_LOCATION,
            ccdType=_ITL,
            overRows=geometry.parallel_overscan,
            overCols=geometry.serial_overscan,
            readRows=geometry.data_height,
            readCols=geometry.data_width,
            readCols2=0,
            preCols=geometry.prescan,
            preRows=0,
            postCols=0,
            underCols=0,
            daqFolder="raw",
            daqAnnotation="",
        )
        await self._publish(
            "startReadout",
            **image.fields(),
            exposureTime=image.request.exposure_time,
            timestampStartOfReadout=self._csc.world.clock.tai(),
        )

    async def end_readout(self, image: OpenImage) -> None:
        """Publish that an image was read out."""
        await self._publish(
            "endReadout",
            **image.fields(),
            requestedExposureTime=image.request.exposure_time,
            timestampEndOfReadout=self._csc.world.clock.tai(),
        )

    async def telemetry_ended(self, image: OpenImage, exposure: SimulatedExposure) -> None:
        """Publish that everything that belongs to an image was published."""
        await self._publish(
            "endOfImageTelemetry",
            **image.fields(),
            exposureTime=exposure.exposure_time,
            imageTag=f"{image.name.exposure_id:016x}",
            timestampDateObs=exposure.begin_tai,
            timestampDateEnd=exposure.end_tai,
            measuredShutterOpenTime=exposure.exposure_time if image.request.shutter else 0.0,
            darkTime=exposure.dark_time,
            emulatedImage="",
        )

    async def focal_plane(self, sequencer: str, checksum: str) -> None:
        """Publish what detector there is.

        Parameters
        ----------
        sequencer : `str`
            The sequencer file.
        checksum : `str`
            Its checksum.
        """
        await self._publish(
            "focalPlaneSummaryInfo",
            **_LOCATION,
            rebSerialNumber="simulated",
            rebLSSTName="simulated",
            ccdLSSTName=DETECTOR_SERIAL,
            raftLSSTName="simulated",
            ccdManSerNum=DETECTOR_SERIAL,
            ccdManufacturer="ITL",
            ccdType=_ITL,
            ccdTempSetPoint=self._csc.world.conditions().ccd_set_point,
            sequencerKey=sequencer,
            sequencerChecksum=checksum,
        )

    async def _publish(self, topic: str, **fields: typing.Any) -> None:
        await self._csc.publish(getattr(self._csc, f"evt_{topic}"), **fields)
