# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What OCPS says of a job that failed, in words for people."""

__all__ = ["failed_job", "where_is_the_log"]

import json
import typing

from ..model import JobError, JobKey, JobResult

ABORTED = 255
"""Exit code that OCPS publishes for a job that was aborted."""
_LOG = "out/ocps.log"


def failed_job(key: JobKey, result: JobResult) -> JobError:
    """Make the error of a job that failed.

    Parameters
    ----------
    key : `JobKey`
        Which job of the run.
    result : `JobResult`
        What OCPS published.
    """
    what = f"Job {result.job_id} ({key}) failed with exit code {result.exit_code}"
    if result.exit_code == ABORTED:
        what += ": it was aborted"
    described = _read(result.detail)
    message = _text(described.get("errorSummary"), "message")
    log = _named_log(described.get("results"))
    return JobError(
        f"{what}.",
        last_seen=f"job_result, {message or 'without a message'}",
        remedy=f"Its log is {log}." if log else where_is_the_log(result.job_id),
    )


def where_is_the_log(job_id: str) -> str:
    """Say where the log of a job is, if OCPS named none (`str`)."""
    return (
        f"Look at {_LOG} of job {job_id} on the pipeline service; OCPS itself publishes no log, "
        "and a job that never started has none."
    )


def _read(detail: str) -> dict[str, typing.Any]:
    """Read the JSON of a result; it is the work of others, and may be anything."""
    try:
        found = json.loads(detail)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(value: object, name: str) -> str:
    """Take a text out of an object; on one line, and no longer than can be read."""
    found = value.get(name) if isinstance(value, dict) else None
    return " ".join(found.split())[:300] if isinstance(found, str) else ""


def _named_log(results: object) -> str:
    """Find the address of the log among the results that are listed."""
    for item in results if isinstance(results, list) else []:
        if _text(item, "id").endswith(".log"):
            return _text(item, "uri")
    return ""
