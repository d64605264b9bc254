# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The files of a run: its journal, and the right to write it."""

__all__ = ["RunFiles"]

from ..journal.disk import DISK_TIMEOUT, DiskCalls
from ..journal.reading import journal_path
from ..model import ConfigurationError, Event, JournalError, RunStarted
from .journal import read_journal
from .lock import run_lock
from .state import RunState


class RunFiles:
    """The files of a run. Whatever touches their disk has a deadline.

    Parameters
    ----------
    run_id : `str`
        Id of the run.
    timeout : `float`, optional
        How long the disk may take, in seconds.
    """

    def __init__(self, run_id: str, timeout: float = DISK_TIMEOUT) -> None:
        self._run_id = run_id
        self.path = journal_path(run_id)
        self.disk = DiskCalls(f"the journal {self.path}", timeout)
        self._lock = run_lock(self.path)

    async def read_start(self) -> RunStarted:
        """Read what a run was to do, without taking it over.

        Returns
        -------
        started : `RunStarted`
            Its first record.

        Raises
        ------
        ConfigurationError
            If it has none.
        RunBusyError
            If another process carries it out.
        JournalError
            If its journal is not there, is damaged, or cannot be read in time.
        """
        return await self.disk.call(self._read_start)

    async def read_past(self) -> RunState:
        """Read what a run has done so far, without taking it over; raises as `read_start` does."""
        return RunState(await self.disk.call(lambda: read_journal(self.path)))

    async def open(self, *, resume: bool) -> list[Event]:
        """Take the run over.

        Parameters
        ----------
        resume : `bool`
            Has it begun already?

        Returns
        -------
        events : `list` [`Event`]
            What is in its journal.

        Raises
        ------
        RunBusyError
            If another process carries it out.
        JournalError
            If there is a journal and ought to be none, or none that can be read in time.
        """
        return await self.disk.call(lambda: self._open(resume))

    async def close(self) -> None:
        """Let others have the run; does nothing if it was not taken over.

        Raises
        ------
        JournalError
            If the disk does not answer. The kernel lets others have it when this process ends.
        """
        if self._lock.is_held:
            await self.disk.call(self._lock.release)

    def _read_start(self) -> RunStarted:
        first = read_journal(self.path)[:1]
        if not first or not isinstance(first[0], RunStarted):
            raise ConfigurationError([f"resume: the journal of {self._run_id} has no beginning."])
        # Told as early as can be; the lock is taken for good when the script runs.
        with self._lock:
            pass
        return first[0]

    def _open(self, resume: bool) -> list[Event]:
        self._lock.acquire()
        if resume:
            # Read under the lock: nobody adds to it any more.
            return read_journal(self.path)
        if self.path.exists():
            raise JournalError(f"There is a journal {self.path} already.", remedy="Try again.")
        return []
