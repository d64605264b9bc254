# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a run in a sentence: what is wrong. The same one stands wherever it is told."""

__all__ = ["first_sentence", "headline_of_killed", "headline_of_refusal", "headline_of_step"]

import re
from collections.abc import Sequence

from .script_run import ScriptRun
from .steps import StepOutcome, StepStatus

LONGEST = 160
"""Characters of a sentence that everybody is told; a longer one is no sentence for them."""
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z])|\n")
_EXCEPTION = re.compile(r"\b\w*(?:Error|Exception|Traceback)\b|<\w+\.\w+: |\.py\b")
_PREFIX = re.compile(r"^(?:The script failed: |Error in run: |take images: |run: )+")


def first_sentence(text: str) -> str:
    """Return the first sentence of a reason, where it is one for people.

    Parameters
    ----------
    text : `str`
        The reason, as a script or an error gives it.

    Returns
    -------
    sentence : `str`
        Never cut: it is empty where the reason is the text of an exception, or has no end.
    """
    sentence = _SENTENCE_END.split(_PREFIX.sub("", text.strip()), maxsplit=1)[0].strip()
    if not sentence or len(sentence) > LONGEST or _EXCEPTION.search(sentence):
        return ""
    return sentence if sentence[-1] in ".!?" else f"{sentence}."


def headline_of_step(outcome: StepOutcome, run: ScriptRun | None) -> str:
    """Say what ended a page at a step (`str`).

    Parameters
    ----------
    outcome : `StepOutcome`
        What became of the step.
    run : `ScriptRun` or `None`
        The run of its script, if its journal can be read.
    """
    where = f" at {run.position}" if run is not None and run.position else ""
    if outcome.status is StepStatus.STOPPED:
        by = "" if outcome.reason.startswith("Stopped by the observer") else " by somebody"
        return f"Step {outcome.name} was stopped{by}{where}."
    if outcome.status is StepStatus.UNKNOWN:
        return f"Step {outcome.name} is no longer heard{where}: its script may still be running."
    fault = (run.fault if run is not None else "") or first_sentence(outcome.reason)
    if where and run is not None and run.position in fault:
        where = ""
    return f"Step {outcome.name} failed{where}: {fault or 'the reason is in its log.'}"


def headline_of_refusal(problems: Sequence[str]) -> str:
    """Say that nothing was begun, and what refused it first (`str`)."""
    first = first_sentence(problems[0]) if problems else ""
    more = len(problems) - 1
    others = f" and {more} more problem{'s' * (more > 1)}" if more > 0 else ""
    return f"Nothing was started: {first.rstrip('.')}{others}." if first else "Nothing was started."


def headline_of_killed(step: str, run: ScriptRun | None) -> str:
    """Say what became of a page whose process ended without a word (`str`).

    Parameters
    ----------
    step : `str`
        Name of the step that was under way; empty if none was.
    run : `ScriptRun` or `None`
        The run of its script, if its journal can be read.
    """
    where = f" in step {step}" if step else " before its first step"
    if run is None:
        return f"The page's process ended without a word{where}."
    at = f", at {run.position}" if run.position else ""
    if run.status == "running":
        return f"Nobody follows the page{where} any more; its script goes on{at}."
    if run.status == "done":
        return f"The page's process ended without a word{where}; its script came to its end."
    return f"The page's process ended without a word{where}{at}."
