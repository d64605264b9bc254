# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ingest port, with the simulated header service and OODS behind it."""

__all__ = ["DirectIngest"]

import asyncio
import dataclasses
import errno
import os

from ...model import ImageName, IngestError, format_duration
from ..exposures import SimulatedExposure
from ..faults.fault import Fault
from ..raw import saturate
from ..world import World
from .background import Background, Changes
from .components import HEADERS, OODS, DirectComponents
from .known import read_frame
from .store import RawImage, Store

_HEADER_TIME = 0.5  # seconds from the readout to the header
_INGEST_TIME = 1.5  # seconds from the header to the Butler
_HOLD = 60.0  # seconds after which a report is no longer held back
_INGESTED, _FAILED, _NO_METADATA = 0, 1, 2
_UNREADABLE = {
    "file_corrupt": "a header cannot be read",
    "file_short": "the file is short",
    "file_nan": "an extension is not a 32-bit integer image",
}


@dataclasses.dataclass(frozen=True, slots=True)
class _Report:
    name: ImageName
    status: int
    description: str


class DirectIngest:
    """Puts images into the store, and reports it.

    Parameters
    ----------
    world : `World`
        The simulated world.
    background : `Background`
        Where ingestion goes on.
    changes : `Changes`
        Is told of every report.
    components : `DirectComponents`
        The states of the components.
    store : `Store`
        Where the images go.
    """

    def __init__(
        self,
        world: World,
        background: Background,
        changes: Changes,
        components: DirectComponents,
        store: Store,
    ) -> None:
        self._world = world
        self._background = background
        self._changes = changes
        self._components = components
        self._store = store
        self._reports: list[_Report] = []
        self._held: list[_Report] = []

    async def wait(self, name: ImageName, timeout: float) -> None:
        """Wait until an image is in the store."""
        await self._changes.wait_until(lambda: bool(self._reports_on(name)), timeout)
        reports = self._reports_on(name)
        if any(report.status == _INGESTED for report in reports):
            return
        around = f"{self._components.describe(HEADERS)}, {self._components.describe(OODS)}"
        if reports:
            last = reports[-1]
            raise IngestError.refused(name, last.status, last.description, last_seen=around)
        seen = f"imageInOODS of {self._reports[-1].name}" if self._reports else "no imageInOODS"
        raise IngestError(
            f"{name} did not reach the Butler within {format_duration(timeout)}.",
            missing=[str(name)],
            last_seen=f"{seen}; {around}",
            remedy="Look at ATOODS and ATHeaderService.",
        )

    def accept(self, exposure: SimulatedExposure) -> None:
        """Take an exposure from the camera."""
        self._background.spawn(self._ingest(exposure), f"ingest {exposure.name}")

    def _reports_on(self, name: ImageName) -> list[_Report]:
        return [report for report in self._reports if report.name == name]

    async def _ingest(self, exposure: SimulatedExposure) -> None:
        context = {"image_type": exposure.image_type, "name": exposure.name}
        sleep = self._world.clock.sleep
        await sleep(_HEADER_TIME)
        header = self._world.faults.hit("headers", **context)
        if not self._components.is_enabled(HEADERS):
            return
        if header is not None and header.name == "header_silent":
            return
        if header is not None and header.name == "header_late":
            await sleep(header.number("delay"))
        await sleep(_INGEST_TIME)
        if not self._components.is_enabled(OODS):
            return
        damage = self._world.faults.hit("ingest.file", **context)
        fault = self._world.faults.hit("ingest", **context)
        if fault is not None and fault.name == "ingest_error":
            self._report(exposure.name, int(fault.number("code")), "simulated failure")
            return
        status, description = await self._put(exposure, damage)
        await self._report_as_told(_Report(exposure.name, status, description), fault)

    async def _put(self, exposure: SimulatedExposure, damage: Fault | None) -> tuple[int, str]:
        """Put an image into the store, and say what ATOODS reports."""
        if damage is not None and damage.name == "disk_full":
            return _FAILED, str(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        if damage is not None and damage.name == "file_empty":
            return _FAILED, "the file is empty"
        if (
            damage is not None
            and damage.name == "file_corrupt"
            and damage.text("where") == "header"
        ):
            return _NO_METADATA, "the header cannot be read"
        frame = await asyncio.to_thread(read_frame, self._world, exposure)
        if damage is not None and damage.name == "file_saturated":
            frame = saturate(frame)
        damaged = _UNREADABLE.get(damage.name, "") if damage is not None else ""
        self._store.add_raw(RawImage(exposure, frame, damaged))
        return _INGESTED, "file ingested"

    async def _report_as_told(self, report: _Report, fault: Fault | None) -> None:
        how = "" if fault is None else fault.name
        if how == "ingest_silent":
            return
        if how == "ingest_reordered":
            self._held.append(report)
            await self._world.clock.sleep(_HOLD)
            self._release()
            return
        if fault is not None and how == "ingest_late":
            await self._world.clock.sleep(fault.number("delay"))
        if how == "ingest_foreign":
            self._report(dataclasses.replace(report.name, controller="C"), _INGESTED, "foreign")
        for _ in range(2 if how == "ingest_twice" else 1):
            self._report(report.name, report.status, report.description)
        self._release()

    def _report(self, name: ImageName, status: int, description: str) -> None:
        self._reports.append(_Report(name, status, description))
        self._changes.notify()

    def _release(self) -> None:
        """Send the reports that were held back until after another one."""
        held, self._held = self._held, []
        self._reports += held
        self._changes.notify()
