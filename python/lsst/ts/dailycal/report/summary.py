# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a journal says of a run, as values."""

__all__ = ["CalibrationSummary", "JobSummary", "RunSummary", "summarize_run"]

import dataclasses
import logging
from collections.abc import Callable, Iterable, Sequence

import yaml

from ..calibration import OnRejection, final_verdict
from ..journal.codec import Entry
from ..journal.summary import JournalSummary
from ..model import (
    CalibrationStatus,
    Certification,
    Decision,
    Event,
    ExposureAsked,
    ExposureTaken,
    ImageName,
    ImageType,
    JobAsked,
    JobFinished,
    JobKey,
    JournalError,
    Message,
)
from ..run.state import JobRecord, RunState


@dataclasses.dataclass(frozen=True, slots=True)
class CalibrationSummary:
    """What became of the images of one type."""

    image_type: ImageType
    """Which type."""
    status: str
    """What became of them, e.g. ``certified``; ``open`` while that is not known."""
    planned: int
    """How many images are to be taken, the discarded ones included."""
    taken: int
    """How many were read out."""
    ingested: int
    """How many are in the Butler."""
    kept: int
    """How many can be processed, without those that combination left out."""
    first: ImageName | None
    """Name of the first image; `None` if there is none."""
    last: ImageName | None
    """Name of the last image; `None` if there is none."""
    acquisition_time: float
    """From the first request to the last readout, in seconds."""
    decision: Decision | None
    """The accept decision; `None` if there is none."""
    certification: Certification | None
    """What was certified; `None` if nothing was."""


@dataclasses.dataclass(frozen=True, slots=True)
class JobSummary:
    """What became of one pipeline job."""

    key: JobKey
    """Which job of the run."""
    job_id: str
    """Id that OCPS gave to it; empty if it gave none."""
    status: str
    """``asked``, ``running``, ``done``, ``failed``, ``given up``, or ``not accepted`` by OCPS."""
    exit_code: int | None
    """Its exit code; `None` while there is none."""
    duration: float | None
    """From the request to the result, in seconds; `None` while there is no result."""

    @property
    def collection(self) -> str:
        """Where its output is (`str`); empty if it has none."""
        return f"u/ocps/{self.job_id}" if self.job_id else ""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary(JournalSummary):
    """What a journal says of a run."""

    calibrations: tuple[CalibrationSummary, ...]
    """One an image type, in the order of acquisition."""
    jobs: tuple[JobSummary, ...]
    """The jobs, in the order in which they were asked for."""
    lost: tuple[tuple[ImageName, str], ...]
    """Images that did not reach the Butler, and why."""
    failures: tuple[str, ...]
    """What could not be carried out, and what to do."""
    warnings: tuple[str, ...]
    """What the observer was warned of."""
    config: str
    """The configuration, as YAML text."""

    @property
    def is_rejected(self) -> bool:
        """Was a calibration rejected (`bool`)?"""
        return any(item.status == CalibrationStatus.REJECTED for item in self.calibrations)


def summarize_run(records: Sequence[Entry[Event]]) -> RunSummary:
    """Summarize a journal.

    Parameters
    ----------
    records : `~collections.abc.Sequence` [`Entry`]
        Its records.

    Raises
    ------
    JournalError
        If the first record is not the start of a run.
    """
    state = RunState(record.event for record in records)
    started = state.started
    if started is None:
        raise JournalError("The journal does not begin with the start of a run.")
    types = dict.fromkeys(planned.image_type for planned in started.exposures)
    outcome = state.outcome
    return RunSummary(
        run_id=started.run_id,
        status=_status(state, started.config),
        begin=records[0].tai,
        last=records[-1].tai,
        calibrations=tuple(_calibration(state, records, kind) for kind in types),
        jobs=tuple(_job(records, key, job) for key, job in state.jobs.items()),
        lost=tuple(state.lost.items()),
        # A stop is no failure, and the status says it.
        failures=tuple(map(str, outcome.failures)) if outcome and not outcome.stopped else (),
        warnings=tuple(
            record.event.text
            for record in records
            if isinstance(record.event, Message) and record.event.level >= logging.WARNING
        ),
        version=started.version,
        config=started.config,
    )


def _status(state: RunState, config: str) -> str:
    outcome = state.outcome
    if outcome is None:
        return "open"
    if outcome.stopped:
        return "stopped"
    return "done" if final_verdict(outcome, _on_rejection(config)).success else "failed"


def _on_rejection(config: str) -> OnRejection:
    """Read from the configuration whether a rejection makes the script fail."""
    try:
        return OnRejection(yaml.safe_load(config)["on_rejection"])
    except (yaml.YAMLError, TypeError, KeyError, ValueError):
        return OnRejection.WARN


def _calibration(
    state: RunState, records: Sequence[Entry[Event]], image_type: ImageType
) -> CalibrationSummary:
    slots = state.of_type(image_type)
    names = [slot.image.name for slot in slots if slot.image is not None]
    found = [
        item.status.value
        for item in (state.outcome.calibrations if state.outcome is not None else ())
        if item.image_type is image_type
    ]
    asked = _times(
        records, lambda e: isinstance(e, ExposureAsked) and e.planned.image_type is image_type
    )
    taken = _times(
        records, lambda e: isinstance(e, ExposureTaken) and e.image.planned.image_type is image_type
    )
    return CalibrationSummary(
        image_type=image_type,
        status=found[0] if found else "open",
        planned=len(slots),
        taken=len(names),
        ingested=sum(slot.ingested for slot in slots),
        kept=len(state.combined(image_type)),
        first=min(names, default=None),
        last=max(names, default=None),
        acquisition_time=taken[-1] - asked[0] if asked and taken else 0.0,
        decision=state.decisions.get(image_type),
        certification=state.certifications.get(image_type),
    )


def _job(records: Sequence[Entry[Event]], key: JobKey, job: JobRecord) -> JobSummary:
    asked = _times(records, lambda e: isinstance(e, JobAsked) and e.key == key)
    finished = _times(records, lambda e: isinstance(e, JobFinished) and e.key == key)
    return JobSummary(
        key=key,
        job_id=job.job_id,
        status=_job_status(job),
        exit_code=job.result.exit_code if job.result is not None else None,
        # A job may be asked for again when a run is resumed; the last one counts.
        duration=finished[-1] - asked[-1] if job.result is not None and finished else None,
    )


def _job_status(job: JobRecord) -> str:
    if job.result is not None:
        return "done" if job.result.succeeded else "failed"
    if job.abandoned:
        return "given up" if job.job_id else "not accepted"
    return "running" if job.job_id else "asked"


def _times(records: Iterable[Entry[Event]], wanted: Callable[[Event], bool]) -> list[float]:
    return [record.tai for record in records if wanted(record.event)]
