# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ingest port over ATOODS, with ATHeaderService as a witness."""

__all__ = ["SalIngest"]

import typing

from ..model import ImageName, IngestError, format_duration
from .component import ComponentWatch
from .topics import TopicReader

_INGESTED = 0


class SalIngest:
    """Tells when an image is in the Butler, by image name.

    Parameters
    ----------
    oods : `lsst.ts.salobj.Remote`
        Remote of ATOODS, with the event imageInOODS.
    header_service : `lsst.ts.salobj.Remote`
        Remote of ATHeaderService, with the event largeFileObjectAvailable.
    oods_watch, header_watch : `ComponentWatch`
        Their watches, for error messages.
    """

    OODS_TOPICS = (*ComponentWatch.TOPICS, "imageInOODS")
    """Events that the remote of ATOODS must include."""
    HEADER_TOPICS = (*ComponentWatch.TOPICS, "largeFileObjectAvailable")
    """Events that the remote of ATHeaderService must include."""

    def __init__(
        self,
        oods: typing.Any,
        header_service: typing.Any,
        oods_watch: ComponentWatch,
        header_watch: ComponentWatch,
    ) -> None:
        self._board = TopicReader()
        self._reports: dict[str, list[tuple[int, str]]] = {}
        self._headers: set[str] = set()
        self._last = "no imageInOODS at all"
        self._oods_watch = oods_watch
        self._header_watch = header_watch
        self._board.listen(oods.evt_imageInOODS, self._hear_image)
        self._board.listen(header_service.evt_largeFileObjectAvailable, self._hear_header)

    async def wait(self, name: ImageName, timeout: float) -> None:
        """Wait until an image is in the Butler."""
        key = str(name)
        await self._board.wait_until(lambda: key in self._reports, timeout)
        reports = self._reports.get(key, [])
        if any(status == _INGESTED for status, _ in reports):
            return
        header = "was written" if key in self._headers else "was not seen"
        around = (
            f"its header {header}; {self._header_watch.describe()}, {self._oods_watch.describe()}"
        )
        if reports:
            status, description = reports[-1]
            raise IngestError.refused(name, status, description, last_seen=around)
        raise IngestError(
            f"{name} did not reach the Butler within {format_duration(timeout)}.",
            missing=[key],
            last_seen=f"{self._last}; {around}",
            remedy="Look at ATOODS and ATHeaderService.",
        )

    def _hear_image(self, message: typing.Any) -> None:
        # What a database says goes on with the statement and a web address.
        description = message.description.strip().partition("\n")[0].rstrip(".")
        self._reports.setdefault(message.obsid, []).append((message.statusCode, description))
        self._last = f"imageInOODS of {message.obsid or 'no image'}, status {message.statusCode}"

    def _hear_header(self, message: typing.Any) -> None:
        self._headers.add(message.id)
