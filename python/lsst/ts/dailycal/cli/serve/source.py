# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the live page finds runs, repositories and logs on this machine."""

__all__ = ["LocalRuns"]

import re
import typing
from collections.abc import Sequence
from pathlib import Path

from ..errors import CommandError
from ..report.sources import find_sources, job_log, open_archive
from ..runs.journals import find_journal, list_journals, read_run, read_runs
from ..runs.scale import time_scale_of

if typing.TYPE_CHECKING:
    from ...report import ListedRun

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_MOST = 200
"""Runs that the list has."""


class LocalRuns:
    """The runs that have a journal on this machine.

    Parameters
    ----------
    directory : `~pathlib.Path`, optional
        Directory of the journals; by default as for ``dailycal runs``.
    repository : `str`, optional
        Repository of all runs; by default as for ``dailycal report``.
    """

    def __init__(self, directory: Path | None = None, repository: str | None = None) -> None:
        self._directory = directory
        self._repository = repository

    def list(self) -> "tuple[Sequence[ListedRun], Sequence[str]]":
        """List the runs, the latest first, and what is wrong with journals."""
        problems: list[str] = []
        paths = list_journals(self._directory, pages=True)[:_MOST]
        return [run.listed for run in read_runs(paths, problems.append)], problems

    def listed(self, journal: Path) -> "ListedRun":
        """Tell what the list has of a run, with the command that goes on.

        Raises
        ------
        JournalError
            If its journal is damaged.
        """
        return read_run(journal).listed

    def find(self, run_id: str) -> Path:
        """Find the journal of a run.

        Raises
        ------
        LookupError
            If there is none of that name, or it is no name.
        """
        if _NAME.fullmatch(run_id) is None or ".." in run_id:
            raise LookupError("This is not the name of a run.")
        try:
            return find_journal(run_id, self._directory)
        except CommandError as error:
            raise LookupError(error.message) from None

    def repository(self, journal: Path) -> str:
        """Tell which repository a run uses; empty if it cannot be read from here."""
        repository = find_sources(journal, self._repository).repository
        archive, _ = open_archive(repository)
        return repository if archive is not None else ""

    def time_scale(self, journal: Path) -> float:
        """Tell how much faster than at the telescope exposures are."""
        return time_scale_of(journal)

    def job_log(self, journal: Path, job_id: str) -> Path | None:
        """Find the log of a job of a simulated observatory."""
        return job_log(journal, job_id)
