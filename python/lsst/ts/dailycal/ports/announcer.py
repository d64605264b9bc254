# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whoever tells the summit what is going on."""

__all__ = ["Announcer"]

import typing
from collections.abc import Sequence

from ..model import Announcement


class Announcer(typing.Protocol):
    """Makes announcements."""

    async def announce(self, announcement: Announcement, timeout: float) -> Sequence[str]:
        """Announce something, and return what went wrong, one sentence a channel.

        Never raises, and returns within ``timeout`` seconds: an announcement that is not made
        is no reason to stop a run.
        """
        ...
