# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell others where the report of a run can be read."""

__all__ = ["ADDRESS_VARIABLE", "publish_report_address", "report_address"]

import logging
import os
import typing
import urllib.parse

from ..sal.compat import write_event

ADDRESS_VARIABLE = "DAILYCAL_REPORT_ADDRESS"
"""Environment variable: where the live page is, e.g. ``https://dailycal.example.org/``."""

FORMAT = 1.0
"""Version of the format of the page, for the event."""


def report_address(run_id: str) -> str:
    """Return the address of the page of a run (`str`); empty if none is configured.

    Parameters
    ----------
    run_id : `str`
        Id of the run.

    Raises
    ------
    ValueError
        If what is configured is no address of the web, or has a password in it.
    """
    given = os.environ.get(ADDRESS_VARIABLE, "").strip()
    if not given:
        return ""
    parts = urllib.parse.urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise ValueError(f"{ADDRESS_VARIABLE} must be an address such as https://host/path/.")
    return f"{given.rstrip('/')}/runs/{urllib.parse.quote(run_id)}"


async def publish_report_address(script: typing.Any, run_id: str, log: logging.Logger) -> None:
    """Publish ``largeFileObjectAvailable`` with the address of the page of a run.

    The page is made when somebody asks for it: size and checksum stay empty. Nothing that happens
    here changes what came of the run.

    Parameters
    ----------
    script : `lsst.ts.salobj.BaseScript`
        The script.
    run_id : `str`
        Id of the run.
    log : `logging.Logger`
        Is told why it was not published.
    """
    event = getattr(script, "evt_largeFileObjectAvailable", None)
    try:
        address = report_address(run_id)
        if address and event is not None:
            await write_event(
                event, url=address, generator="ts_dailycal", version=FORMAT, mimeType="text/html",
                id=run_id,
            )  # fmt: skip
    except Exception as error:  # noqa: BLE001 - whatever it is, the run is over and counts
        log.warning("The address of the report was not published: %s", error)
