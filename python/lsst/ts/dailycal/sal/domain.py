# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A SAL domain that leaves nothing behind in a process that goes on."""

__all__ = ["open_domain"]

import atexit
import contextlib
import typing
from collections.abc import AsyncIterator

import lsst.ts.salobj as salobj


@contextlib.asynccontextmanager
async def open_domain() -> AsyncIterator[typing.Any]:
    """Open a SAL domain, and close it with all that was made in it.

    salobj has Python close every component of a domain once more when the process ends, and so
    keeps it, with its topics and its domain, until then: seven megabytes for each run of the
    page. What is closed is taken off that list.
    """
    async with salobj.Domain() as domain:
        try:
            yield domain
        finally:
            # Only salobj on DDS has it; others keep nothing.
            components = tuple(getattr(domain, "salinfo_set", ()))
    for component in components:
        atexit.unregister(component.basic_close)
