# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what came of a run to the script's final state."""

__all__ = ["Verdict", "final_verdict", "is_masking", "is_rejection", "summarize"]

import dataclasses
import re

from ..model import CalibrationOutcome, CalibrationStatus, ComparisonVerdict, RunOutcome
from .run_config import OnRejection

_REJECTION = re.compile(r"[A-Z]+: rejected, ")
_MASKED = re.compile(r"[A-Z]+: certified without amplifiers: ")
_WORTH_SAYING = (ComparisonVerdict.WORSE, ComparisonVerdict.OTHER_SETUP)


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """How the script is to end."""

    success: bool
    """DONE if true, FAILED if false."""
    reason: str
    """What the observer reads beside the state."""
    warnings: tuple[str, ...] = ()
    """What the observer should know although the script is DONE."""


def is_rejection(text: str) -> bool:
    """Tell whether a message is a warning of `final_verdict` that a calibration was rejected."""
    return _REJECTION.match(text) is not None


def is_masking(text: str) -> bool:
    """Tell whether a message is a warning of `final_verdict` that amplifiers are masked."""
    return _MASKED.match(text) is not None


def final_verdict(outcome: RunOutcome, on_rejection: OnRejection = OnRejection.WARN) -> Verdict:
    """Map what came of a run to how the script ends.

    Whatever could not be carried out makes it fail. A rejection is a result, not a failure,
    unless ``on_rejection`` says otherwise.
    """
    failures = [str(failure) for failure in outcome.failures]
    rejections = [
        f"{item.image_type}: {summarize(item)}"
        for item in outcome.calibrations
        if item.image_type in outcome.rejected
    ]
    if on_rejection is OnRejection.FAIL:
        failures += rejections
    if failures:
        way_out = f"Nothing is lost; resume: {outcome.run_id} finishes this run."
        return Verdict(success=False, reason=" ".join([*failures, way_out]))
    summary = "; ".join(f"{item.image_type} {summarize(item)}" for item in outcome.calibrations)
    masked = [
        f"{item.image_type}: certified without amplifiers: "
        f"{', '.join(name for name, _ in item.decision.masked)} masked BAD"
        for item in outcome.calibrations
        if item.status is CalibrationStatus.CERTIFIED and item.decision and item.decision.masked
    ]
    return Verdict(success=True, reason=summary, warnings=(*rejections, *masked))


def summarize(outcome: CalibrationOutcome) -> str:
    """Describe what became of one image type in half a sentence (`str`)."""
    text = f"{outcome.status}, {outcome.kept} of {outcome.wanted} images"
    decision, comparison = outcome.decision, outcome.comparison
    if comparison is not None and comparison.verdict in _WORTH_SAYING:
        text += f", the new one compared with that in use: {comparison}"
    if decision is not None and (decision.reasons or decision.remarks):
        return f"{text}: {'; '.join((*decision.reasons, *decision.remarks))}"
    if decision is not None and decision.bad_exposures:
        text += (
            f", {len(decision.bad_exposures)} of {decision.exposures} exposures bad "
            f"(rejected from {decision.bad_exposure_limit})"
        )
    return text
