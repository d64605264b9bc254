# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the lines of a journal go."""

__all__ = ["FileStorage", "MemoryStorage", "Storage"]

import contextlib
import os
import pathlib
import typing

from ..model import JournalError


class Storage(typing.Protocol):
    """Where the lines of a journal go; as a string, a name for messages."""

    def append(self, line: str) -> None:
        """Append a line; when this returns, it survives a crash. Blocks."""
        ...


class MemoryStorage:
    """Lines in memory, for runs that need not survive."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __str__(self) -> str:
        return "the journal in memory"

    def append(self, line: str) -> None:
        """Append a line."""
        self.lines.append(line)


class FileStorage:
    """Lines in a file, each forced to disk before the next thing is done.

    Parameters
    ----------
    path : `pathlib.Path`
        The file; made, with its directory, if it is not there.
    """

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return f"the journal {self.path}"

    def append(self, line: str) -> None:
        """Append a line, and force it to disk.

        Raises
        ------
        JournalError
            If that does not work.
        """
        try:
            is_new = not self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            try:
                self._append(descriptor, line)
            finally:
                os.close(descriptor)
            if is_new:
                _sync_directory(self.path.parent)
        except OSError as error:
            raise JournalError(
                f"The journal {self.path} cannot be written: {error.strerror or error}.",
                remedy="Make room on that disk, or set DAILYCAL_JOURNAL_DIR to another one.",
            ) from error

    def _append(self, descriptor: int, line: str) -> None:
        end = os.lseek(descriptor, 0, os.SEEK_END)
        data = self._mend(descriptor, end) + line.encode("ascii") + b"\n"
        try:
            while data:
                data = data[os.write(descriptor, data) :]
            os.fsync(descriptor)
        except OSError:
            # What could not be forced to disk did not happen, so it must not be read again.
            with contextlib.suppress(OSError):
                os.ftruncate(descriptor, end)
            raise

    @staticmethod
    def _mend(descriptor: int, end: int) -> bytes:
        """Close a line that a crash cut short, so that it spoils no other."""
        if end == 0 or os.pread(descriptor, 1, end - 1) == b"\n":
            return b""
        return b"\n"


def _sync_directory(path: pathlib.Path) -> None:
    """Force the name of a new file to disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
