# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The faces of the simulated observatory, on which every test of the contract runs.

A face runs a scenario, a coroutine function that gets a `Bench`, on an event loop that suits
it, with the faults that the test wants. Another face is added to ``FACES``.
"""

import asyncio
import dataclasses
import typing
from collections.abc import Awaitable, Callable

from lsst.ts.dailycal.model import (
    Certification,
    ExposureTimeouts,
    Image,
    ImageName,
    ImageTags,
    ImageType,
    JobRequest,
    PlannedExposure,
    RunStatistics,
    Validity,
)
from lsst.ts.dailycal.ports import (
    Camera,
    Clock,
    Components,
    Ingest,
    Pipelines,
    Repository,
)
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.direct import DirectObservatory
from lsst.ts.dailycal.testing.loop import run_fast

S = typing.TypeVar("S")
T = typing.TypeVar("T")
Scenario = Callable[["Bench"], Awaitable[T]]


@dataclasses.dataclass(slots=True)
class Bench:
    """The ports, and short words for what the tests do with them."""

    camera: Camera
    ingest: Ingest
    pipelines: Pipelines
    repository: Repository
    components: Components
    clock: Clock
    time_scale: float = 1.0
    """Simulated seconds in a second of the event loop."""
    slack: float = 0.0
    """Seconds of the event loop by which a real machine may be late."""
    silence: float = 8.0
    """Simulated seconds after which a component without a heartbeat is in trouble."""
    is_healthy: bool = False
    """Nothing goes wrong, so that no deadline is meant to be reached."""
    groups: int = 0
    """How many group ids have been used."""

    def seconds(self, simulated: float) -> float:
        """Turn simulated seconds into a deadline for a port."""
        return simulated / self.time_scale + self.slack

    def patience(self, simulated: float) -> float:
        """Turn simulated seconds into a deadline that is not meant to be reached."""
        return self.seconds(simulated) + 60.0 * self.slack

    def deadline(self, simulated: float) -> float:
        """Turn simulated seconds into a deadline that is reached only if something goes wrong."""
        return self.patience(simulated) if self.is_healthy else self.seconds(simulated)

    def tags(self) -> ImageTags:
        """Tag one attempt."""
        self.groups += 1
        return ImageTags(group_id=f"2026-11-23T08:00:00.000#{self.groups}", program="BLOCK-295")

    async def take(self, planned: PlannedExposure, tags: ImageTags | None = None) -> Image:
        """Take one image with the deadlines of the engine."""
        timeouts = ExposureTimeouts(
            exposure=self.deadline(planned.exposure_time + 32.0), late_event=self.seconds(5.0)
        )
        return await self.camera.take(planned, tags or self.tags(), timeouts)

    async def take_and_ingest(self, *planned: PlannedExposure) -> list[ImageName]:
        """Take images, and wait until they are in the Butler."""
        names = [(await self.take(item)).name for item in planned]
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(self.ingest.wait(name, self.deadline(120.0)))
        return names

    async def run_job(self, request: JobRequest) -> tuple[str, int]:
        """Run a job to its end, and return its id and exit code."""
        job_id = await self.pipelines.submit(request, self.patience(60.0))
        result = await self.pipelines.wait(job_id, self.patience(900.0))
        assert result.job_id == job_id
        return job_id, result.exit_code

    async def read(self, job_id: str, image_type: ImageType) -> RunStatistics:
        """Read the statistics of a verification job."""
        name = f"verify{image_type.capitalize()}Stats"
        return await self.repository.read_statistics(f"u/ocps/{job_id}", name, self.patience(60.0))

    async def certify(self, certification: Certification) -> None:
        """Certify with the deadline of the engine."""
        await self.repository.certify(certification, self.patience(60.0))


class Face(typing.Protocol):
    """A face of the simulated observatory."""

    name: str

    def run(self, scenario: Scenario[T], *faults: str, **settings: typing.Any) -> T:
        """Run a scenario in an observatory with these faults and settings."""
        ...

    def run_after(self, first: Scenario[S], then: Callable[[Bench, S], Awaitable[T]]) -> T:
        """Run a scenario in a repository as another one has left it, with what that one gave.

        The first one may have been run for another test already.
        """
        ...


class DirectFace:
    """The ports in memory."""

    name = "direct"

    def run(self, scenario: Scenario[T], *faults: str, **settings: typing.Any) -> T:
        async def main() -> T:
            config = SimulationConfig(frame=DIRECT_FRAME, faults=faults, **settings)
            async with DirectObservatory(config) as observatory:
                return await scenario(
                    Bench(
                        observatory.camera,
                        observatory.ingest,
                        observatory.pipelines,
                        observatory.repository,
                        observatory.components,
                        observatory.clock,
                    )
                )

        return run_fast(main())

    def run_after(self, first: Scenario[S], then: Callable[[Bench, S], Awaitable[T]]) -> T:
        async def both(bench: Bench) -> T:
            return await then(bench, await first(bench))

        return self.run(both)


FACES: tuple[Face, ...] = (DirectFace(),)


def bias(number: int = 1, total: int = 1) -> PlannedExposure:
    """Plan a bias."""
    return PlannedExposure(ImageType.BIAS, 0.0, number, total, discard=False)


def biases(count: int) -> list[PlannedExposure]:
    """Plan some biases."""
    return [bias(number, count) for number in range(1, count + 1)]


def dark(seconds: float = 5.0, number: int = 1, total: int = 1) -> PlannedExposure:
    """Plan a dark."""
    return PlannedExposure(ImageType.DARK, seconds, number, total, discard=False)


def _request(path: str, names: list[ImageName], inputs: str, options: str) -> JobRequest:
    ids = ", ".join(str(name.exposure_id) for name in names)
    return JobRequest(
        pipeline=path,
        config=f"-j 1 -i {inputs} --register-dataset-types {options}".strip(),
        data_query=f"instrument='LATISS' AND detector IN (0) AND exposure IN ({ids})",
    )


def generate(
    image_type: ImageType, names: list[ImageName], inputs: str = "LATISS/calib", options: str = ""
) -> JobRequest:
    """Ask for a combined calibration."""
    path = f"${{CP_PIPE_DIR}}/pipelines/LATISS/cp{image_type.capitalize()}.yaml"
    return _request(path, names, inputs, options)


def verify(
    image_type: ImageType, names: list[ImageName], inputs: str = "LATISS/calib", options: str = ""
) -> JobRequest:
    """Ask for the verification of exposures."""
    path = f"${{CP_VERIFY_DIR}}/pipelines/LATISS/verify{image_type.capitalize()}.yaml"
    return _request(path, names, inputs, options)


def certification(
    job_id: str, begin: str = "2026-11-23T12:00:00", end: str = "2026-11-24T12:00:00"
) -> Certification:
    """Certify the combined bias of a job."""
    return Certification("bias", f"u/ocps/{job_id}", "LATISS/calib/daily", Validity(begin, end))
