# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of the page at a time."""

__all__ = ["PageLock", "page_directory"]

import concurrent.futures
import contextlib
import fcntl
import os
import pathlib
from collections.abc import Iterator

from ..journal.disk import DISK_TIMEOUT
from ..journal.owner import MOST_TEXT, LockOwner
from ..journal.worker import DaemonExecutor
from ..model import PageBusyError
from ..run.journal import journal_path

LOCK_NAME = "page.lock"


def page_directory() -> pathlib.Path:
    """Return where the journals of page runs lie, beside those of the script's runs."""
    return journal_path("x").parent / "pages"


class PageLock:
    """A lock that the kernel releases when its owner ends, however that happens.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where the lock file lies.
    timeout : `float`, optional
        How long its disk may take, in seconds.
    """

    def __init__(self, directory: pathlib.Path, timeout: float = DISK_TIMEOUT) -> None:
        self.path = directory / LOCK_NAME
        self._timeout = timeout

    @contextlib.contextmanager
    def hold(self, purpose: str) -> Iterator[None]:
        """Hold the lock.

        Parameters
        ----------
        purpose : `str`
            What for, e.g. ``bias-dark on ScriptQueue:2``.

        Raises
        ------
        PageBusyError
            If somebody else holds it, which tells who and since when, or its disk hangs.
        """
        worker = DaemonExecutor("page lock")
        descriptor = self._finish(worker.submit(self._take, purpose))
        try:
            yield
        finally:
            # Whoever has finished does not hang because a disk does.
            concurrent.futures.wait([worker.submit(_give_back, descriptor)], self._timeout)

    def _finish(self, work: concurrent.futures.Future[int]) -> int:
        try:
            return work.result(self._timeout)
        except TimeoutError:
            raise PageBusyError(
                f"The disk of the lock {self.path} did not answer within {self._timeout:g} s.",
                remedy="Look whether that file system hangs, or set DAILYCAL_JOURNAL_DIR.",
            ) from None

    def _take(self, purpose: str) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Not truncated when opened: what is in it tells whoever comes second.
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{LockOwner.here(purpose).to_json()}\n".encode(), 0)
        except BlockingIOError:
            text = os.pread(descriptor, MOST_TEXT, 0).decode(errors="replace")
            os.close(descriptor)
            raise _busy(text, self.path) from None
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor


def _give_back(descriptor: int) -> None:
    try:
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _busy(text: str, path: pathlib.Path) -> PageBusyError:
    owner = LockOwner.parse(text)
    if owner is None:
        return PageBusyError(f"Another run of the page is under way; it holds {path}.")
    return PageBusyError(
        f"Another run is under way: {owner.purpose}, by {owner}.",
        remedy="Wait for its end, or agree with its owner to stop it.",
    )
