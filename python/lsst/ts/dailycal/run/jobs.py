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
    StatisticsError,
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
    try:
        job_id = await context.ports.pipelines.submit(request, timeouts.job_acceptance)
    except JobError as error:
        await context.journal.record(JobAbandoned(key, "", str(error)))
        raise
    try:
        await context.journal.record(JobSubmitted(key, job_id, enabled_since))
    except JournalError:
        # Nobody else knows its id, and nobody will ever look for its result.
        await _abort(context, job_id)
        raise
    try:
        result = await context.ports.pipelines.wait(job_id, timeouts.job)
    except JobError as error:
        # The event may have been lost, although the job has done its work.
        if await _has_output(context, key, job_id):
            return await _accept_unheard(context, key, job_id)
        await _abandon(context, key, job_id, str(error))
        raise
    return await _accept(context, key, result)


async def _has_output(context: RunContext, key: JobKey, job_id: str) -> bool:
    """Look into the Butler whether a job wrote its last dataset; False if that cannot be read."""
    try:
        return await context.ports.repository.has_output(
            job_run(job_id), _last_dataset(key), context.timeouts.repository
        )
    except StatisticsError as error:
        await context.tell(str(error), logging.WARNING)
        return False


async def _accept_unheard(context: RunContext, key: JobKey, job_id: str) -> str:
    """Take a job whose output is in the Butler for done, although nobody heard its result."""
    detail = f"nobody heard its result; {_last_dataset(key)} is in {job_run(job_id)}"
    await context.journal.record(JobFinished(key, JobResult(job_id, 0, detail)))
    return job_id


def _last_dataset(key: JobKey) -> str:
    if key.step is JobStep.GENERATE:
        return key.image_type.dataset_type
    return statistics_dataset_type(key.image_type)


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
    dataset_type, collection = _last_dataset(key), job_run(job_id)
    has_output = context.ports.repository.has_output
    if not await has_output(collection, dataset_type, timeouts.repository):
        if _is_forgotten(context, record):
            reason = f"OCPS was enabled again after job {job_id} was submitted, and has lost it."
            await context.journal.record(JobAbandoned(key, job_id, reason))
            # In case it is there all the same; that it cannot be aborted is what is expected.
            await _abort(context, job_id)
            return None
        try:
            result = await context.ports.pipelines.wait(job_id, timeouts.job)
        except JobError as error:
            if not await has_output(collection, dataset_type, timeouts.repository):
                await _abandon(context, key, job_id, str(error))
                return None
        else:
            await context.journal.record(JobFinished(key, result))
            return job_id if result.succeeded else None
    return await _accept_unheard(context, key, job_id)


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
