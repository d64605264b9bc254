# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""From the images of one type to a decision and a certified calibration."""

__all__ = ["process"]

import logging
from collections.abc import Awaitable

from ..calibration import generate_request, job_collection, job_run
from ..calibration.evidence_text import describe_amplifiers
from ..model import (
    CalibrationOutcome,
    CalibrationStatus,
    Certification,
    CertificationConflictError,
    Certified,
    Decision,
    Failure,
    ImageName,
    ImageType,
    JobStep,
)
from .compare import compare_with_the_one_in_use
from .context import RunContext
from .jobs import run_job
from .outcome import make_outcome
from .verify import verify


async def process(
    context: RunContext, image_type: ImageType, bias: Awaitable[CalibrationOutcome] | None
) -> CalibrationOutcome:
    """Generate, verify, decide and certify, as far as is wanted.

    Parameters
    ----------
    context : `RunContext`
        The run; every image of the type is in the Butler or given up.
    image_type : `ImageType`
        Which images.
    bias : `~collections.abc.Awaitable` [`CalibrationOutcome`] or `None`
        What becomes of this run's bias; awaited only if something depends on it.

    Raises
    ------
    CalibrationError
        If something that is wanted cannot be carried out.
    """
    images = context.state.usable(image_type)
    config = context.config.calibration(image_type)
    if len(images) < config.minimum:
        return make_outcome(
            context,
            image_type,
            CalibrationStatus.NOT_ATTEMPTED,
            failure=_too_few(context, image_type, len(images)),
        )
    if len(images) < config.wanted:
        text = f"{image_type}: going on with {len(images)} of {config.wanted} images."
        await context.tell(text, logging.WARNING)
    bias_collection = None
    if context.config.generate and bias is not None:
        blocked, bias_collection = await _need_bias(context, image_type, bias)
        if blocked is not None:
            return blocked
    return await _process(context, image_type, bias_collection)


def _too_few(context: RunContext, image_type: ImageType, usable: int) -> Failure:
    config = context.config.calibration(image_type)
    text = (
        f"{usable} of {config.wanted} images can be used, and at least {config.minimum} are needed."
    )
    lost = [
        f"{slot.image.name} ({context.state.lost[slot.image.name]})"
        for slot in context.state.of_type(image_type)
        if slot.image is not None and slot.image.name in context.state.lost
    ]
    rejected = [
        f"{event.name} ({'; '.join(event.reasons)})" for event in context.state.rejected(image_type)
    ]
    if rejected:
        more = f" and {len(rejected) - 2} more" if len(rejected) > 2 else ""
        text += f" Bad: {'; '.join(rejected[:2])}{more}."
    if lost:
        more = f" and {len(lost) - 2} more" if len(lost) > 2 else ""
        text += f" Lost: {'; '.join(lost[:2])}{more}."
    remedy = "The frames are kept; resume takes those that are missing."
    return Failure(f"take {image_type}", text, remedy)


async def _process(
    context: RunContext, image_type: ImageType, bias_collection: str | None
) -> CalibrationOutcome:
    config = context.config
    status = CalibrationStatus.TAKEN
    decision = None
    job_id = ""
    while True:
        own: list[str] = []
        images = context.state.processed(image_type)
        if config.generate:
            masked = [name for name, _ in context.state.masked(image_type)]
            request = generate_request(config, image_type, images, bias_collection, masked)
            key = context.state.job_key(JobStep.GENERATE, image_type)
            job_id = await run_job(context, key, request)
            own = [job_collection(job_id), *filter(None, [bias_collection])]
        if not config.verify:
            break
        decision = await verify(context, image_type, images, own)
        if decision.goes_on:
            await _tell_what_is_dropped(context, decision)
            continue
        if not decision.accepted:
            return make_outcome(context, image_type, CalibrationStatus.REJECTED, decision=decision)
        status = CalibrationStatus.VERIFIED
        break
    if config.generate:
        certification = _certification(context, image_type, images, job_id)
        comparison = await compare_with_the_one_in_use(context, image_type, certification, job_id)
        if not comparison.accepted:
            return make_outcome(context, image_type, CalibrationStatus.REJECTED, decision=decision)
        await _certify(context, image_type, certification, job_id)
        status = CalibrationStatus.CERTIFIED
    return make_outcome(context, image_type, status, decision=decision)


async def _tell_what_is_dropped(context: RunContext, decision: Decision) -> None:
    left_out, masked = len(decision.left_out), describe_amplifiers(dict(decision.to_mask))
    dropped = [f"{left_out} left out"] * bool(left_out) + [f"{masked} masked"] * bool(masked)
    text = (
        f"{decision.image_type}: {', '.join(dropped)}, the other "
        f"{decision.exposures - left_out} exposures are combined and verified once more: "
        f"{'; '.join(decision.reasons)}."
    )
    await context.tell(text, logging.WARNING)


async def _need_bias(
    context: RunContext, image_type: ImageType, bias: Awaitable[CalibrationOutcome]
) -> tuple[CalibrationOutcome | None, str | None]:
    """Wait for this run's bias; darks are never reduced with an older one by accident."""
    outcome = await bias
    record = context.state.jobs.get(context.state.job_key(JobStep.GENERATE, ImageType.BIAS))
    if outcome.status is CalibrationStatus.CERTIFIED and record is not None and record.result:
        return None, job_collection(record.result.job_id)
    if outcome.status is CalibrationStatus.NOT_ATTEMPTED:
        inputs = context.config.calibration(image_type).generate_inputs
        text = f"{image_type}: no bias of this run; using the one in {inputs}."
        await context.tell(text, logging.WARNING)
        return None, None
    failure = Failure(
        f"generate {image_type}",
        f"a combined dark needs a bias, and that of this run is: {outcome.status}.",
        "The frames are kept.",
    )
    return make_outcome(context, image_type, CalibrationStatus.NOT_ATTEMPTED, failure=failure), None


def _certification(
    context: RunContext, image_type: ImageType, images: list[ImageName], job_id: str
) -> Certification:
    days = [name.day_obs for name in images]
    made = job_collection(job_id)
    return context.config.certification(image_type, min(days), max(days), made)


async def _certify(
    context: RunContext, image_type: ImageType, certification: Certification, job_id: str
) -> None:
    if image_type in context.state.certifications:
        return
    own = job_run(job_id)
    if not await _is_certified_already(context, certification, own):
        try:
            await context.ports.repository.certify(certification, context.timeouts.repository)
        except CertificationConflictError:
            # The command of a process that was killed may have gone on, and come before ours.
            if not await _is_certified_already(context, certification, own):
                raise
    await context.journal.record(Certified(image_type, certification))


async def _is_certified_already(
    context: RunContext, certification: Certification, own: str
) -> bool:
    """Tell whether an earlier process of this run certified it and could not say so.

    Raises
    ------
    CertificationConflictError
        If another calibration is valid in part of the range.
    """
    conflicts = await context.ports.repository.find_conflicts(
        certification, context.timeouts.repository
    )
    others = [conflict for conflict in conflicts if conflict.run != own]
    if others:
        raise CertificationConflictError(
            f"{certification.dataset_type} is certified already in "
            f"{certification.calib_collection}, valid {others[0].validity}, "
            f"from {others[0].run}.",
            remedy="Choose another calib_collection or validity range, or decertify that one; "
            f"the combined calibration is in {certification.input_collection}.",
        )
    return bool(conflicts)
