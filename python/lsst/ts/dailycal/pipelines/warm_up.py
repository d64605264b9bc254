# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Do once what the Butler does only at its first use."""

from __future__ import annotations

__all__ = ["open_a_repository"]

import contextlib
import tempfile


def open_a_repository() -> None:
    """Make an empty repository and open it.

    Whoever opens one afterwards, also in a process that is forked from this one, finds the
    dimensions, the plugins and the statements of the database prepared: half a second of a job.
    """
    from lsst.daf.butler import Butler

    with contextlib.suppress(OSError), tempfile.TemporaryDirectory() as directory:
        Butler.makeRepo(directory)
        with Butler.from_config(directory) as butler:
            butler.collections.query("*")
