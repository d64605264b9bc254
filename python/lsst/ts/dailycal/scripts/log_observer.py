# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell the events of a run to the script's log, in the observer's words."""

__all__ = ["LogObserver", "describe"]

import asyncio
import logging

from ..model import (
    Certified,
    Decided,
    Decision,
    Event,
    ExposureTaken,
    FrameVerdict,
    ImageIngested,
    ImageMeasured,
    JobAbandoned,
    JobFinished,
    JobSubmitted,
    Message,
    Resumed,
)


class LogObserver:
    """An observer that logs.

    Parameters
    ----------
    log : `logging.Logger`
        Log of the script, which the queue's users read.
    loop : `asyncio.AbstractEventLoop`
        The loop of the script. salobj publishes what is logged, and is used from there only.
    """

    def __init__(self, log: logging.Logger, loop: asyncio.AbstractEventLoop) -> None:
        self._log = log
        self._loop = loop

    def notify(self, event: Event) -> None:
        """Log an event."""
        level, text = describe(event)
        if text:
            self._loop.call_soon_threadsafe(self._log.log, level, text)


def describe(event: Event) -> tuple[int, str]:
    """Describe an event.

    Returns
    -------
    level : `int`
        Level of the standard module `logging`.
    text : `str`
        A sentence; empty for an event that needs no words.
    """
    match event:
        case Message(level, text):
            return level, text
        case Resumed():
            return logging.INFO, "Going on with a run that was interrupted."
        case ExposureTaken(image):
            return logging.INFO, f"{image.planned.label}: {image.name}"
        case ImageIngested(name):
            return logging.DEBUG, f"{name} is in the Butler."
        case ImageMeasured():
            return _describe_measured(event)
        case JobSubmitted(key, job_id):
            return logging.INFO, f"Job {job_id}: {key}"
        case JobFinished(key, result) if result.succeeded:
            return logging.INFO, f"Job {result.job_id} finished: {key}"
        case JobFinished(key, result):
            return logging.WARNING, f"Job {result.job_id} failed: {key}"
        case JobAbandoned(key, job_id, reason):
            given_up = f"Job {job_id} given up: {key}. {reason}"
            return logging.WARNING, given_up if job_id else f"OCPS did not accept the job: {key}"
        case Decided(decision):
            return _describe_decision(decision)
        case Certified(kind, certification):
            return logging.INFO, (
                f"{kind} certified in {certification.calib_collection}, "
                f"valid {certification.validity}."
            )
        case _:
            return logging.DEBUG, ""


def _describe_measured(event: ImageMeasured) -> tuple[int, str]:
    if event.verdict in {FrameVerdict.GOOD, FrameVerdict.UNREADABLE}:
        return logging.DEBUG, f"{event.name}: {event.verdict}."
    what = "left out" if event.rejected else "noted"
    level = logging.INFO if event.verdict is FrameVerdict.SETTLING else logging.WARNING
    return level, f"{event.name} {event.verdict}, {what}: {'; '.join(event.reasons)}."


def _describe_decision(decision: Decision) -> tuple[int, str]:
    verdict = "accepted" if decision.accepted else "rejected"
    bad = len(decision.bad_exposures)
    text = (
        f"{decision.image_type}: {verdict}; {bad} of {decision.exposures} exposures bad, "
        f"rejected from {decision.bad_exposure_limit}."
    )
    if decision.reasons or decision.remarks:
        text += "".join(f"\n  {line}" for line in (*decision.reasons, *decision.remarks))
    if decision.failures:
        rows = [
            f"  {exposure_id}  {test:<12} {number:3d}"
            for exposure_id, test, number in decision.failures
        ]
        text += "\n  exposure       test         amplifiers that failed\n" + "\n".join(rows)
    level = logging.INFO if decision.accepted and not decision.failures else logging.WARNING
    return level, text
