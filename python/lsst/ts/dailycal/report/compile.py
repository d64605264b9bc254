# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a journal and a repository to a report."""

__all__ = ["Pixels", "compile_report"]

import dataclasses
import logging
import types
import typing
from collections.abc import Iterator, Mapping, Sequence

import yaml

from ..calibration import final_verdict, job_collection, job_run, statistics_dataset_type
from ..journal.codec import Entry
from ..model import (
    CalibrationError,
    Certified,
    Event,
    Finding,
    ImageType,
    JobStep,
    Message,
)
from ..model.verification import TestResult
from ..page.events import ConditionsRead, PageEvent
from ..ports.archive import Archive, ArchivedCalibration
from ..run.state import RunState
from .document import (
    REPORT_VERSION,
    Report,
    ReportedCalibration,
    ReportedCertification,
    ReportedLog,
    ReportedMessage,
    ReportedReadings,
)
from .exposures import report_exposures
from .script_runs import fault_of, kept_by
from .summary import CalibrationSummary, RunSummary, summarize_run
from .times import iso_utc
from .versions import collect_versions


@dataclasses.dataclass(frozen=True, slots=True)
class Pixels:
    """The images that the pictures of a report are made of."""

    combined: ArchivedCalibration | None = None
    """The combined calibration of the run."""
    in_use: ArchivedCalibration | None = None
    """The one that it was compared with."""


def compile_report(
    records: Sequence[Entry[Event]],
    archive: Archive | None = None,
    *,
    conditions: Sequence[Finding] = (),
    page: Sequence[Entry[PageEvent]] = (),
    missing: Sequence[str] = (),
    reproduce: Sequence[str] = (),
    logs: Mapping[str, Sequence[str]] = types.MappingProxyType({}),
    with_pixels: bool = True,
) -> tuple[Report, Mapping[ImageType, Pixels]]:
    """Put together what is known of a run.

    Parameters
    ----------
    records : `~collections.abc.Sequence` [`Entry`]
        Its journal.
    archive : `Archive`, optional
        Its repository, if it can be read from here. What is not there any more is named in the
        report.
    conditions : `~collections.abc.Sequence` [`Finding`], optional
        What the page found before the images were taken.
    page : `~collections.abc.Sequence` [`Entry`], optional
        Journal of the page, for what the instruments said while the images were taken.
    missing : `~collections.abc.Sequence` [`str`], optional
        What is known to be missing already.
    reproduce : `~collections.abc.Sequence` [`str`], optional
        Commands that show the same again.
    logs : `~collections.abc.Mapping` [`str`, `~collections.abc.Sequence` [`str`]], optional
        Id of a job, and the last lines of its log.
    with_pixels : `bool`, optional
        Read combined calibrations as well? Full-size ones take a second each.

    Returns
    -------
    report : `Report`
        The report.
    pixels : `~collections.abc.Mapping` [`ImageType`, `Pixels`]
        What its pictures are made of.

    Raises
    ------
    JournalError
        If the first record is not the start of a run.
    """
    summary = summarize_run(records)
    state = RunState(record.event for record in records)
    gaps = list(missing)
    calibrations, pixels = _calibrations(
        summary, state, records, archive, gaps, with_pixels=with_pixels
    )
    fault, remedy = fault_of(state)
    report = Report(
        report_version=REPORT_VERSION,
        run_id=summary.run_id,
        status=summary.status,
        rejected=state.outcome.rejected if state.outcome is not None else (),
        verdict=_verdict(state),
        begin_utc=iso_utc(summary.begin),
        end_utc=iso_utc(summary.last),
        duration=summary.duration,
        exposures=tuple(report_exposures(state, records)),
        calibrations=calibrations,
        jobs=summary.jobs,
        logs=tuple(_logs(summary, logs)),
        conditions=tuple(conditions),
        readings=tuple(_readings(page)),
        failures=summary.failures,
        fault=fault,
        remedy=remedy,
        kept=kept_by(state) if summary.status != "done" else "",
        messages=tuple(_messages(records)),
        accept_rule=str(_configured(summary.config, "accept_rule") or "evidence"),
        configuration=summary.config,
        versions=collect_versions(summary, state, archive, gaps),
        reproduce=tuple(reproduce),
        missing=tuple(gaps),
    )
    return report, pixels


