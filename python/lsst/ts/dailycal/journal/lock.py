# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A lock that makes a journal one writer's."""

__all__ = ["FileLock"]

import concurrent.futures
import contextlib
import fcntl
import os
import pathlib
import types
import typing
from collections.abc import Callable, Iterator

from ..daemon_executor import DaemonExecutor
from ..model import CalibrationError, JournalError
from .disk import DISK_TIMEOUT
from .owner import MOST_TEXT, LockOwner


class FileLock:
    """A lock that the kernel takes back when its owner ends, however that happens.

    It lies beside the journal and not on it: on NFS, closing any file descriptor of a file
    gives up the process's locks on it, and journals are opened by whoever reads them.

    Parameters
    ----------
    path : `pathlib.Path`
        The lock file.
    error : `type` [`CalibrationError`]
        What is raised for whoever comes second.
    describe : `~collections.abc.Callable`
        Tells whoever comes second what is under way, from the owner of the lock, or from `None`
        if that cannot be read.
    """

    def __init__(
        self,
        path: pathlib.Path,
        error: type[CalibrationError],
        describe: Callable[[LockOwner | None], str],
    ) -> None:
        self.path = path
        self._error = error
        self._describe = describe
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Has this process taken it (`bool`)?"""
        return self._descriptor is not None

    def acquire(self, purpose: str = "") -> None:
        """Take the lock. Taking it twice is the same as taking it once. Blocks on the disk.

        Parameters
        ----------
        purpose : `str`, optional
            What for, e.g. ``bias-dark on ScriptQueue:2``.

        Raises
        ------
        CalibrationError
            If another process holds it; tells which one and since when.
        JournalError
            If the lock file cannot be made.
        """
        while self._descriptor is None:
            try:
                self._try(purpose)
            except OSError as error:
                raise JournalError(
                    f"The lock {self.path} cannot be made: {error.strerror or error}.",
                    remedy="Make room on that disk, or set DAILYCAL_JOURNAL_DIR to another one.",
                ) from error

    def release(self) -> None:
        """Give the lock back. Does nothing if it is not held."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        try:
            # Removed while it is held, so that nobody's lock but ours can be removed.
            self.path.unlink(missing_ok=True)
        finally:
            os.close(descriptor)

    @contextlib.contextmanager
    def hold(self, purpose: str, timeout: float = DISK_TIMEOUT) -> Iterator[None]:
        """Hold the lock, although its disk may hang.

        Parameters
        ----------
        purpose : `str`
            What for.
        timeout : `float`, optional
            How long its disk may take, in seconds.

        Raises
        ------
        CalibrationError
            If another process holds it, or the disk does not answer in time.
        JournalError
            If the lock file cannot be made.
        """
        worker = DaemonExecutor("lock")
        try:
            worker.submit(self.acquire, purpose).result(timeout)
        except TimeoutError:
            raise self._error(
                f"The disk of the lock {self.path} did not answer within {timeout:g} s.",
                remedy="Look whether that file system hangs, or set DAILYCAL_JOURNAL_DIR.",
            ) from None
        try:
            yield
        finally:
            # Whoever has finished does not hang because a disk does.
            concurrent.futures.wait([worker.submit(self.release)], timeout)

    def __enter__(self) -> typing.Self:
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: types.TracebackType | None,
    ) -> None:
        self.release()

    def _try(self, purpose: str) -> None:
        """Try once; leaves `_descriptor` as `None` if the file was removed meanwhile."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not self._is_still_there(descriptor):
                os.close(descriptor)
                return
        except BlockingIOError:
            text = os.pread(descriptor, MOST_TEXT, 0).decode(errors="replace")
            os.close(descriptor)
            raise self._error(
                self._describe(LockOwner.parse(text)),
                remedy="Wait for its end, or agree with its owner to stop it.",
            ) from None
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        _sign(descriptor, purpose)

    def _is_still_there(self, descriptor: int) -> bool:
        """Tell whether the file that was locked is the one that others would find."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(os.fstat(descriptor), found)


def _sign(descriptor: int, purpose: str) -> None:
    """Say who holds it; a disk that is too full for that does not weaken the lock."""
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{LockOwner.here(purpose).to_json()}\n".encode(), 0)
    except OSError:
        return
