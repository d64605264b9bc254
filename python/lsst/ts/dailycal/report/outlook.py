# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of a run is done, how long the rest takes, and what is being done: learned from it."""

__all__ = ["Outlook", "clock_text", "describe_activity", "look_ahead", "short_time"]

import dataclasses
import datetime

from ..calibration.timeouts import EXPOSURE_OVERHEAD, JOB_TIME_PER_EXPOSURE, READOUT_TIME
from ..model import JobKey, JobStep, ScriptState, format_duration
from ..page import StepStatus
from .progress import Progress
from .progress_items import JobView, StepView

SIMULATED_STEP = 0.3
"""What a step takes in a simulated observatory, of what it takes at the telescope."""
RESTS_AFTER = 10.0
"""How long after the last readout a camera that is asked for nothing is not exposing, in s."""
SIMULATED_JOB = 0.5
"""What a job takes in a simulated observatory, with its simpler pipelines, before one has ended."""


@dataclasses.dataclass(frozen=True, slots=True)
class Outlook:
    """What is left of a run."""

    left: float
    """Seconds from now to the end, by what was learned so far."""
    fraction: float
    """How much is done, 0 to 1."""


def look_ahead(progress: Progress, now: float) -> Outlook | None:
    """Estimate what is left.

    Each kind of work has a pace of its own, seconds here for each planned one, which what has
    ended of it corrects: steps, exposures, and jobs.

    Parameters
    ----------
    progress : `Progress`
        What is known.
    now : `float`
        The time, in seconds of the same clock.

    Returns
    -------
    outlook : `Outlook` or `None`
        `None` as long as nothing has begun, or after the end.
    """
    if progress.began is None or progress.is_over:
        return None
    left = _steps_left(progress, now)
    if not progress.steps or any(_is_open(step.status) for step in _imaging(progress)):
        left += _run_left(progress, now)
    elapsed = max(0.0, now - progress.began)
    return Outlook(left, min(0.99, elapsed / (elapsed + left)) if elapsed + left > 0 else 0.0)


def _is_open(status: StepStatus) -> bool:
    return status is StepStatus.NOT_REACHED


def _imaging(progress: Progress) -> list[StepView]:
    return [step for step in progress.to_do if step.takes_images]


def _steps_left(progress: Progress, now: float) -> float:
    steps = [step for step in progress.to_do if not step.takes_images]
    ended = [step for step in steps if step.status is StepStatus.DONE and step.planned > 0]
    planned = sum(step.planned for step in ended)
    first = 1.0 if progress.scale == 1.0 else SIMULATED_STEP
    pace = sum(step.took for step in ended) / planned if planned else first
    left = 0.0
    for step in steps:
        if _is_open(step.status):
            spent = now - step.began if step.began is not None else 0.0
            left += max(0.0, step.planned * pace - spent)
    return left


def _run_left(progress: Progress, now: float) -> float:
    run = progress.run
    if run is None:
        processing = sum(step.processing for step in _imaging(progress))
        planned = sum(step.planned for step in _imaging(progress)) or progress.script_planned
        spent = now - progress.script_began if progress.script_began is not None else 0.0
        if progress.script_left is not None:
            return progress.script_left(spent) or 0.0
        # What pipelines do has no time scale.
        at_pipelines = processing * _first_pace(progress)
        return max(0.0, (planned - processing) / progress.scale + at_pipelines - spent)
    missing = [slot.planned for slot in run.slots.values() if run.needs_exposure(slot)]
    planned = sum(item.exposure_time + READOUT_TIME + EXPOSURE_OVERHEAD for item in missing)
    exposing = planned * _exposure_pace(progress)
    if missing and progress.exposing_until is not None:
        exposing = max(0.0, exposing - (now - progress.exposing_until))
    jobs = {
        key: _job_left(progress, key, now)
        for key in (run.started.jobs if run.started is not None else ())
        if key.image_type not in run.decisions and key.image_type not in run.certifications
    }
    if not jobs:
        return exposing
    last = list(run.slots)[-1][0]
    after = sum(left for key, left in jobs.items() if key.image_type is last)
    beside = sum(left for key, left in jobs.items() if key.image_type is not last)
    return max(exposing + after, beside)


def _exposure_pace(progress: Progress) -> float:
    since, until = progress.exposing_since, progress.exposing_until
    if since is None or until is None or progress.exposed <= 0:
        return 1.0 / progress.scale
    return (until - since) / progress.exposed


def _first_pace(progress: Progress) -> float:
    return 1.0 if progress.scale == 1.0 else SIMULATED_JOB


def _job_planned(progress: Progress, key: JobKey) -> float:
    kept = [
        planned
        for kind, planned in ((k, s.planned) for (k, _), s in progress.run.slots.items())  # type: ignore[union-attr]
        if kind is key.image_type and not planned.discard
    ]
    return JOB_TIME_PER_EXPOSURE * len(kept)


