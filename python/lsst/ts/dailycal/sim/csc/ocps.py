# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A fake OCPS that runs real pipelines."""

__all__ = ["SimOCPS"]

import asyncio
import json
import types
import typing

import lsst.ts.salobj as salobj

from ...pipelines.forked import pipeline_server
from ..clock import iso_from_tai
from ..config import SimulationConfig
from ..faults.fault import Fault
from .compat import acknowledge_progress
from .job import ABORTED, Job, JobArguments, describe
from .simulated import ConfigurableSimulatedCsc
from .transition_faults import TransitionFaults

_INSTANCE = "LATISS"
_SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "OCPS v4",
    "type": "object",
    "properties": {
        "instance": {"type": "string", "default": _INSTANCE},
        "input_collection": {"type": "string", "default": "LATISS/raw/all"},
        "final_ack_first": {
            "description": "Is execute acknowledged before job_result is published?",
            "type": "boolean",
            "default": False,
        },
    },
    "additionalProperties": False,
}
_IN_PROGRESS_TIMEOUT = 600.0
_LONGEST_HOLD = 300.0  # for a result that waits for another, in seconds
_RESTART_TIME = 5.0  # seconds until an OCPS that was started again is ENABLED
_SERVICE_FAILED = 1  # error code
_NO_WORK = ("job_error", "job_unknown_phase")


