# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Announce on the console: the observer copies it to where it belongs."""

__all__ = ["ConsoleAnnouncer"]

import asyncio
import typing
from collections.abc import Callable, Sequence

from ..daemon_executor import DaemonExecutor
from ..model import Announcement


class ConsoleAnnouncer:
    """Prints announcements.

    Parameters
    ----------
    write : `~collections.abc.Callable`
        Prints a line. Called in a thread: a terminal that somebody stopped takes none.
    note : `str`, optional
        What to say behind the names of the channels.
    """

    def __init__(self, write: Callable[[str], typing.Any], note: str = "") -> None:
        self._write = write
        self._note = note
        self._executor = DaemonExecutor("announcer")

    async def announce(self, announcement: Announcement, timeout: float) -> Sequence[str]:
        """Print an announcement."""
        where = " ".join(announcement.channels)
        line = f"[{where}{f', {self._note}' if self._note else ''}] {announcement.text}"
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                await loop.run_in_executor(self._executor, self._write, line)
        except TimeoutError:
            return [f"{where}: the console did not take it within {timeout:g} s."]
        except Exception as error:  # noqa: BLE001 - an announcement must never harm a run
            return [f"{where}: {type(error).__name__}: {error}"]
        return ()
