# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What commands print with ``--json``, as values; `.schemas` makes their schemas of these."""

__all__ = [
    "AddedFrames",
    "BlockVerdict",
    "CheckVerdict",
    "PrintedPage",
    "PrintedPageStatus",
    "PrintedRun",
    "RunningObservatory",
    "RunningProcess",
    "print_page",
    "print_run",
]

import dataclasses
import typing

from ..model import Finding, ImageName
from ..page import PageOutcome, PageSummary
from ..report import ListedRun, RunSummary
from ..report.listing import RunKind
from ..report.summary import CalibrationSummary, JobSummary
from ..report.times import iso_utc


@dataclasses.dataclass(frozen=True, slots=True)
class CheckVerdict:
    """May a run begin?"""

    ready: bool
    """Is there nothing that refuses?"""
    findings: tuple[Finding, ...]
    """Everything that was looked at."""


@dataclasses.dataclass(frozen=True, slots=True)
class BlockVerdict:
    """Is a block right?"""

    valid: bool
    """Is there no problem?"""
    problems: tuple[str, ...]
    """Everything that is wrong, each in a sentence."""
    unchecked: tuple[str, ...]
    """What could not be looked at, and why."""
    remarks: tuple[str, ...]
    """What somebody should know although it does not stand in the way."""
    scripts: tuple[str, ...]
    """Paths of its scripts, in order, as a queue lists them."""


@dataclasses.dataclass(frozen=True, slots=True)
class AddedFrames:
    """Raw frames that were added to a repository."""

    added: tuple[int, ...]
    """Ids of the exposures that are in the repository."""
    refused: dict[str, str]
    """What is wrong with the other files, by their paths."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunningProcess:
    """A process of a simulated observatory."""

    components: tuple[str, ...]
    """The components that live in it, e.g. ``ATCamera``."""
    pid: int
    """Its process id."""
    log: str
    """Path of its log."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunningObservatory:
    """A simulated observatory that runs, and how to be part of it."""

    environment: dict[str, str]
    """The variables to set."""
    processes: tuple[RunningProcess, ...]
    """Its processes."""
    environment_file: str
    """A file that sets the variables when it is sourced."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class _Printed:
    run_id: str
    """Id of the run."""
    kind: RunKind
    """What was carried out."""
    status: str
    """``done``, ``failed``, ``stopped``, ``running``, ``resumed`` by a later run of the page, or
    ``open`` when it ended without an end."""
    advice: str
    """The one command that goes on, or watches it; empty if nothing is left to do."""
    who: str
    """Who is at it, or what it is part of; empty if it stands alone."""
    begin_utc: str
    """Time of the first record, ISO 8601."""
    begin_tai: float
    """The same, in seconds since 1970-01-01 TAI."""
    end_utc: str
    """Time of the last record, ISO 8601."""
    end_tai: float
    """The same, in seconds since 1970-01-01 TAI."""
    version: str
    """Version of ts_dailycal that began it."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PrintedRun(_Printed):
    """A run of the script that takes the calibrations."""

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


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPage(_Printed):
    """A run of the whole procedure page."""

    procedure: str
    """Name of the page."""
    outcome: PageOutcome
    """What came of it, or has come so far."""
    command: str
    """The command that it was begun with."""
    continues: str
    """Id of the run of the page that it went on with; empty if it began anew."""
    resumed: str
    """Id of the run of the script that it went on with; empty if it began a new one."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PrintedPageStatus(PrintedPage):
    """A run of the whole procedure page, with those of the script that it made."""

    scripts: tuple[PrintedRun, ...]
    """The runs of the script."""


def print_run(summary: RunSummary, listed: ListedRun | None = None) -> PrintedRun:
    """Say for programs what is known of a run of the script.

    Parameters
    ----------
    summary : `RunSummary`
        What its journal says.
    listed : `ListedRun`, optional
        How it stands in the list of all runs.
    """
    return PrintedRun(
        **_common(summary, listed, RunKind.SCRIPT),
        calibrations=summary.calibrations,
        jobs=summary.jobs,
        lost=summary.lost,
        failures=summary.failures,
        warnings=summary.warnings,
        config=summary.config,
    )


def print_page(
    summary: PageSummary, listed: ListedRun, scripts: tuple[RunSummary, ...] | None = None
) -> PrintedPage:
    """Say for programs what is known of a run of the page.

    Parameters
    ----------
    summary : `PageSummary`
        What its journal says.
    listed : `ListedRun`
        How it stands in the list of all runs.
    scripts : `tuple` [`RunSummary`], optional
        The runs of the script that it made, if they are to be told as well.
    """
    page = PrintedPage(
        **_common(summary, listed, RunKind.PAGE),
        procedure=summary.procedure,
        outcome=summary.outcome,
        command=summary.command,
        continues=summary.continues,
        resumed=summary.resumed,
    )
    if scripts is None:
        return page
    return PrintedPageStatus(**_fields_of(page), scripts=tuple(map(print_run, scripts)))


def _common(
    summary: RunSummary | PageSummary, listed: ListedRun | None, kind: RunKind
) -> dict[str, typing.Any]:
    return _fields_of(
        _Printed(
            run_id=summary.run_id,
            kind=kind,
            status=listed.status if listed is not None else summary.status,
            advice=listed.advice if listed is not None else "",
            who=listed.who if listed is not None else "",
            begin_utc=iso_utc(summary.begin),
            begin_tai=summary.begin,
            end_utc=iso_utc(summary.last),
            end_tai=summary.last,
            version=summary.version,
        )
    )


def _fields_of(printed: _Printed) -> dict[str, typing.Any]:
    """Take a value apart for one that has more fields; what is in the fields stays whole."""
    return {field.name: getattr(printed, field.name) for field in dataclasses.fields(printed)}
