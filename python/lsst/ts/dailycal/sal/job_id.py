# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The job id in an acknowledgement of OCPS."""

__all__ = ["parse_job_id"]

import json
import re

_JOB_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,99}")


def parse_job_id(text: str) -> str:
    """Read the job id from the result of an acknowledgement.

    Parameters
    ----------
    text : `str`
        JSON such as ``{"job_id": "0f8d"}``; empty in acknowledgements before OCPS has an id.

    Returns
    -------
    job_id : `str`
        The id; empty if there is none, or one that could not be part of a collection's name.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    job_id = value.get("job_id") if isinstance(value, dict) else None
    if not isinstance(job_id, str) or not _JOB_ID.fullmatch(job_id):
        return ""
    return job_id
