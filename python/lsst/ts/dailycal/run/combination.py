# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a combination of this run left out by itself: recorded, and told to the observer."""

__all__ = ["read_combination", "tell_of_combination"]

import logging

from ..calibration import job_run
from ..calibration.evidence_text import describe_left_out
from ..model import CalibrationFacts, CombinationNoted, ComparisonError, ImageType, JobStep
from .context import RunContext


async def read_combination(context: RunContext, image_type: ImageType) -> None:
    """Read what this run combined last, and tell what was left out of it, if anything was.

    Comparison asks for the same calibration later, and gets it without another measurement.
    """
    key = context.state.job_key(JobStep.GENERATE, image_type)
    try:
        facts = await context.ports.repository.read_calibration(
            [job_run(context.state.jobs[key].job_id)],
            image_type.dataset_type,
            "2000-01-01",  # of a RUN collection, so that the moment means nothing
            context.timeouts.repository,
        )
    except ComparisonError as error:
        text = f"{image_type}: what combination left out is not known: {error}"
        await context.tell(text, logging.WARNING)
    else:
        await tell_of_combination(context, image_type, facts)


async def tell_of_combination(
    context: RunContext, image_type: ImageType, facts: CalibrationFacts | None
) -> None:
    """Record and tell what combination left out and noted, unless that is known already."""
    if facts is None or not (facts.left_out or facts.notes):
        return
    key = context.state.job_key(JobStep.GENERATE, image_type)
    noted = CombinationNoted(key, facts.left_out, facts.notes)
    if context.state.noted(key) == noted:
        return
    await context.journal.record(noted)
    for text in (*describe_left_out(noted.left_out), *noted.notes):
        await context.tell(f"{image_type}: {text}.", logging.WARNING)
