# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""All ports of a run over salobj."""

__all__ = ["SalObservatory"]

import typing

import lsst.ts.salobj as salobj

from ..ports import Measuring, Repository
from ..run import Ports
from .camera.port import SalCamera
from .clock import SalClock
from .component import ComponentWatch, SalComponents
from .ingest import SalIngest
from .pipelines import SalPipelines

OCPS_INDEX = 1
"""Index of the OCPS that serves LATISS."""


class SalObservatory:
    """The remotes that a run needs, and nothing beyond: topics cost time to start.

    Parameters
    ----------
    domain : `lsst.ts.salobj.Domain`
        Domain of the script.
    """

    def __init__(self, domain: salobj.Domain) -> None:
        def remote(name: str, topics: typing.Iterable[str], index: int = 0) -> typing.Any:
            return salobj.Remote(domain, name, index, include=list(topics))

        camera = remote("ATCamera", SalCamera.TOPICS)
        spectrograph = remote("ATSpectrograph", ComponentWatch.TOPICS)
        header_service = remote("ATHeaderService", SalIngest.HEADER_TOPICS)
        oods = remote("ATOODS", SalIngest.OODS_TOPICS)
        ocps = remote("OCPS", SalPipelines.TOPICS, OCPS_INDEX)
        self.remotes = (camera, spectrograph, header_service, oods, ocps)
        watches = [ComponentWatch(item) for item in self.remotes]
        self.camera = SalCamera(camera, watches[0], spectrograph)
        self.ingest = SalIngest(oods, header_service, watches[3], watches[2])
        self.pipelines = SalPipelines(ocps, watches[4])
        self.components = SalComponents(watches)
        self.clock = SalClock()

    async def start(self) -> None:
        """Wait until every remote has its history."""
        for remote in self.remotes:
            await remote.start_task

    def ports(self, repository: Repository, measuring: Measuring | None = None) -> Ports:
        """Put the ports together.

        Parameters
        ----------
        repository : `Repository`
            The Butler, which is not a SAL component.
        measuring : `Measuring`, optional
            Measures frames; by default they are not measured.
        """
        return Ports(
            camera=self.camera,
            ingest=self.ingest,
            pipelines=self.pipelines,
            repository=repository,
            components=self.components,
            clock=self.clock,
            measuring=measuring,
        )
