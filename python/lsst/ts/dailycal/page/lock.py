# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of the page at a time."""

__all__ = ["LOCK_NAME", "page_lock"]

import pathlib

from ..journal.lock import FileLock
from ..journal.owner import LockOwner
from ..model import PageBusyError

LOCK_NAME = "page.lock"


def page_lock(directory: pathlib.Path) -> FileLock:
    """Make the lock of the page.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the lock file lies: that of the journals.
    """
    path = directory / LOCK_NAME

    def describe(owner: LockOwner | None) -> str:
        if owner is None:
            return f"Another run of the page is under way; it holds {path}."
        return f"Another run is under way: {owner.purpose}, by {owner}."

    return FileLock(path, PageBusyError, describe)
