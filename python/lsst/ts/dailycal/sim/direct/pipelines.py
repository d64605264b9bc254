# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pipelines port, with a simulated OCPS behind it."""

__all__ = ["DirectPipelines"]

import asyncio
import dataclasses
import json
import logging

import numpy as np

from ...model import JobError, JobRequest, JobResult, format_duration
from ..clock import iso_from_tai
from ..faults.fault import Fault
from ..world import World
from .background import Background, Changes
from .components import OCPS, DirectComponents
from .processing import JobFailureError, describe_pipeline, run_job
from .query import parse_data_query
from .store import RAW_COLLECTION, Store

_ACCEPT_TIME = 0.5  # seconds from the command to the job id
_START_TIME = 15.0  # seconds to start a job
_IMAGE_TIME = 4.0  # seconds of work on an image
_LATE_RESULT = 10.0  # seconds to hope for a result when OCPS has gone
_RESTART_TIME = 5.0  # seconds until a restarted OCPS is ENABLED
_HOLD = 300.0  # seconds after which a result is no longer held back
_ABORTED = 255

_log = logging.getLogger(__name__)


@dataclasses.dataclass(slots=True)
class _Running:
    request: JobRequest
    task: asyncio.Task[None]
    aborted: bool = False


class DirectPipelines:
    """Runs jobs on the store, in threads.

    Parameters
    ----------
    world : `World`
        The simulated world.
    background : `Background`
        Where jobs go on.
    changes : `Changes`
        Is told of every result.
    components : `DirectComponents`
        The states of the components.
    store : `Store`
        The repository.
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
        self._ids = np.random.default_rng([world.config.seed, 0x0C95])
        self._results: dict[str, JobResult] = {}
        self._running: dict[str, _Running] = {}
        self._held: list[JobResult] = []

    def enabled_since(self) -> float | None:
        """Tell when OCPS was enabled; `None` if it is not ENABLED."""
        return self._components.enabled_since(OCPS)

    async def submit(self, request: JobRequest, timeout: float) -> str:
        """Start a job, and return its id when it is accepted."""
        self._require_enabled(request.pipeline)
        fault = self._world.faults.hit("ocps.submit", **_context(request))
        try:
            async with asyncio.timeout(timeout):
                await self._world.clock.sleep(_ACCEPT_TIME)
                self._require_enabled(request.pipeline)
                if fault is not None and fault.name == "job_refused":
                    raise JobError(
                        f"OCPS refused {request.pipeline}: simulated.",
                        last_seen=self._components.describe(OCPS),
                        remedy="Look at OCPS and its pipeline service.",
                    )
                return await self._start(request, fault)
        except TimeoutError:
            raise JobError(
                f"OCPS did not accept {request.pipeline} within {format_duration(timeout)}.",
                last_seen=self._components.describe(OCPS),
                remedy="Look at OCPS and its pipeline service.",
            ) from None

    async def wait(self, job_id: str, timeout: float) -> JobResult:
        """Wait for the result of a job; a result that came before the call counts."""
        await self._changes.wait_until(
            lambda: job_id in self._results or not self._components.is_enabled(OCPS), timeout
        )
        if job_id not in self._results and not self._components.is_enabled(OCPS):
            late = min(_LATE_RESULT, timeout)
            await self._changes.wait_until(lambda: job_id in self._results, late)
            what = f"There is no result of job {job_id}, and OCPS was not ENABLED any more."
        else:
            what = f"There is no result of job {job_id} after {format_duration(timeout)}."
        if job_id in self._results:
            return self._results[job_id]
        raise JobError(
            what,
            missing=[job_id],
            last_seen=self._components.describe(OCPS),
            remedy="Look at OCPS and its pipeline service. In memory no log is kept.",
        )

    async def abort(self, job_id: str, timeout: float) -> None:
        """End a job."""
        self._require_enabled(f"to abort job {job_id}")
        fault = self._world.faults.hit("ocps.abort")
        if fault is not None and fault.name == "abort_silent":
            await self._world.clock.sleep(timeout)
            raise JobError(
                f"OCPS did not abort job {job_id} within {format_duration(timeout)}: no answer."
            )
        if fault is not None:
            raise JobError(f"OCPS did not abort job {job_id}: simulated.")
        running = self._running.get(job_id)
        if running is None or running.aborted:
            raise JobError(f"OCPS did not abort job {job_id}: it knows no such job.")
        running.aborted = True
        running.task.cancel()
        self._publish(self._result(job_id, running.request, _ABORTED))

    def _require_enabled(self, what: str) -> None:
        if not self._components.is_enabled(OCPS):
            raise JobError(
                f"OCPS refused {what}: it is not ENABLED.",
                last_seen=self._components.describe(OCPS),
                remedy="Enable OCPS:1 first.",
            )

    async def _start(self, request: JobRequest, fault: Fault | None) -> str:
        job_id = self._ids.bytes(16).hex()
        struck = self._world.faults.hit("ocps.result", **_context(request))
        self._store.chain(f"u/ocps/{job_id}", [RAW_COLLECTION])
        task = self._background.spawn(self._run(job_id, request, struck), f"job {job_id}")
        self._running[job_id] = _Running(request, task)
        if fault is not None:
            # job_not_acknowledged: it runs, and whoever asked for it never hears of it.
            await asyncio.Event().wait()
        if struck is not None and struck.name == "job_result_before_ack":
            # What takes minutes otherwise is over at once, or its submitter would give up.
            await self._changes.wait_until(lambda: job_id in self._results, np.inf)
        return job_id

    async def _run(self, job_id: str, request: JobRequest, fault: Fault | None) -> None:
        how = "" if fault is None else fault.name
        quick = how == "job_result_before_ack"
        await self._world.clock.sleep(0.0 if quick else _START_TIME)
        self._strike_service(request)
        await self._world.clock.sleep(0.0 if quick else _IMAGE_TIME * _count_images(request))
        exit_code, message = 1, f"the simulated fault {how}, which leaves no log"
        if how not in ("job_error", "job_aborted", "job_unknown_phase"):
            exit_code, message = await self._process(job_id, request)
        if how == "job_aborted":
            exit_code = _ABORTED
        result = self._result(job_id, request, exit_code, how, message)
        await self._publish_as_told(result, fault)

    def _strike_service(self, request: JobRequest) -> None:
        """Let OCPS itself fail; the job goes on, as a job in the cluster does."""
        fault = self._world.faults.hit("ocps.job", **_context(request))
        if fault is None:
            return
        # OCPS polled for these results, and does so no more.
        self._running.clear()
        if fault.name == "ocps_fault":
            self._components.set_state(OCPS, "FAULT", 1, "Simulated: no connection to the service")
        else:
            self._components.set_state(OCPS, "STANDBY")
            self._background.spawn(self._restart(), "restart of OCPS")

    async def _restart(self) -> None:
        await self._world.clock.sleep(_RESTART_TIME)
        self._components.set_state(OCPS, "ENABLED")

    async def _process(self, job_id: str, request: JobRequest) -> tuple[int, str]:
        """Do the work, and return the exit code of pipetask and why it is not 0."""
        run = f"u/ocps/{job_id}/run"
        try:
            inputs = await asyncio.to_thread(run_job, request, self._store, run)
        except JobFailureError as error:
            _log.info("Job %s fails: %s", job_id, error)
            return 1, str(error)
        self._store.chain(f"u/ocps/{job_id}", [run, *inputs])
        return 0, ""

    async def _publish_as_told(self, result: JobResult, fault: Fault | None) -> None:
        how = "" if fault is None else fault.name
        if how == "job_result_never" or result.job_id not in self._running:
            return
        if fault is not None and how == "job_result_late":
            await self._world.clock.sleep(fault.number("delay"))
        if how == "job_results_reordered":
            self._held.append(result)
            await self._world.clock.sleep(_HOLD)
            self._release()
            return
        for _ in range(2 if how == "job_result_twice" else 1):
            self._publish(result)
        self._release()

    def _publish(self, result: JobResult) -> None:
        # The first result counts: an aborted job may be reported again when it ends.
        self._results.setdefault(result.job_id, result)
        self._running.pop(result.job_id, None)
        self._changes.notify()

    def _release(self) -> None:
        """Publish the results that were held back until after another one."""
        held, self._held = self._held, []
        for result in held:
            self._publish(result)

    def _result(
        self, job_id: str, request: JobRequest, exit_code: int, how: str = "", message: str = ""
    ) -> JobResult:
        """Make a result as OCPS publishes it: the JSON is that of the submission.

        But for the message: in memory there is no log in which it could be read.
        """
        detail: dict[str, object] = {
            "jobId": job_id,
            "runId": job_id[:8],
            "ownerId": "",
            "phase": "unknown" if how == "job_unknown_phase" else "queued",
            "creationTime": iso_from_tai(self._world.clock.tai()),
            "startTime": None,
            "endTime": None,
            "executionDuration": None,
            "destruction": None,
            "parameters": {
                "command": ["pipetask"],
                "environment": [
                    {"name": "PIPELINE_URL", "value": request.pipeline},
                    {"name": "RUN_OPTIONS", "value": f"-i {RAW_COLLECTION} {request.config}"},
                    {"name": "DATA_QUERY", "value": request.data_query},
                ],
            },
            "results": [],
            "errorSummary": {"message": message},
            "jobInfo": {},
        }
        return JobResult(job_id, exit_code, json.dumps(detail))


def _context(request: JobRequest) -> dict[str, object]:
    known = describe_pipeline(request.pipeline)
    return {} if known is None else {"step": known[0], "image_type": known[1]}


def _count_images(request: JobRequest) -> int:
    try:
        return len(parse_data_query(request.data_query).exposures)
    except ValueError:
        return 0  # the job will fail on it