def _job_left(progress: Progress, key: JobKey, now: float) -> float:
    paces = [
        (job.ended - (job.accepted or job.asked)) / _job_planned(progress, job.key)
        for job in progress.jobs.values()
        if job.ended is not None and job.succeeded and _job_planned(progress, job.key)
    ]
    pace = sum(paces) / len(paces) if paces else _first_pace(progress)
    job = progress.jobs.get(key)
    if job is not None and job.ended is not None:
        return 0.0
    spent = now - (job.accepted or job.asked) if job is not None else 0.0
    return max(0.0, _job_planned(progress, key) * pace - spent)


def short_time(seconds: float) -> str:
    """Write a time that moves, as clocks do: 0:46, 15:00 or 1:02:03 (`str`)."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{rest // 60}:{rest % 60:02d}"


_DOING = {JobStep.GENERATE: "combining", JobStep.VERIFY: "verifying"}


def describe_job(job: JobView, now: float) -> str:
    """Say how a job is, e.g. ``verifying DARK, 0:46 of at most 15:00`` (`str`)."""
    what = f"{_DOING[job.key.step]} {job.key.image_type}"
    if job.ended is not None:
        word = "done" if job.succeeded else "failed"
        return f"{what}: {word} after {format_duration(job.ended - (job.accepted or job.asked))}"
    if job.accepted is None:
        return f"{what}: asked for, {short_time(now - job.asked)}"
    return f"{what}, {short_time(now - job.accepted)} of at most {short_time(job.allowed)}"


def describe_activity(progress: Progress, now: float) -> str:
    """Say what is being done, so that the clock goes on while nothing is heard (`str`)."""
    if progress.is_over:
        return "ending"
    if progress.remark:
        return progress.remark
    step = progress.current
    if progress.steps and step is None and progress.began is not None:
        coming = next((item.name for item in progress.to_do if _is_open(item.status)), "")
        return f"before {coming}" if coming else "ending"
    if progress.run is None and step is None and progress.script_began is None:
        since = progress.doing_since
        return progress.doing + (f", {short_time(now - since)}" if since is not None else "")
    if step is not None and not step.takes_images:
        spent = f", {short_time(now - step.began)}" if step.began is not None else ""
        return f"{step.title or step.name}{spent}"
    return _describe_run(progress, now) or _describe_script(progress, now)


def _describe_run(progress: Progress, now: float) -> str:
    run = progress.run
    if run is None:
        return ""
    asked = [slot.asked for slot in run.slots.values() if slot.asked is not None]
    if asked:
        return f"exposing {asked[-1].planned.label}"
    running = [job for job in progress.jobs.values() if job.ended is None]
    missing = [slot for slot in run.slots.values() if slot.image is None]
    rests = progress.exposing_until is not None and now - progress.exposing_until > RESTS_AFTER
    if running and (not missing or rests):
        return describe_job(min(running, key=lambda job: job.asked), now)
    if missing and progress.exposing_since is not None and not rests:
        return f"exposing {missing[0].planned.label}"
    pending = sum(run.is_pending(slot) for slot in run.slots.values())
    if pending and not missing:
        return f"waiting for {pending} image{'s' * (pending > 1)} to reach the Butler"
    return ""


def _describe_script(progress: Progress, now: float) -> str:
    update = progress.script
    began = progress.script_began
    if began is None and progress.current is not None:
        began = progress.current.began
    spent = f", {short_time(now - began)}" if began is not None else ""
    if update.checkpoint:
        return f"{update.checkpoint}{spent}"
    word = "loading" if update.state is ScriptState.UNKNOWN else update.state.name.lower()
    return f"{word}{spent}"


def clock_text(progress: Progress, now: float, utc: float) -> str:
    """Say in one line how far a run is.

    Parameters
    ----------
    progress : `Progress`
        What is known.
    now : `float`
        The time, in seconds of the clock of the events.
    utc : `float`
        The same moment, in seconds since 1970 UTC.

    Returns
    -------
    text : `str`
        E.g. ``5/6 calibrations  verifying DARK, 0:46 of at most 15:00 · page 88 %, done about
        13:41 UTC``.
    """
    parts = [describe_activity(progress, now)]
    step = progress.current
    if step is not None:
        names = [item.name for item in progress.to_do]
        parts[0] = f"{names.index(step.name) + 1}/{len(names)} {step.name}  {parts[0]}"
    outlook = look_ahead(progress, now)
    if outlook is not None:
        done = datetime.datetime.fromtimestamp(utc + outlook.left, tz=datetime.UTC)
        what = "page " if progress.steps else ""
        parts.append(f"{what}{100 * outlook.fraction:.0f} %, done about {done:%H:%M} UTC")
    return " \N{MIDDLE DOT} ".join(parts)
