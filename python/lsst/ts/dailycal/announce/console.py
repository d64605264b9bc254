# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Announce on the console: the observer copies it to where it belongs."""

__all__ = ["ConsoleAnnouncer"]

import typing
from collections.abc import Callable, Sequence

from ..model import Announcement


class ConsoleAnnouncer:
    """Prints announcements.

    Parameters
    ----------
    write : `~collections.abc.Callable`
        Prints a line.
    note : `str`, optional
        What to say behind the names of the channels.
    """

    def __init__(self, write: Callable[[str], typing.Any], note: str = "") -> None:
        self._write = write
        self._note = note

    async def announce(self, announcement: Announcement, timeout: float) -> Sequence[str]:
        """Print an announcement."""
        del timeout
        where = " ".join(announcement.channels)
        self._write(f"[{where}{f', {self._note}' if self._note else ''}] {announcement.text}")
        return ()
