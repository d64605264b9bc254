# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The logs of jobs that failed, where they can be read from here."""

__all__ = ["failed_logs"]

import re
import typing
from pathlib import Path

from .sources import job_log

if typing.TYPE_CHECKING:
    from ...report import RunSummary

_END = 65_536
"""How much of the end of a log is looked at, in bytes."""
_RAISED = re.compile(r"(?:\w+\.)*(\w*(?:Error|Exception): .*)")
_LOGGED = re.compile(r"\b(?:ERROR|CRITICAL|FATAL)\b")
_LONGEST = 300
"""How much of an error is shown, in characters."""


def failed_logs(journal: Path, summary: "RunSummary") -> dict[str, str]:
    """Name the logs of the jobs that failed, each with what made it fail.

    Parameters
    ----------
    journal : `~pathlib.Path`
        The journal of the run.
    summary : `RunSummary`
        What it says.

    Returns
    -------
    logs : `dict` [`str`, `str`]
        The path of each log and the error in it, by the name of the job; without those that
        cannot be read from here.
    """
    found = {}
    said = " ".join(summary.failures)
    for job in summary.jobs:
        path = job_log(journal, job.job_id) if job.status in {"failed", "given up"} else None
        error = _error_in(path) if path is not None else ""
        # The reason of a frame that was left out stands above already.
        shown = "" if (error.partition(": ")[2] or error) in said else error
        # A job that was given up with a stop has nothing to say.
        if error or (path is not None and job.status == "failed"):
            found[f"Log, {job.key}"] = f"{path}\n{shown}" if shown else str(path)
    return found


def _error_in(path: Path) -> str:
    from ...report.log_tail import read_tail

    try:
        lines = read_tail(path, _END).splitlines()
    except OSError:
        return ""
    # A traceback begins with the cause; what was raised after it only hands it on.
    raised = [match[1] for match in map(_RAISED.fullmatch, lines) if match is not None]
    logged = [line for line in lines if _LOGGED.search(line)]
    return " ".join((raised[:1] + logged[-1:] or [""])[0].split())[:_LONGEST]
