# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Announce while a page goes on, and write down what came of it."""

__all__ = ["announce"]

import asyncio

from ..model import Announcement
from ..ports import Announcer
from .events import AnnouncementMade
from .journal import PageJournal


async def announce(
    announcement: Announcement, announcer: Announcer, journal: PageJournal, timeout: float
) -> None:
    """Announce something, and record it with what hindered it; only the journal raises.

    Parameters
    ----------
    announcement : `~lsst.ts.dailycal.model.Announcement`
        What to say, and where.
    announcer : `~lsst.ts.dailycal.ports.Announcer`
        Says it.
    journal : `PageJournal`
        Where it is recorded.
    timeout : `float`
        How long it may take, in seconds; an announcer that does not keep to it is given up
        after twice the time.
    """
    try:
        async with asyncio.timeout(2 * timeout):
            problems = await announcer.announce(announcement, timeout)
    except TimeoutError:
        problems = [f"no answer within {2 * timeout:g} s"]
    except Exception as error:  # noqa: BLE001 - an announcement must never harm a run
        problems = [f"{type(error).__name__}: {error}"]
    await journal.record(AnnouncementMade(announcement, tuple(problems)))
