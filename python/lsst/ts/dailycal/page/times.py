# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deadlines of a run of the page."""

__all__ = ["PageTimes"]

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class PageTimes:
    """Deadlines of a run of the page, in seconds."""

    status: float = 5.0
    """Hearing of the queue."""
    schema: float = 30.0
    """Asking for a script's schema: the queue allows 20 itself."""
    add: float = 90.0
    """Adding a script: the queue allows 60 for loading, and acknowledges after it."""
    poll: float = 1.0
    """How long nothing may be heard before the deadlines are looked at."""
    person: float = 3600.0
    """How long people may pause the queue or a script, or have theirs before ours."""
    stop: float = 180.0
    """From stopping a script to its end: a dark may have to be read out first."""
    pause: float = 10.0
    """From the end of a script that failed to the pause of the queue."""
    conditions: float = 60.0
    """From one reading of the instruments to the next, while a step takes images."""
    announce: float = 10.0
    """Making an announcement."""
