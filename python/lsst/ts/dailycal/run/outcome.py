# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Put what is known of one image type into an outcome."""

__all__ = ["failure_of", "make_outcome"]

from ..model import (
    CalibrationError,
    CalibrationOutcome,
    CalibrationStatus,
    Decision,
    Failure,
    ImageType,
)
from .context import RunContext


def make_outcome(
    context: RunContext,
    image_type: ImageType,
    status: CalibrationStatus,
    *,
    decision: Decision | None = None,
    failure: Failure | None = None,
) -> CalibrationOutcome:
    """Make the outcome of one image type from the state of the run."""
    return CalibrationOutcome(
        image_type=image_type,
        status=status,
        wanted=context.config.calibration(image_type).wanted,
        taken=context.state.count_taken(image_type),
        kept=len(context.state.combined(image_type)),
        decision=decision or context.state.decisions.get(image_type),
        comparison=context.state.comparisons.get(image_type),
        failure=failure,
    )


def failure_of(step: str, error: CalibrationError) -> Failure:
    """Turn an error into a value.

    Parameters
    ----------
    step : `str`
        Name of the step that failed.
    error : `CalibrationError`
        The error.
    """
    facts = type(error)(error.what, missing=error.missing, last_seen=error.last_seen)
    return Failure(step=step, reason=str(facts), remedy=error.remedy)
