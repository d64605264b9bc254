# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time, as the engine needs it.

Waiting is asyncio's business (`asyncio.sleep`, `asyncio.timeout`): a simulation that wants
to hurry runs a faster event loop.
"""

__all__ = ["Clock"]

import typing


class Clock(typing.Protocol):
    """Tells the time."""

    def tai(self) -> float:
        """Seconds since 1970-01-01 00:00:00 TAI (`float`)."""
        ...
