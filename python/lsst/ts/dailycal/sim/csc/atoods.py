# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake ATOODS."""

__all__ = ["SimATOODS"]

import asyncio
import dataclasses
import typing
import urllib.parse
import urllib.request
from pathlib import Path

import lsst.ts.salobj as salobj

from ...model import ImageName
from ...model.detector import DETECTOR_NAME, INSTRUMENT
from ..config import SimulationConfig
from ..faults.fault import Fault
from .compat import acknowledge_progress, existing_fields
from .ingester import Ingester
from .simulated import SimulatedCsc
from .transition_faults import TransitionFaults

_INGESTED, _NOT_INGESTED, _BAD_METADATA = 0, 1, 2
_LONGEST_TEXT = 256
_FOREIGN_CONTROLLER = "C"  # the camera's own
_LONGEST_HOLD = 60.0  # for a report that waits for the next, in seconds


class SimATOODS(TransitionFaults, SimulatedCsc):
    """Writes raw files of the images of ATCamera, ingests them and says so.

    An image is complete when its header has come.

    Parameters
    ----------
    config : `SimulationConfig`, optional
        Settings of the observatory.
    **kwargs
        As for `SimulatedCsc`.
    """

    def __init__(self, config: SimulationConfig | None = None, **kwargs: typing.Any) -> None:
        super().__init__("ATOODS", config, **kwargs)
        self._ingester = Ingester(self.world)
        self._known: set[str] = set()
        self._reported = asyncio.Event()
        self._header_service = salobj.Remote(
            self.domain,
            "ATHeaderService",
            include=["largeFileObjectAvailable"],
            readonly=True,
        )

    async def start(self) -> None:
        """Start, and listen to ATHeaderService from then on."""
        await super().start()
        # A callback set now hears no history: an image from before the start is nobody's.
        self._header_service.evt_largeFileObjectAvailable.callback = self._hear_header

    async def close_tasks(self) -> None:
        """End the background work."""
        await super().close_tasks()
        await self._ingester.close()

    async def begin_start(self, data: typing.Any) -> None:
        """Open the Butler, so that the first image is not late."""
        await super().begin_start(data)
        await acknowledge_progress(self.cmd_start, data, 60.0)
        try:
            await self._ingester.open()
        except Exception as error:  # noqa: BLE001
            # The Butler raises many kinds, and each means the same here.
            raise salobj.ExpectedError(f"The Butler repository cannot be opened: {error}") from None

    async def _hear_header(self, message: typing.Any) -> None:
        if self.summary_state != salobj.State.ENABLED or message.id in self._known:
            return
        self._known.add(message.id)
        path = Path(urllib.request.url2pathname(urllib.parse.urlparse(message.url).path))
        self.spawn(self._take_in(message.id, path))

    async def _take_in(self, name: str, header: Path) -> None:
        try:
            image = ImageName.parse(name)
            exposure = await self._ingester.find(image)
        except (ValueError, LookupError) as error:
            await self._report(name, _BAD_METADATA, str(error), raft="undef", sensor="undef")
            return
        about = {"image_type": exposure.image_type, "image_name": name}
        damage = self.world.faults.hit("ingest.file", **about)
        fault = self.world.faults.hit("ingest", **about)
        try:
            ingest = fault is None or fault.name != "ingest_error"
            await self._ingester.take_in(image, header, damage, ingest=ingest)
        except ValueError as error:
            await self._report(name, _BAD_METADATA, str(error))
        except Exception as error:
            # Whatever the Butler or the disk raises: the real one reports it and goes on.
            self.log.exception(f"{name} could not be ingested.")
            await self._report(name, _NOT_INGESTED, f"{type(error).__name__}: {error}")
        else:
            await self._tell(image, fault)

    async def _tell(self, image: ImageName, fault: Fault | None) -> None:
        """Report an image that was dealt with, as faithfully as the fault allows."""
        name, kind = str(image), "" if fault is None else fault.name
        if kind == "ingest_silent":
            return
        if fault is not None and kind == "ingest_error":
            code = int(fault.number("code"))
            await self._report(name, code, "the simulated fault ingest_error")
            return
        if fault is not None and kind == "ingest_late":
            await self.world.clock.sleep(fault.number("delay"))
        if kind == "ingest_foreign":
            foreign = dataclasses.replace(image, controller=_FOREIGN_CONTROLLER)
            await self._report(str(foreign), _INGESTED, "file ingested")
        if kind == "ingest_reordered":
            await self._wait_for_another()
        await self._report(name, _INGESTED, "file ingested")
        if kind == "ingest_twice":
            await self._report(name, _INGESTED, "file ingested")

    async def _wait_for_another(self) -> None:
        self._reported.clear()
        try:
            async with asyncio.timeout(_LONGEST_HOLD / self.world.clock.scale):
                await self._reported.wait()
        except TimeoutError:
            self.log.info("No other image came: the report waits no longer.")

    async def _report(
        self, name: str, status: int, description: str, raft: str = "", sensor: str = ""
    ) -> None:
        own_raft, _, own_sensor = DETECTOR_NAME.partition("_")
        await self.publish(
            self.evt_imageInOODS,
            camera=INSTRUMENT,
            obsid=name,
            raft=raft or own_raft,
            sensor=sensor or own_sensor,
            statusCode=status,
            description=description[:_LONGEST_TEXT],
            **existing_fields(self.evt_imageInOODS, archiverName="ATOODS"),
        )
        self._reported.set()
