# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One run of the page at a time."""

__all__ = ["PageLock", "page_directory"]

import contextlib
import fcntl
import pathlib
import typing
from collections.abc import Iterator

from ..model import PageBusyError
from .journal import journal_path
from .lock_owner import LockOwner

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
    """

    def __init__(self, directory: pathlib.Path) -> None:
        self.path = directory / LOCK_NAME

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
            If somebody else holds it; tells who and since when.
        """
        self.path.parent.mkdir(parents=True, exist_ok=True)
        # Not truncated when opened: what is in it tells whoever comes second.
        with self.path.open("a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise _busy(file.read(), self.path) from None
            self._write(file, purpose)
            try:
                yield
            finally:
                file.seek(0)
                file.truncate()

    @staticmethod
    def _write(file: typing.TextIO, purpose: str) -> None:
        file.seek(0)
        file.truncate()
        file.write(LockOwner.here(purpose).to_json() + "\n")
        file.flush()


def _busy(text: str, path: pathlib.Path) -> PageBusyError:
    owner = LockOwner.parse(text)
    if owner is None:
        return PageBusyError(f"Another run of the page is under way; it holds {path}.")
    return PageBusyError(
        f"Another run is under way: {owner.purpose}, by {owner}.",
        remedy="Wait for its end, or agree with its owner to stop it.",
    )