class SimOCPS(TransitionFaults, ConfigurableSimulatedCsc):
    """OCPS of LATISS: ``execute`` runs ``pipetask`` in a process group of its own.

    It has the habits of the real one: the first acknowledgement says nothing, the second one
    holds the job id, the JSON in ``job_result`` is that of the submission, and the command is
    complete whether or not the job worked.

    Parameters
    ----------
    config : `SimulationConfig`, optional
        Settings of the observatory.
    index : `int`
        Index of the component.
    **kwargs
        As for `SimulatedCsc`.
    """

    def __init__(
        self, config: SimulationConfig | None = None, index: int = 1, **kwargs: typing.Any
    ) -> None:
        super().__init__("OCPS", config, schema=_SCHEMA, index=index, **kwargs)
        self.cmd_execute.allow_multiple_callbacks = True
        self._jobs: dict[str, Job] = {}
        self._programs = pipeline_server()
        self._published = asyncio.Event()

    async def configure(self, config: types.SimpleNamespace) -> None:
        """Take over a configuration, which must be that of this index."""
        if config.instance != _INSTANCE:
            raise salobj.ExpectedError(
                f"instance {config.instance!r} is not {_INSTANCE!r}, that of index 1"
            )
        await super().configure(config)

    async def close_tasks(self) -> None:
        """End what runs jobs too."""
        await super().close_tasks()
        await asyncio.to_thread(self._programs.close)

    async def do_execute(self, data: typing.Any) -> None:
        """Run a pipeline."""
        self.assert_enabled()
        about = describe(data.pipeline)
        refusal = self.world.faults.hit("ocps.submit", **about)
        if refusal is not None and refusal.name == "job_refused":
            raise salobj.ExpectedError("the simulated fault job_refused")
        job = self._make_job(data)
        fault = self.world.faults.hit("ocps.result", **about)
        self._jobs[job.job_id] = job
        # In the background, because a job goes on when its command is given up.
        ended = asyncio.Event()
        exit_codes: list[int] = []
        self.spawn(self._run(job, fault, exit_codes, ended))
        if refusal is not None:  # job_not_acknowledged
            await self.for_ever()
        if fault is None or fault.name != "job_result_before_ack":
            await self._acknowledge(data, job)
        await self._strike_service(about)
        await ended.wait()
        await self._answer(data, job, fault, exit_codes[0])

    async def do_abort_job(self, data: typing.Any) -> None:
        """End a job."""
        self.assert_enabled()
        fault = self.world.faults.hit("ocps.abort")
        if fault is not None and fault.name == "abort_silent":
            await self.for_ever()
        if fault is not None:
            raise salobj.ExpectedError("the simulated fault abort_refused")
        job = self._jobs.get(data.job_id)
        if job is None or job.aborted:
            raise salobj.ExpectedError(f"There is no job {data.job_id!r}")
        await self._abort(job)

    def _make_job(self, data: typing.Any) -> Job:
        arguments = JobArguments(
            run_id=str(data.private_seqNum),
            pipeline=data.pipeline,
            config=data.config,
            data_query=data.data_query,
            input_collection=self.settings.input_collection,
        )
        root = self.world.config.root
        try:
            return Job(arguments, self.world.config.repository, root / "jobs", self._programs)
        except ValueError as error:
            raise salobj.ExpectedError(f"config={data.config!r}: {error}") from None

    async def _acknowledge(self, data: typing.Any, job: Job) -> None:
        result = json.dumps({"job_id": job.job_id})
        await acknowledge_progress(self.cmd_execute, data, _IN_PROGRESS_TIMEOUT, result)

    async def _run(
        self, job: Job, fault: Fault | None, exit_codes: list[int], ended: asyncio.Event
    ) -> None:
        self.log.info(f"Job {job.job_id} logs to {job.log}")
        if fault is not None and fault.name == "job_aborted":
            self.spawn(self._abort_soon(job))
        if fault is not None and fault.name in _NO_WORK:
            await self.world.clock.sleep(10.0)
            await asyncio.to_thread(job.write_log, f"The simulated fault {fault.name}: no work.")
            exit_codes.append(1)
        else:
            exit_codes.append(await job.run())
        self.log.info(f"Job {job.job_id} ended with {exit_codes[0]}")
        ended.set()

    async def _abort_soon(self, job: Job) -> None:
        await asyncio.sleep(1.0)
        await self._abort(job)

    async def _abort(self, job: Job) -> None:
        # First, so that the command that waits for it knows.
        job.aborted = True
        await job.abort()
        await self._publish(job, ABORTED)
        self._jobs.pop(job.job_id, None)

    async def _answer(
        self, data: typing.Any, job: Job, fault: Fault | None, exit_code: int
    ) -> None:
        """Tell of a job that has ended, as faithfully as the fault allows."""
        if job.aborted:
            raise salobj.ExpectedError(f"Job {job.job_id} is not known to the service (404)")
        if job.job_id not in self._jobs:
            await self.for_ever()  # whoever polled for it is no more
        kind = "" if fault is None else fault.name
        if kind == "job_result_never":
            await self.for_ever()
        if fault is not None and kind == "job_result_late":
            await self.world.clock.sleep(fault.number("delay"))
        if kind == "job_results_reordered":
            await self._wait_for_another()
        if self.settings.final_ack_first:
            self.spawn(self._publish_after_ack(job, exit_code, kind))
            return
        await self._tell(job, exit_code, kind)
        if kind == "job_result_before_ack":
            await self._acknowledge(data, job)

    async def _publish_after_ack(self, job: Job, exit_code: int, kind: str) -> None:
        await asyncio.sleep(0.1)
        await self._tell(job, exit_code, kind)

    async def _tell(self, job: Job, exit_code: int, kind: str) -> None:
        phase = "unknown" if kind == "job_unknown_phase" else "queued"
        for _ in range(2 if kind == "job_result_twice" else 1):
            await self._publish(job, 0 if exit_code == 0 else 1, phase)
        self._jobs.pop(job.job_id, None)

    async def _publish(self, job: Job, exit_code: int, phase: str = "queued") -> None:
        creation = iso_from_tai(self.world.clock.tai())
        await self.publish(
            self.evt_job_result,
            job_id=job.job_id,
            exit_code=exit_code,
            result=job.arguments.describe_service_object(job.job_id, creation, phase),
        )
        self._published.set()

    async def _wait_for_another(self) -> None:
        self._published.clear()
        try:
            async with asyncio.timeout(_LONGEST_HOLD / self.world.clock.scale):
                await self._published.wait()
        except TimeoutError:
            self.log.info("No other job ended: the result waits no longer.")

    async def _strike_service(self, about: dict[str, object]) -> None:
        """Let OCPS itself fail; the job goes on, as a job in the cluster does."""
        fault = self.world.faults.hit("ocps.job", **about)
        if fault is None:
            return
        self._forget_jobs()
        if fault.name == "ocps_fault":
            await self.enter_fault(_SERVICE_FAILED, "the simulated fault ocps_fault")
        else:
            await self.force_state(salobj.State.STANDBY)
            self.spawn(self._restart())

    def _forget_jobs(self) -> None:
        """Poll for no job any more; each goes on in its background task."""
        self._jobs.clear()

    async def _restart(self) -> None:
        await self.world.clock.sleep(_RESTART_TIME)
        await self.force_state(salobj.State.ENABLED)
