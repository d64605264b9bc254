# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the live page has to be told of the machine that it is on."""

__all__ = ["RunSource"]

import typing
from collections.abc import Sequence
from pathlib import Path

from ..report.listing import ListedRun


class RunSource(typing.Protocol):
    """Where runs, their repositories and the logs of their jobs are. Everything blocks."""

    def list(self) -> tuple[Sequence[ListedRun], Sequence[str]]:
        """List the runs, the latest first, and what is wrong with journals."""
        ...

    def listed(self, journal: Path) -> ListedRun:
        """Tell what the list has of a run; `JournalError` if its journal is damaged."""
        ...

    def find(self, run_id: str) -> Path:
        """Find the journal of a run; `LookupError` if there is none of that name."""
        ...

    def repository(self, journal: Path) -> str:
        """Tell which repository a run of the script uses; empty if it cannot be read from here."""
        ...

    def time_scale(self, journal: Path) -> float:
        """Tell how much faster than at the telescope exposures are; 1 at the telescope."""
        ...

    def job_log(self, journal: Path, job_id: str) -> Path | None:
        """Find the log of a job; `None` if it cannot be read from here."""
        ...