def _calibrations(
    summary: RunSummary,
    state: RunState,
    records: Sequence[Entry[Event]],
    archive: Archive | None,
    gaps: list[str],
    *,
    with_pixels: bool,
) -> tuple[tuple[ReportedCalibration, ...], dict[ImageType, Pixels]]:
    """Read what the repository has of each calibration; what it lacks is added to the gaps."""
    tests = {kind: _tests(state, archive, kind, gaps) for kind in _types(summary)}
    images = archive if with_pixels else None
    pixels = {kind: _pixels(state, images, kind, gaps) for kind in _types(summary)}
    found = tuple(
        _calibration(item, state, records, tests[item.image_type], pixels[item.image_type])
        for item in summary.calibrations
    )
    return found, pixels


def _logs(summary: RunSummary, logs: Mapping[str, Sequence[str]]) -> Iterator[ReportedLog]:
    for job in summary.jobs:
        if logs.get(job.job_id):
            yield ReportedLog(job.key, tuple(logs[job.job_id]))


def _readings(page: Sequence[Entry[PageEvent]]) -> Iterator[ReportedReadings]:
    for entry in page:
        if isinstance(entry.event, ConditionsRead):
            yield ReportedReadings(iso_utc(entry.tai), entry.event.readings)


def _types(summary: RunSummary) -> list[ImageType]:
    return [item.image_type for item in summary.calibrations]


def _configured(config: str, name: str) -> typing.Any:
    try:
        return yaml.safe_load(config).get(name)
    except (yaml.YAMLError, AttributeError):
        return None


def _verdict(state: RunState) -> str:
    if state.outcome is None:
        return "The run has no end: it goes on, or its process was killed."
    if state.outcome.stopped:
        return "The run was stopped."
    return final_verdict(state.outcome).reason


def _tests(
    state: RunState, archive: Archive | None, image_type: ImageType, gaps: list[str]
) -> tuple[TestResult, ...]:
    job = state.jobs.get(state.job_key(JobStep.VERIFY, image_type))
    if job is not None and job.result is not None and not job.result.succeeded:
        gaps.append(
            f"Tests of {image_type}: the job that verifies failed (exit code "
            f"{job.result.exit_code})."
        )
    elif job is not None and job.abandoned:
        gaps.append(f"Tests of {image_type}: the job that verifies was given up.")
    if archive is None or job is None or job.result is None or not job.result.succeeded:
        return ()
    try:
        dataset_type = statistics_dataset_type(image_type)
        return tuple(archive.read_tests(job_collection(job.job_id), dataset_type))
    except CalibrationError as error:
        gaps.append(f"Verification of {image_type}: {error}")
        return ()


def _pixels(
    state: RunState, archive: Archive | None, image_type: ImageType, gaps: list[str]
) -> Pixels:
    job = state.jobs.get(state.job_key(JobStep.GENERATE, image_type))
    if archive is None or job is None or job.result is None or not job.result.succeeded:
        return Pixels()
    own = job_run(job.job_id)
    comparison = state.comparisons.get(image_type)
    in_use = comparison.against if comparison is not None else ""
    return Pixels(_image(archive, own, image_type, gaps), _image(archive, in_use, image_type, gaps))


def _image(
    archive: Archive, run: str, image_type: ImageType, gaps: list[str]
) -> ArchivedCalibration | None:
    if not run:
        return None
    try:
        # Of a RUN collection, so that the moment means nothing.
        found = archive.read_image([run], image_type.dataset_type, "2000-01-01")
    except CalibrationError as error:
        gaps.append(str(error))
        return None
    if found is None:
        gaps.append(f"The {image_type.dataset_type} of {run} is not in the repository.")
    return found


def _calibration(
    summary: CalibrationSummary,
    state: RunState,
    records: Sequence[Entry[Event]],
    tests: tuple[TestResult, ...],
    pixels: Pixels,
) -> ReportedCalibration:
    certified = [
        ReportedCertification(record.event.certification, iso_utc(record.tai))
        for record in records
        if isinstance(record.event, Certified) and record.event.image_type is summary.image_type
    ]
    return ReportedCalibration(
        image_type=summary.image_type,
        status=summary.status,
        planned=summary.planned,
        taken=summary.taken,
        kept=summary.kept,
        decision=summary.decision,
        tests=tests,
        comparison=state.comparisons.get(summary.image_type),
        certification=certified[-1] if certified else None,
        combined=pixels.combined.facts if pixels.combined is not None else None,
        in_use=pixels.in_use.facts if pixels.in_use is not None else None,
    )


def _messages(records: Sequence[Entry[Event]]) -> Iterator[ReportedMessage]:
    for record in records:
        if isinstance(record.event, Message):
            level = logging.getLevelName(record.event.level)
            yield ReportedMessage(iso_utc(record.tai), level, record.event.text)
