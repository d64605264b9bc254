# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One process a run: two that resume the same run would take its frames twice."""

__all__ = ["RunLock"]

import fcntl
import os
import pathlib
import types
import typing

from ..journal.owner import MOST_TEXT, LockOwner
from ..model import JournalError, RunBusyError


class RunLock:
    """The right to write the journal of a run; the kernel takes it back when its owner ends.

    It lies beside the journal and not on it: on NFS, closing any file descriptor of a file
    gives up the process's locks on it, and journals are opened by whoever reads them.

    Parameters
    ----------
    journal : `pathlib.Path`
        The journal.
    """

    def __init__(self, journal: pathlib.Path) -> None:
        self.path = journal.with_suffix(".lock")
        self._descriptor: int | None = None

    @property
    def is_held(self) -> bool:
        """Has this process taken it (`bool`)?"""
        return self._descriptor is not None

    def acquire(self) -> None:
        """Take the lock. Taking it twice is the same as taking it once.

        Raises
        ------
        RunBusyError
            If another process holds it; tells which one and since when.
        JournalError
            If the lock file cannot be made.
        """
        while self._descriptor is None:
            try:
                self._try()
            except OSError as error:
                raise JournalError(
                    f"The lock {self.path} cannot be made: {error.strerror or error}.",
                    remedy="Make room on that disk, or set DAILYCAL_JOURNAL_DIR to another one.",
                ) from error

    def release(self) -> None:
        """Give the lock back. Does nothing if it is not held."""
        if self._descriptor is None:
            return
        # Removed while it is held, so that nobody's lock but ours can be removed.
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)
        self._descriptor = None

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

    def _try(self) -> None:
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
            raise self._busy(text) from None
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        self._sign(descriptor)

    def _is_still_there(self, descriptor: int) -> bool:
        """Tell whether the file that was locked is the one that others would find."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return False
        return os.path.samestat(os.fstat(descriptor), found)

    @staticmethod
    def _sign(descriptor: int) -> None:
        """Say who holds it; a disk that is too full for that does not weaken the lock."""
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{LockOwner.here().to_json()}\n".encode(), 0)
        except OSError:
            return

    def _busy(self, text: str) -> RunBusyError:
        owner = LockOwner.parse(text)
        by = f"by {owner}" if owner is not None else f"by a process that holds {self.path}"
        return RunBusyError(
            f"Run {self.path.stem} is being carried out {by}.",
            remedy="Wait for its end, or agree with its owner to stop it.",
        )
