# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The whole observatory in memory."""

__all__ = ["DirectObservatory"]

import asyncio
import types
import typing

from ...ports import Camera, Clock, Components, Ingest, Measuring, Pipelines, Repository
from ..config import DIRECT_FRAME, SimulationConfig
from ..world import World
from .background import Background, Changes
from .camera import DirectCamera
from .clock import DirectClock
from .components import DirectComponents
from .ingest import DirectIngest
from .measuring import DirectMeasuring
from .pipelines import DirectPipelines
from .reference import add_reference
from .repository import FOREIGN_RUN, DirectRepository
from .store import Store

_DEFAULT = SimulationConfig(frame=DIRECT_FRAME)


class DirectObservatory:
    """An observatory that follows the time of the event loop.

    Use it as an asynchronous context; leaving it ends what still goes on. On
    `~lsst.ts.dailycal.testing.loop.FastEventLoop` a night takes seconds.

    Parameters
    ----------
    config : `SimulationConfig`
        The settings. Nothing is written to files.
    reference : `bool`
        Are there reference calibrations in LATISS/calib, from the first entry on?

    Attributes
    ----------
    world : `World`
        The simulated world.
    store : `Store`
        The repository.
    camera, ingest, pipelines, repository, components, clock, measuring
        The ports.
    """

    def __init__(self, config: SimulationConfig = _DEFAULT, *, reference: bool = True) -> None:
        self._config = config
        self._background = Background()
        self.world = World(config, asyncio.get_running_loop().time, in_memory=True)
        self.store = Store()
        changes = Changes()
        components = DirectComponents(self.world, changes)
        shared = (self.world, self._background, changes, components)
        ingest = DirectIngest(*shared, self.store)
        self._components = components
        self.camera: Camera = DirectCamera(*shared, ingest.accept)
        self.ingest: Ingest = ingest
        self.pipelines: Pipelines = DirectPipelines(*shared, self.store)
        self.repository: Repository = DirectRepository(self.world, self.store)
        self.measuring: Measuring = DirectMeasuring(self.world, self.store)
        self.components: Components = components
        self.clock: Clock = DirectClock(self.world)
        self._reference_is_due = reference

    def repair(self) -> None:
        """Do what a person does after a fault.

        Every component goes back to ENABLED, and what somebody else certified is decertified.
        """
        self._components.repair()
        self.store.decertify(FOREIGN_RUN)

    async def __aenter__(self) -> typing.Self:
        if self._reference_is_due:
            # Not in the loop: the first of a process takes seconds on a loaded machine.
            await asyncio.to_thread(add_reference, self.store, self.world)
            self._reference_is_due = False
        await self._background.__aenter__()
        self._background.spawn(self._components.beat(), "heartbeats")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        await self._background.__aexit__(kind, error, trace)
