# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The content of a report: everything that journal and repository say of a run, as values.

The classes are the format of ``report.json``; `report_schema` makes its JSON schema of them.
"""

__all__ = [
    "REPORT_VERSION",
    "Report",
    "ReportedCalibration",
    "ReportedCertification",
    "ReportedExposure",
    "ReportedLog",
    "ReportedMessage",
    "ReportedReadings",
    "report_schema",
]

import dataclasses

from ..model import (
    CalibrationFacts,
    Certification,
    Comparison,
    Decision,
    Finding,
    ImageMeasurement,
    ImageName,
    ImageType,
    JobKey,
)
from ..model.verification import TestResult
from ..page.conditions import JudgedReading
from .event_schema import Schema, make_schema, schema_of
from .summary import JobSummary

REPORT_VERSION = 1
"""Raised when a report loses a key, or one gets another meaning; not when there are more."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReportedExposure:
    """An image that was read out, or a planned one that never was."""

    image_type: ImageType
    """Which type."""
    exposure_time: float
    """Exposure time that was asked for (s)."""
    number: int
    """Number within its type, from 1."""
    discard: bool
    """Was it to be taken and not used?"""
    image: ImageName | None
    """Name of the image; `None` if none was read out."""
    exposure_id: int | None
    """Id in the Butler."""
    taken_utc: str
    """When its readout was heard of, ISO 8601; empty if it was not."""
    fate: str
    """``used``, ``discarded``, ``left out``, ``retaken``, ``lost``, ``failed``, ``not known``
    (it was being exposed when the run ended) or ``not taken``."""
    reason: str
    """Why it was not used, or what is wrong with it all the same; empty if nothing is."""
    measurement: ImageMeasurement | None
    """What was measured as soon as it was in the Butler."""
    ingested: bool
    """Did it reach the Butler?"""


@dataclasses.dataclass(frozen=True, slots=True)
class ReportedCertification:
    """What was certified."""

    certification: Certification
    """Collections and validity (TAI)."""
    certified_utc: str
    """When, ISO 8601."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReportedCalibration:
    """What became of the images of one type."""

    image_type: ImageType
    """Which type."""
    status: str
    """``taken``, ``verified``, ``certified``, ``rejected``, ``not attempted``, ``failed`` or
    ``open``."""
    planned: int
    """Images that were to be taken, the discarded ones included."""
    taken: int
    """Images that were read out."""
    kept: int
    """Images that went into processing, without those that combination left out."""
    decision: Decision | None
    """What the accept rule made of it."""
    tests: tuple[TestResult, ...]
    """Every verification test of every exposure and amplifier; empty if they are not there."""
    comparison: Comparison | None
    """The new calibration against the one in use."""
    certification: ReportedCertification | None
    """What was certified."""
    combined: CalibrationFacts | None
    """What the combined calibration is like; `None` if there is none, or it is not there."""
    in_use: CalibrationFacts | None
    """What the calibration is like that it was compared with."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReportedMessage:
    """Something the observer was told."""

    utc: str
    """When, ISO 8601."""
    level: str
    """DEBUG, INFO, WARNING, ERROR or CRITICAL."""
    text: str
    """What."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReportedReadings:
    """What the instruments said at a moment."""

    utc: str
    """When, ISO 8601."""
    readings: tuple[JudgedReading, ...]
    """Values and limits."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReportedLog:
    """The end of the log of a job."""

    job: JobKey
    """Which job."""
    lines: tuple[str, ...]
    """Its last lines."""


@dataclasses.dataclass(frozen=True, slots=True)
class Report:
    """Everything that is known of a run."""

    report_version: int
    """Version of the format: `REPORT_VERSION`."""
    run_id: str
    """Id of the run."""
    status: str
    """``done``, ``failed``, ``stopped`` or ``open``."""
    rejected: tuple[ImageType, ...]
    """Image types whose calibration was rejected."""
    verdict: str
    """What came of it, in a sentence."""
    begin_utc: str
    """Time of the first record of its journal, ISO 8601."""
    end_utc: str
    """Time of the last record, ISO 8601."""
    duration: float
    """Between the two, in seconds."""
    exposures: tuple[ReportedExposure, ...]
    """The images, in the order in which they were taken; then those that never were."""
    calibrations: tuple[ReportedCalibration, ...]
    """One an image type, in the order of acquisition."""
    jobs: tuple[JobSummary, ...]
    """The jobs of the pipelines."""
    logs: tuple[ReportedLog, ...]
    """The ends of their logs, where these could be read."""
    conditions: tuple[Finding, ...]
    """What the page found before the images were taken; empty without a page."""
    readings: tuple[ReportedReadings, ...]
    """Temperatures and pressures over the run; empty without a page."""
    failures: tuple[str, ...]
    """What could not be carried out, and what to do."""
    fault: str
    """What is wrong, in one sentence; empty if nothing is, or there is none for people."""
    remedy: str
    """What a person does about it, in one sentence; empty if that is not known."""
    kept: str
    """What of a run that failed need not be done again, in one sentence."""
    messages: tuple[ReportedMessage, ...]
    """What the observer was told, the warnings among it."""
    accept_rule: str
    """The rule that decided."""
    configuration: str
    """The configuration of the script, as YAML text."""
    versions: dict[str, str]
    """Versions of the programs that took part in the run, and that wrote the report."""
    reproduce: tuple[str, ...]
    """Commands that show the same again, or go on."""
    missing: tuple[str, ...]
    """What the report lacks, and why."""


def report_schema() -> Schema:
    """Return the JSON schema of ``report.json`` (`dict`), draft 2020-12."""
    title = "What is known of a run of the daily calibrations"
    return make_schema(title, REPORT_VERSION, schema_of(Report))
