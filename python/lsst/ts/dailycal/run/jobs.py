# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run pipeline jobs, each at most once."""

__all__ = ["abort_open_jobs", "run_job"]

import asyncio
import logging

from ..calibration import job_run, statistics_dataset_type
from ..model import (
    JobAbandoned,
    JobAsked,
    JobError,
    JobFinished,
    JobKey,
    JobRequest,
    JobResult,
    JobStep,
    JobSubmitted,
    JournalError,
)
from .context import RunContext
from .job_report import failed_job
from .state import JobRecord


async def run_job(context: RunContext, key: JobKey, request: JobRequest) -> str:
    """Run a job to its end, or take up one that an earlier process of this run submitted.

    Returns
    -------
    job_id : `str`
        Id of the job that worked.

    Raises
    ------
    JobError
        If the job cannot be submitted, fails, or is not heard of before its deadline.
    """
    record = context.state.jobs.get(key)
    if record is not None and record.result is not None and record.result.succeeded:
        return record.result.job_id
    if record is not None and record.job_id and record.result is None:
        found = await _find_result(context, key, record)
        if found is not None:
            return found
    return await _submit_and_wait(context, key, request)


async def _submit_and_wait(context: RunContext, key: JobKey, request: JobRequest) -> str:
    timeouts = context.timeouts
    await context.journal.record(JobAsked(key, request))
    enabled_since = context.ports.pipelines.enabled_since()
    job_id = await context.ports.pipelines.submit(request, timeouts.job_acceptance)
    try:
        await context.journal.record(JobSubmitted(key, job_id, enabled_since))
    except JournalError:
        # Nobody else knows its id, and nobody will ever look for its result.
        await _abort(context, job_id)
        raise
    try:
        result = await context.ports.pipelines.wait(job_id, timeouts.job)
    except JobError as error:
        await _abandon(context, key, job_id, str(error))
        raise
    return await _accept(context, key, result)


async def _accept(context: RunContext, key: JobKey, result: JobResult) -> str:
    await context.journal.record(JobFinished(key, result))
    if not result.succeeded:
        raise failed_job(key, result)
    return result.job_id


async def _abandon(context: RunContext, key: JobKey, job_id: str, reason: str) -> None:
    """Wait no longer for a job, and let it not run for nothing."""
    await context.journal.record(JobAbandoned(key, job_id, reason))
    trouble = await _abort(context, job_id)
    if trouble:
        await context.tell(trouble, logging.WARNING)


async def _find_result(context: RunContext, key: JobKey, record: JobRecord) -> str | None:
    """Find the result of a job that was submitted before a crash."""
    timeouts, job_id = context.timeouts, record.job_id
    dataset_type = (
        key.image_type.dataset_type
        if key.step is JobStep.GENERATE
        else statistics_dataset_type(key.image_type)
    )
    collection = job_run(job_id)

    async def is_there() -> bool:
        return await context.ports.repository.has_output(
            collection, dataset_type, timeouts.repository
        )

    if not await is_there():
        if _is_forgotten(context, record):
            reason = f"OCPS was enabled again after job {job_id} was submitted, and has lost it."
            await context.tell(reason, logging.WARNING)
            await _abandon(context, key, job_id, reason)
            return None
        try:
            result = await context.ports.pipelines.wait(job_id, timeouts.job)
        except JobError as error:
            if not await is_there():
                await _abandon(context, key, job_id, str(error))
                return None
        else:
            await context.journal.record(JobFinished(key, result))
            return job_id if result.succeeded else None
    detail = f"nobody heard its result; {dataset_type} is in {collection}"
    await context.journal.record(JobFinished(key, JobResult(job_id, 0, detail)))
    return job_id


def _is_forgotten(context: RunContext, record: JobRecord) -> bool:
    """Tell whether OCPS is another one than that which accepted a job, as far as is known."""
    since = context.ports.pipelines.enabled_since()
    return None not in (since, record.enabled_since) and since != record.enabled_since


async def abort_open_jobs(context: RunContext, reason: str) -> None:
    """Abort every job that was submitted and has not ended, after a stop.

    All are aborted before anything is recorded: the journal may be what failed.
    """
    open_jobs = [
        (key, record.job_id)
        for key, record in context.state.jobs.items()
        if record.result is None and not record.abandoned
    ]
    troubles = [
        await _abort(context, job_id) if job_id else _unnamed(key) for key, job_id in open_jobs
    ]
    for (key, job_id), trouble in zip(open_jobs, troubles, strict=True):
        if trouble:
            await context.tell(trouble, logging.WARNING)
        await context.journal.record(JobAbandoned(key, job_id, reason))


def _unnamed(key: JobKey) -> str:
    return (
        f"The job to {key} may be running: OCPS had been asked for it, and had not named it yet. "
        "Look at the pipeline service."
    )


async def _abort(context: RunContext, job_id: str) -> str:
    """Abort a job; return what a person must know if that did not work, else nothing."""
    try:
        async with asyncio.timeout(context.timeouts.cleanup):
            await context.ports.pipelines.abort(job_id, context.timeouts.cleanup)
    except (JobError, TimeoutError) as error:
        return f"Job {job_id} may still be running: it could not be aborted. {error}".strip()
    return ""
