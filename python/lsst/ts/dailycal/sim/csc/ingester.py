# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes raw files and puts them into the Butler, in a thread of its own."""

__all__ = ["Ingester"]

import asyncio
import concurrent.futures
import typing
from collections.abc import Callable
from pathlib import Path

from ...model import ImageName
from ..exposures import SimulatedExposure
from ..faults.fault import Fault
from ..world import World
from .header_file import read_header

_T = typing.TypeVar("_T")


class Ingester:
    """Makes a raw file of an exposure, and a dataset of a raw file.

    One thread does all of it: SQLite takes one writer at a time anyway, and a Butler belongs
    to one thread.

    Parameters
    ----------
    world : `World`
        The world.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._butler: typing.Any = None
        self._thread = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="ingest")

    async def open(self) -> None:
        """Open the Butler, which takes two seconds the first time."""
        await self._run(self._open)

    async def close(self) -> None:
        """Wait for what is being done, and close the Butler."""
        await self._run(self._close)
        self._thread.shutdown(wait=False)

    async def take_in(
        self, name: ImageName, header: Path, damage: Fault | None, *, ingest: bool = True
    ) -> None:
        """Write the raw file of an image, and put it into the Butler.

        Parameters
        ----------
        name : `~lsst.ts.dailycal.model.ImageName`
            The image.
        header : `~pathlib.Path`
            Its header file.
        damage : `Fault` or `None`
            What is wrong with the file.
        ingest : `bool`
            Is it to be put into the Butler at all?

        Raises
        ------
        LookupError
            If the data acquisition does not have the image.
        OSError
            If a file cannot be read or written.
        ValueError
            If the header file is none, or the raw file is not complete.
        Exception
            Whatever the Butler raises.
        """
        # In one go: an image must not wait until the files of all later ones are written.
        await self._run(lambda: self._take_in(name, header, damage, ingest))

    async def find(self, name: ImageName) -> SimulatedExposure:
        """Ask the data acquisition for an image.

        Raises
        ------
        LookupError
            If it does not have it.
        """
        return await asyncio.to_thread(self._world.acquisition.get, name)

    async def _run(self, function: Callable[[], _T]) -> _T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, function)

    def _open(self) -> None:
        if self._butler is None:
            from ...butler.repository import open_repository

            self._butler = open_repository(self._world.config.repository, writeable=True)

    def _close(self) -> None:
        if self._butler is not None:
            self._butler.close()
            self._butler = None

    def _take_in(self, name: ImageName, header: Path, damage: Fault | None, ingest: bool) -> None:
        from ...butler.ingest import ingest_raws

        exposure = self._world.acquisition.get(name)
        path = self._world.write(exposure, read_header(header), damage)
        if ingest:
            self._open()
            # As the observatory's ATOODS, which ingests what is cut short behind its header.
            ingest_raws(self._butler, [path], only_headers=True)
