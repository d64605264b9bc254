# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Follow journals that other processes write, as long as something shows them."""

__all__ = ["JournalFollower"]

import contextlib
import threading
import time
import typing
from collections.abc import Iterator
from pathlib import Path

from ...model import JournalError
from ...page import run_named_in

if typing.TYPE_CHECKING:
    from .display import Display

INTERVAL = 0.5
"""How often a journal is looked at, in seconds."""


class JournalFollower:
    """Gives the records of the journal of a script's run to a display, as they are written.

    Parameters
    ----------
    display : `Display`
        Is given them.
    directory : `~pathlib.Path`
        Where the journals are; where there is none, nothing is followed.
    tell : `bool`, optional
        Print what is worth keeping of the records, where no log of the script is heard?
    """

    def __init__(self, display: "Display", directory: Path, *, tell: bool = False) -> None:
        self._tell = tell
        self._display = display
        self._directory = directory
        self._begin = time.time() - 1.0
        self._path: Path | None = None
        self._size = -1
        self._seen = 0
        self._index = 0
        self._pattern = ""
        self._ended = threading.Event()

    def follow_path(self, path: Path) -> None:
        """Follow a journal from its first record."""
        self._path, self._size, self._seen = path, -1, 0

    def expect(self, run_id: str, index: int) -> None:
        """Follow the run that a script is about to make, or to go on with."""
        self._pattern = f"{run_id}.jsonl" if run_id else f"*-{index}.jsonl"

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Follow in a thread of its own: a disk may hang, and nobody is to wait for it."""
        thread = threading.Thread(target=self._run, name="journal follower", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join(2 * INTERVAL)
            if not thread.is_alive():
                self.look()

    def _run(self) -> None:
        while not self._ended.wait(INTERVAL):
            self.look()
            self._display.tick()

    def look(self) -> None:
        """Look once for what is new."""
        try:
            path = self._find()
            if path is not None and path.stat().st_size != self._size:
                self._read(path)
        except (OSError, JournalError):
            return  # not there yet, or half written; it is looked at again

    def _find(self) -> Path | None:
        step = self._display.progress.current
        if step is not None and step.takes_images and step.index and step.index != self._index:
            self._index, self._path = step.index, None
            self.expect(run_named_in(step.configuration), step.index)
        if self._path is None and self._pattern:
            # What a run that is gone on with did before is of today once it goes on.
            found = [
                path
                for path in self._directory.glob(self._pattern)
                if path.stat().st_mtime >= self._begin
            ]
            if found:
                self.follow_path(max(found, key=lambda path: path.stat().st_mtime))
        return self._path

    def _read(self, path: Path) -> None:
        from ...run import read_run_entries
        from ...scripts.log_observer import describe
        from .display import TAI_MINUS_UTC

        size = path.stat().st_size
        records = read_run_entries(path)
        for record in records[self._seen :]:
            self._display.apply_run(record.event, record.tai)
            if self._tell and record.tai - TAI_MINUS_UTC >= self._begin:
                self._display.log(*describe(record.event))
        self._seen, self._size = len(records), size
