# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One process a run: two that resume the same run would take its frames twice."""

__all__ = ["run_lock"]

import pathlib

from ..journal.lock import FileLock
from ..journal.owner import LockOwner
from ..model import RunBusyError


def run_lock(journal: pathlib.Path) -> FileLock:
    """Make the lock of a run: the right to write its journal.

    Parameters
    ----------
    journal : `pathlib.Path`
        The journal.
    """
    path = journal.with_suffix(".lock")

    def describe(owner: LockOwner | None) -> str:
        by = f"by {owner}" if owner is not None else f"by a process that holds {path}"
        return f"Run {path.stem} is being carried out {by}."

    return FileLock(path, RunBusyError, describe)
