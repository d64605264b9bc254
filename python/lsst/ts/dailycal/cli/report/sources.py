# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the content of a report is: the journals of a run, and the repository that it used."""

__all__ = [
    "REPOSITORY_OPTION",
    "Sources",
    "find_sources",
    "job_log",
    "open_archive",
    "why_closed",
]

import contextlib
import dataclasses
import re
import typing
from pathlib import Path

import click

from ..errors import CommandError
from ..exit_codes import ExitCode
from ..runs.journals import PAGES, is_page, read_run
from ..simulate.options import MARKER

if typing.TYPE_CHECKING:
    from ...model import Finding
    from ...ports.archive import Archive


_JOB = re.compile(r"[A-Za-z0-9-]{1,64}")
REPOSITORY_OPTION = click.option(
    "--repo",
    "repository",
    metavar="REPO",
    help="Repository of the run, a path or an alias.  [default: that of its simulated observatory, "
    "or the one that it was configured with]",
)


@dataclasses.dataclass(frozen=True, slots=True)
class Sources:
    """Where the content of a report is."""

    journal: Path
    """Journal of the run of the script."""
    repository: str
    """Repository that it used: a directory, or an alias."""
    conditions: "tuple[Finding, ...]" = ()
    """What the page found before the images were taken; empty without a page."""
    page: Path | None = None
    """Journal of the page; `None` without one."""

    @property
    def directory(self) -> Path:
        """Where the report is written unless told otherwise (`~pathlib.Path`)."""
        return self.journal.parent / "reports" / self.journal.stem


def find_sources(path: Path, repository: str | None = None) -> Sources:
    """Find what a report is made of.

    Parameters
    ----------
    path : `~pathlib.Path`
        Journal of a run of the script, or of a page; then the report is about the run of the
        script that the page made last.
    repository : `str`, optional
        The repository; by default that of the simulated observatory whose journal it is, or
        else the one that the configuration of the run names.

    Raises
    ------
    CommandError
        If the page made no run of the script.
    JournalError
        If a journal is damaged.
    """
    if not is_page(path):
        page = _page_of(path)
        findings = _findings(page) if page is not None else ()
        return Sources(path, repository or _repository(path), findings, page)
    scripts = read_run(path).scripts
    if not scripts:
        raise CommandError(
            f"{path.stem} took no images, so that there is nothing to report but its steps:",
            ExitCode.NOT_FOUND,
            f"dailycal status {path.stem}",
        )
    journal = path.parent.parent / f"{scripts[-1].run_id}.jsonl"
    return Sources(journal, repository or _repository(journal), _findings(path), path)


def _repository(journal: Path) -> str:
    from ...calibration.schema import configuration_schema

    root = journal.absolute().parent.parent
    if (root / MARKER).is_file():
        from ...sim.config import SimulationConfig

        return str(SimulationConfig.load(root / MARKER).repository)
    import yaml

    from ...report import summarize_run
    from ...run import read_run_entries

    with contextlib.suppress(yaml.YAMLError, AttributeError, KeyError):
        config = yaml.safe_load(summarize_run(read_run_entries(journal)).config)
        if isinstance(config.get("repo"), str):
            return str(config["repo"])
    return str(configuration_schema()["properties"]["repo"]["default"])


def _page_of(journal: Path) -> Path | None:
    """Find the run of the page during which a run of the script began."""
    from ...model import JournalError
    from ...page import read_page_entries
    from ...run import read_run_entries

    begin = read_run_entries(journal)[0].tai
    for page in sorted((journal.parent / PAGES).glob("page-*.jsonl"), reverse=True):
        with contextlib.suppress(JournalError, IndexError):  # another run's: it is not asked for
            entries = read_page_entries(page)
            if entries[0].tai <= begin <= entries[-1].tai:
                return page
    return None


def _findings(page: Path) -> "tuple[Finding, ...]":
    from ...page import read_page_entries
    from ...page.events import ChecksMade

    events = [entry.event for entry in read_page_entries(page)]
    return tuple(
        finding for event in events if isinstance(event, ChecksMade) for finding in event.findings
    )


def job_log(journal: Path, job_id: str) -> Path | None:
    """Find the log of a job of a simulated observatory; `None` if it cannot be read from here."""
    if _JOB.fullmatch(job_id) is None:
        return None
    path = journal.parent.parent / "jobs" / job_id / "out" / "ocps.log"
    return path if path.is_file() else None


def open_archive(repository: str) -> "tuple[Archive | None, str]":
    """Open a repository, if that is possible here.

    Parameters
    ----------
    repository : `str`
        Directory, or alias.

    Returns
    -------
    archive : `Archive` or `None`
        `None` if it cannot be read from here.
    gap : `str`
        What the report lacks for that; empty if it lacks nothing.
    """
    from ...extras import MissingExtraError, require

    lacks = "The report lacks what is read from the repository (tests, pictures)"
    try:
        require("pipelines")
    except MissingExtraError as error:
        return None, f"{lacks}: {error}"
    from ...butler.archive import ButlerArchive

    if reason := why_closed(repository):
        return None, f"{lacks}, since {reason}"
    return ButlerArchive(repository), ""


def why_closed(repository: str) -> str:
    """Say why a repository cannot be opened from here (`str`); empty if it can."""
    from ...butler.repository import open_repository

    try:
        with open_repository(repository):
            pass
    except Exception as error:  # noqa: BLE001 - whatever keeps it from being opened
        text = " ".join(str(error).split()).partition(". ")[0] or type(error).__name__
        return f"{repository} cannot be opened from here: {text.rstrip('.')}."
    return ""
