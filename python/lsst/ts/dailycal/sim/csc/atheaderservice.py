# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake ATHeaderService."""

__all__ = ["SimATHeaderService"]

import asyncio
import typing

import lsst.ts.salobj as salobj

from ...model import ImageName
from ..config import SimulationConfig
from .header_file import HeaderFile, write_header
from .simulated import SimulatedCsc
from .transition_faults import TransitionFaults

_MARGIN = 30.0  # beyond the exposure, in seconds of the simulation
_SHORTEST_WAIT = 5.0  # in real seconds: a busy machine is not a lost event
_UPLOAD_FAILED = 8010  # error code


class SimATHeaderService(TransitionFaults, SimulatedCsc):
    """Writes a header file for every image of ATCamera.

    It waits for endOfImageTelemetry, at most exposure time and 30 seconds from
    startIntegration on; a header that cannot be written is a FAULT.

    Parameters
    ----------
    config : `SimulationConfig`, optional
        Settings of the observatory.
    **kwargs
        As for `SimulatedCsc`.
    """

    def __init__(self, config: SimulationConfig | None = None, **kwargs: typing.Any) -> None:
        super().__init__("ATHeaderService", config, **kwargs)
        self._open: dict[str, asyncio.Event] = {}
        self._camera = salobj.Remote(
            self.domain,
            "ATCamera",
            include=["startIntegration", "endOfImageTelemetry"],
            readonly=True,
        )
        self._spectrograph = salobj.Remote(
            self.domain,
            "ATSpectrograph",
            include=["reportedFilterPosition", "reportedDisperserPosition"],
            readonly=True,
        )
        self._in_beam = {"filter_name": "empty_1", "grating": "empty_1"}
        self._spectrograph.evt_reportedFilterPosition.callback = self._hear_filter
        self._spectrograph.evt_reportedDisperserPosition.callback = self._hear_grating

    async def start(self) -> None:
        """Start, and listen to the instrument from then on."""
        await super().start()
        # A callback set now hears no history: an image from before the start is nobody's.
        self._camera.evt_startIntegration.callback = self._hear_start
        self._camera.evt_endOfImageTelemetry.callback = self._hear_end

    async def _hear_filter(self, message: typing.Any) -> None:
        self._in_beam["filter_name"] = message.name

    async def _hear_grating(self, message: typing.Any) -> None:
        self._in_beam["grating"] = message.name

    async def _hear_start(self, message: typing.Any) -> None:
        if self.summary_state == salobj.State.ENABLED and message.imageName not in self._open:
            self._open[message.imageName] = asyncio.Event()
            self.spawn(self._expect(message.imageName, message.exposureTime))

    async def _hear_end(self, message: typing.Any) -> None:
        if self.summary_state != salobj.State.ENABLED:
            return
        if message.imageName not in self._open:  # startIntegration was lost on the way
            self._open[message.imageName] = asyncio.Event()
            self.spawn(self._expect(message.imageName, 0.0))
        self._open[message.imageName].set()

    async def _expect(self, name: str, exposure_time: float) -> None:
        wait = (exposure_time + _MARGIN) / self.world.clock.scale
        try:
            async with asyncio.timeout(max(wait, _SHORTEST_WAIT)):
                await self._open[name].wait()
        except TimeoutError:
            self.log.error(f"No endOfImageTelemetry of {name}: it gets no header.")
            return
        finally:
            # A second endOfImageTelemetry of the image finds it gone only some time later.
            asyncio.get_running_loop().call_later(60.0, self._open.pop, name, None)
        await self._announce(name)

    async def _announce(self, name: str) -> None:
        try:
            image_type, file = await asyncio.to_thread(
                self._write_file, ImageName.parse(name), dict(self._in_beam)
            )
        except OSError as error:
            await self.enter_fault(
                _UPLOAD_FAILED, f"The header of {name} cannot be written: {error}"
            )
            return
        fault = self.world.faults.hit("headers", image_type=image_type, image_name=name)
        if fault is not None and fault.name == "header_silent":
            return
        if fault is not None and fault.name == "header_late":
            await self.world.clock.sleep(fault.number("delay"))
        times = 2 if fault is not None and fault.name == "header_twice" else 1
        for _ in range(times):
            await self.publish(
                self.evt_largeFileObjectAvailable,
                url=file.path.as_uri(),
                generator="ATHeaderService",
                version=1.0,
                byteSize=file.size,
                checkSum=file.checksum,
                mimeType="YAML",
                id=name,
            )

    def _write_file(self, name: ImageName, in_beam: dict[str, str]) -> tuple[str, HeaderFile]:
        exposure = self.world.acquisition.get(name)
        cards = self.world.header(exposure, **in_beam)
        path = self.world.config.root / "headers" / f"{name.day_obs:08d}" / f"{name}.yaml"
        return exposure.image_type, write_header(path, cards)
