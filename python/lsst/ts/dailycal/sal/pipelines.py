# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The pipelines port over OCPS."""

__all__ = ["SalPipelines"]

import asyncio
import typing

import lsst.ts.salobj as salobj

from ..model import JobError, JobRequest, JobResult, format_duration
from .component import ComponentWatch
from .job_id import parse_job_id

LATE_RESULT = 10.0
"""How long job_result may lag behind the final acknowledgement, in seconds."""


class SalPipelines:
    """Runs jobs on OCPS; results are told apart by job id.

    The exit code is trusted, the ``phase`` in the JSON is not: OCPS publishes that of the
    submission. A completed command says nothing of the job either.

    Parameters
    ----------
    remote : `lsst.ts.salobj.Remote`
        Remote of OCPS, with the event job_result.
    watch : `ComponentWatch`
        Watch of OCPS.
    """

    TOPICS = (*ComponentWatch.TOPICS, "job_result")
    """Events that the remote must include."""

    def __init__(self, remote: typing.Any, watch: ComponentWatch) -> None:
        self._remote = remote
        self._watch = watch
        self._board = watch.board
        self._results: dict[str, JobResult] = {}
        self._acknowledgements: dict[str, typing.Any] = {}
        self._submitting = asyncio.Lock()
        self._board.listen(remote.evt_job_result, self._hear_result)

    def enabled_since(self) -> float | None:
        """Tell when OCPS was enabled, by its own clock; `None` if it is not ENABLED."""
        return self._watch.state_since if self._watch.is_enabled else None

    async def submit(self, request: JobRequest, timeout: float) -> str:
        """Start a job, and return its id when OCPS has accepted it."""
        known = set(self._results)
        async with self._submitting:
            try:
                async with asyncio.timeout(timeout):
                    return await self._submit(request, known, timeout)
            except (TimeoutError, salobj.AckTimeoutError) as error:
                raise JobError(
                    f"OCPS did not accept {request.pipeline} within {format_duration(timeout)}.",
                    last_seen=self._watch.describe(),
                    remedy="Look at OCPS and its pipeline service.",
                ) from error
            except salobj.AckError as error:
                raise JobError(
                    f"OCPS refused {request.pipeline}: {error.ackcmd.result}.",
                    last_seen=self._watch.describe(),
                    remedy="Look at OCPS and its pipeline service.",
                ) from error

    async def wait(self, job_id: str, timeout: float) -> JobResult:
        """Wait for the result of a job."""
        async with asyncio.TaskGroup() as group:
            ended: list[str] = []
            gone = False
            command = group.create_task(self._follow_command(job_id, ended, timeout))
            try:
                await self._board.wait_until(
                    lambda: job_id in self._results or bool(ended) or not self._watch.is_enabled,
                    timeout,
                )
                # It may be ENABLED again by the time that the wait for a late result is over.
                gone = not self._watch.is_enabled
                if job_id not in self._results and (ended or gone):
                    await self._board.wait_until(
                        lambda: job_id in self._results, min(LATE_RESULT, timeout)
                    )
            finally:
                command.cancel()
        result = self._results.get(job_id)
        if result is not None:
            return result
        what = f"There is no result of job {job_id}"
        if ended:
            what += f", although OCPS ended the command: {ended[0]}."
        elif gone:
            what += ", and OCPS was not ENABLED any more."
        else:
            what += f" after {format_duration(timeout)}."
        raise JobError(
            what,
            missing=[job_id],
            last_seen=self._watch.describe(),
            remedy=f"Look at the log of job {job_id} on OCPS.",
        )

    async def abort(self, job_id: str, timeout: float) -> None:
        """Ask for a job to be ended."""
        try:
            await self._remote.cmd_abort_job.set_start(job_id=job_id, timeout=timeout)
        except salobj.AckError as error:
            raise JobError(
                f"OCPS did not abort job {job_id} within {format_duration(timeout)}: "
                f"{error.ackcmd.result or 'no answer'}."
            ) from error

    async def _submit(self, request: JobRequest, known: set[str], timeout: float) -> str:
        command = self._remote.cmd_execute
        # Owned by this call: it is awaited or cancelled before the call ends.
        start = asyncio.create_task(
            command.set_start(
                pipeline=request.pipeline,
                version=request.version,
                config=request.config,
                data_query=request.data_query,
                timeout=timeout,
                wait_done=False,
            )
        )
        try:
            await asyncio.sleep(0)
            # salobj 6 forgets a command when its final acknowledgement arrives, read or not: a
            # refusal may come in one go with CMD_ACK. Who holds on to the command can read on.
            running = getattr(self._remote.salinfo, "_running_cmds", {})
            held = running.get(command.data.private_seqNum)
            ackcmd = await start
        finally:
            start.cancel()
        # salobj 6 acknowledges with CMD_ACK and no result before OCPS has the job id.
        while not (job_id := parse_job_id(ackcmd.result)):
            try:
                ackcmd = await (
                    command.next_ackcmd(ackcmd, timeout=timeout, wait_done=False)
                    if held is None
                    else held.next_ackcmd(timeout=timeout)
                )
            except RuntimeError:
                # The command ended before its acknowledgements were read.
                return await self._adopt_result(request, known)
            if ackcmd.ack == salobj.SalRetCode.CMD_COMPLETE and not parse_job_id(ackcmd.result):
                return await self._adopt_result(request, known)
        self._acknowledgements[job_id] = ackcmd
        return job_id

    async def _adopt_result(self, request: JobRequest, known: set[str]) -> str:
        """Find the job id by the result, when the acknowledgement that held it was lost."""
        unclaimed: set[str] = set()

        def look() -> bool:
            unclaimed.update(set(self._results) - known - set(self._acknowledgements))
            return bool(unclaimed)

        await self._board.wait_until(look, LATE_RESULT)
        if len(unclaimed) != 1:
            raise JobError(
                f"OCPS ended {request.pipeline} without naming a job.",
                missing=sorted(unclaimed),
                last_seen=self._watch.describe(),
                remedy="Look at the log of OCPS.",
            )
        return unclaimed.pop()

    async def _follow_command(self, job_id: str, ended: list[str], timeout: float) -> None:
        """Hear of a command that ends without a result, so that nobody waits in vain."""
        ackcmd = self._acknowledgements.get(job_id)
        if ackcmd is None:
            return
        try:
            final = await self._remote.cmd_execute.next_ackcmd(ackcmd, timeout=timeout)
            ended.append(final.result or "done")
        except RuntimeError:
            ended.append("its final acknowledgement came early")
        except salobj.AckTimeoutError:
            return  # the deadline of the job tells the same
        except salobj.AckError as error:
            ended.append(error.ackcmd.result or "it failed")
        await self._board.changed()

    def _hear_result(self, message: typing.Any) -> None:
        # The first result counts: an aborted job may be reported again when it ends.
        result = JobResult(message.job_id, message.exit_code, message.result)
        self._results.setdefault(message.job_id, result)
