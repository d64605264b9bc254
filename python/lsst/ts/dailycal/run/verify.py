# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a set of exposures to a decision about it."""

__all__ = ["verify"]

import asyncio
import contextlib
import logging
import typing
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence

from ..calibration import (
    AcceptRule,
    EvidenceCriteria,
    Reference,
    decide,
    decide_on_evidence,
    job_collection,
    statistics_dataset_type,
    verify_request,
)
from ..model import (
    CalibrationFacts,
    ComparisonError,
    Decided,
    Decision,
    ImageName,
    ImageType,
    JobStep,
    RunStatistics,
    StatisticsError,
)
from .combination import read_combination
from .context import RunContext
from .job_report import where_is_the_log
from .jobs import run_job

T = typing.TypeVar("T")
InUse = Mapping[ImageType, CalibrationFacts | None]
"""Calibrations in use that exposures were compared with; `None` for one that is not known."""


async def verify(
    context: RunContext, image_type: ImageType, images: Sequence[ImageName], own: Sequence[str]
) -> Decision:
    """Verify exposures and decide, or return what was decided before.

    Parameters
    ----------
    context : `RunContext`
        The run.
    image_type : `ImageType`
        Which exposures.
    images : `~collections.abc.Sequence` [`ImageName`]
        Those that were combined.
    own : `~collections.abc.Sequence` [`str`]
        Collections of this run's calibrations; empty to compare with those in use.

    Raises
    ------
    CalibrationError
        If the job fails, or what it wrote cannot be read or lacks an exposure.
    """
    known = context.state.decisions.get(image_type)
    if known is not None and not known.goes_on:
        return known
    request = verify_request(context.config, image_type, images, own)
    key = context.state.job_key(JobStep.VERIFY, image_type)
    async with _beside(_read_calibrations(context, image_type)) as reading:
        job_id = await run_job(context, key, request)
    collection, dataset_type = job_collection(job_id), statistics_dataset_type(image_type)
    statistics = await context.ports.repository.read_statistics(
        collection, dataset_type, context.timeouts.repository
    )
    missing = {name.exposure_id for name in images} - set(statistics.exposure_ids)
    if missing:
        raise StatisticsError(
            f"{dataset_type} in {collection} does not cover every exposure.",
            missing=map(str, sorted(missing)),
            remedy=where_is_the_log(job_id),
        )
    decision = _decide(context, image_type, statistics, reading.result())
    await context.journal.record(Decided(decision))
    return decision


@contextlib.asynccontextmanager
async def _beside(work: Coroutine[typing.Any, typing.Any, T]) -> AsyncIterator[asyncio.Task[T]]:
    """Do something while the block waits; an error of the block comes as it is, in no group."""
    try:
        async with asyncio.TaskGroup() as group:
            yield group.create_task(work)
    except BaseExceptionGroup as errors:
        if len(errors.exceptions) > 1:
            raise
        raise errors.exceptions[0] from None


def _decide(
    context: RunContext, image_type: ImageType, statistics: RunStatistics, in_use: InUse
) -> Decision:
    config = context.config
    wanted = config.calibration(image_type)
    if config.accept_rule is not AcceptRule.EVIDENCE:
        return decide(
            image_type, statistics, failure_limit=wanted.failure_limit, rule=config.accept_rule
        )
    reference, biases, masked = _reference(context, image_type, in_use)
    noted = context.state.noted(context.state.job_key(JobStep.GENERATE, image_type))
    may_go_on = config.generate and image_type not in context.state.again
    criteria = EvidenceCriteria(
        failure_limit=wanted.failure_limit,
        fewest=wanted.fewest,
        reference=reference,
        left_out=noted.left_out,
        notes=noted.notes,
        bias_exposures=biases if image_type is ImageType.DARK else None,
        may_leave_out=may_go_on,
        masked=tuple(sorted(masked.items())),
        may_mask=max(0, config.may_mask - len(masked)) if may_go_on else 0,
    )
    return decide_on_evidence(image_type, statistics, criteria)


def _reference(
    context: RunContext, image_type: ImageType, in_use: InUse
) -> tuple[Reference, int | None, dict[str, str]]:
    """Tell with what the exposures were compared.

    Returns
    -------
    reference : `Reference`
        What was subtracted last.
    bias_exposures : `int` or `None`
        Of how many exposures the bias was made.
    masked : `dict` [`str`, `str`]
        Which amplifiers are masked in it, and why.
    """
    config, state = context.config, context.state
    own = Reference(len(state.combined(image_type)), is_own=True)
    masked = dict(state.masked(image_type)) if config.generate else {}
    if not in_use:  # nothing in use was subtracted
        return own, len(state.combined(ImageType.BIAS)), masked
    for facts in filter(None, in_use.values()):
        masked |= dict.fromkeys(facts.masked, f"as in the {facts.dataset_type} in use")
    bias = in_use.get(ImageType.BIAS)
    found = bias.exposures if bias is not None else None
    return (own if config.generate else Reference(found, is_own=False)), found, masked


async def _read_calibrations(context: RunContext, image_type: ImageType) -> InUse:
    """Read those that exposures are compared with, while the job is under way: a second.

    Returns
    -------
    in_use : `~collections.abc.Mapping` [`ImageType`, `CalibrationFacts` or `None`]
        None of them if the exposures are compared with calibrations of this run alone.
    """
    config = context.config
    if config.generate:
        await read_combination(context, image_type)
    if config.accept_rule is not AcceptRule.EVIDENCE:
        return {}
    wanted = [ImageType.BIAS]
    if config.generate and context.state.processed(ImageType.BIAS):
        wanted = []
    elif image_type is ImageType.DARK and not config.generate:
        wanted.append(ImageType.DARK)
    return {which: await _in_use(context, image_type, which) for which in wanted}


async def _in_use(
    context: RunContext, image_type: ImageType, which: ImageType
) -> CalibrationFacts | None:
    """Read the calibration that exposures were compared with; `None` if that is not known."""
    config = context.config
    days = [name.day_obs for name in context.state.processed(image_type)]
    collections = [name.strip() for name in config.calibration(image_type).verify_inputs.split(",")]
    try:
        return await context.ports.repository.read_calibration(
            collections,
            which.dataset_type,
            config.validity(min(days), max(days)).begin,
            context.timeouts.repository,
        )
    except ComparisonError as error:
        text = f"The noise of the {which.dataset_type} in use is not known: {error}"
        await context.tell(text, logging.WARNING)
        return None
