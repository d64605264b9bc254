# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ports over salobj, DDS, real pipelines and a real Butler, with the fake CSCs behind them."""

import asyncio
import contextlib
import dataclasses
import pathlib
import shutil
import tempfile
import typing
from collections.abc import Awaitable, Callable

from contract_faces import Bench, S, Scenario, T

from alone import be_alone
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from postgres_server import PostgresRepository

TIME_SCALE = 10.0
SLACK = 0.5
LEAD_TIME = 10.0
"""Seconds that the components may take to start when a test wants a certain time of day."""


class SalFace:
    """The ports over salobj."""

    name = "salobj"
    template: pathlib.Path
    """A repository with reference calibrations; every scenario gets a copy."""

    def __init__(self) -> None:
        self._left: dict[typing.Any, tuple[tempfile.TemporaryDirectory[str], typing.Any]] = {}

    def run(self, scenario: Scenario[T], *faults: str, **settings: typing.Any) -> T:
        return self._run_in(self.template, scenario, *faults, **settings)

    def run_after(self, first: Scenario[S], then: Callable[[Bench, S], Awaitable[T]]) -> T:
        # What a job has made is worth keeping: a real one takes seconds.
        if first not in self._left:
            keep = tempfile.TemporaryDirectory(prefix="contract-")
            result = self._run_in(self.template, first, keep=pathlib.Path(keep.name) / "repo")
            self._left[first] = keep, result
        keep, result = self._left[first]

        async def scenario(bench: Bench) -> T:
            return await then(bench, result)

        return self._run_in(pathlib.Path(keep.name) / "repo", scenario)

    def _run_in(
        self,
        template: pathlib.Path,
        scenario: Scenario[T],
        *faults: str,
        keep: pathlib.Path | None = None,
        **settings: typing.Any,
    ) -> T:
        be_alone()
        with tempfile.TemporaryDirectory() as directory:
            config = SimulationConfig(
                frame=DIRECT_FRAME,
                faults=faults,
                time_scale=TIME_SCALE,
                root=pathlib.Path(directory),
                **settings,
            )
            self._copy(template, config.repository)
            try:
                result = asyncio.run(self._run(scenario, config))
                if keep is not None:
                    self._copy(config.repository, keep)
            finally:
                self._forget(config.repository)
            return result

    def _copy(self, repository: pathlib.Path, path: pathlib.Path) -> None:
        shutil.copytree(repository, path)

    def _forget(self, repository: pathlib.Path) -> None:
        """Remove what a repository has outside its directory."""

    async def _run(self, scenario: Scenario[T], config: SimulationConfig) -> T:
        from lsst.ts import salobj
        from lsst.ts.dailycal.butler.port import ButlerRepository
        from lsst.ts.dailycal.sal.component import SILENCE_LIMIT
        from lsst.ts.dailycal.sal.observatory import SalObservatory
        from lsst.ts.dailycal.sim.clock import monotonic
        from lsst.ts.dailycal.sim.csc.atheaderservice import SimATHeaderService
        from lsst.ts.dailycal.sim.csc.atoods import SimATOODS
        from lsst.ts.dailycal.sim.csc.atspectrograph import SimATSpectrograph
        from lsst.ts.dailycal.sim.csc.camera.csc import SimATCamera
        from lsst.ts.dailycal.sim.csc.ocps import SimOCPS
        from lsst.ts.dailycal.sim.direct.clock import DirectClock
        from lsst.ts.dailycal.sim.world import World

        wants_time = config.start_tai is not None
        config = config.started()
        if wants_time:
            config = dataclasses.replace(config, started_at=monotonic() + LEAD_TIME)
        types = (SimATCamera, SimATSpectrograph, SimATHeaderService, SimATOODS, SimOCPS)
        components = [make(config, initial_state=salobj.State.ENABLED) for make in types]
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(_close, components)
            await asyncio.gather(*(component.start_task for component in components))
            domain = await stack.enter_async_context(salobj.Domain())
            observatory = SalObservatory(domain)
            await observatory.start()
            clock = DirectClock(World(config))
            if wants_time:
                await asyncio.sleep(max(config.started_at - monotonic(), 0.0))
            return await scenario(
                Bench(
                    observatory.camera,
                    observatory.ingest,
                    observatory.pipelines,
                    ButlerRepository(str(config.repository)),
                    observatory.components,
                    clock,
                    time_scale=TIME_SCALE,
                    slack=SLACK,
                    silence=SILENCE_LIMIT * TIME_SCALE,
                    is_healthy=not config.faults,
                )
            )


class PostgresFace(SalFace):
    """The same, with the registry of the repository on a PostgreSQL server."""

    name = "postgresql"

    def __init__(self) -> None:
        super().__init__()
        self._repositories: dict[pathlib.Path, PostgresRepository] = {}

    def use(self, template: PostgresRepository) -> None:
        """Take this repository with reference calibrations as the one that scenarios copy."""
        self.template = template.path
        self._repositories[template.path] = template

    def _copy(self, repository: pathlib.Path, path: pathlib.Path) -> None:
        self._repositories[path] = self._repositories[repository].copy(path)

    def _forget(self, repository: pathlib.Path) -> None:
        self._repositories.pop(repository).drop()


async def _close(components: typing.Iterable[typing.Any]) -> None:
    # Each waits a second for others to hear its last words: all at the same time.
    await asyncio.gather(*(component.close() for component in components))
