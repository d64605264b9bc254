# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The time of the simulated observatory."""

__all__ = [
    "TAI_MINUS_UTC",
    "SimulatedClock",
    "current_tai",
    "day_obs",
    "iso_from_tai",
    "mjd_from_tai",
    "monotonic",
    "tai_from_iso",
]

import asyncio
import datetime
import time
from collections.abc import Callable

TAI_MINUS_UTC = 37.0
"""Seconds that TAI is ahead of UTC since 2017-01-01; no further leap second is announced."""
_SECONDS_PER_DAY = 86400.0
_MJD_OF_UNIX_ZERO = 40587.0
_EPOCH = datetime.datetime(1970, 1, 1)

monotonic: Callable[[], float] = time.monotonic
"""The real clock behind the simulated one: the same for all processes of a machine, and not
moved when somebody sets the time."""


def current_tai() -> float:
    """Read the machine's clock (`float`, Unix seconds of TAI)."""
    return time.time() + TAI_MINUS_UTC


def iso_from_tai(tai: float) -> str:
    """Write a TAI time as ISO 8601 with milliseconds, without a zone (`str`)."""
    moment = _EPOCH + datetime.timedelta(seconds=round(tai, 3))
    return moment.isoformat(timespec="milliseconds")


def tai_from_iso(text: str) -> float:
    """Read an ISO 8601 date or time without a zone as TAI (`float`, Unix seconds of TAI).

    Raises
    ------
    ValueError
        If it is not one.
    """
    moment = datetime.datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        raise ValueError(f"{text!r} has a time zone; a TAI time has none")
    return (moment - _EPOCH).total_seconds()


def mjd_from_tai(tai: float) -> float:
    """Turn a TAI time in Unix seconds into a modified Julian date (`float`, day)."""
    return tai / _SECONDS_PER_DAY + _MJD_OF_UNIX_ZERO


def day_obs(tai: float) -> int:
    """Observing day of a moment: the date of TAI minus 12 hours, as YYYYMMDD (`int`)."""
    moment = _EPOCH + datetime.timedelta(seconds=tai - _SECONDS_PER_DAY / 2)
    return moment.year * 10_000 + moment.month * 100 + moment.day


class SimulatedClock:
    """A clock that runs faster or slower than the real one.

    Parameters
    ----------
    start_tai : `float`
        Simulated TAI at the reading ``started_at``, in Unix seconds.
    started_at : `float`
        Reading of ``real`` at that moment, in seconds.
    scale : `float`
        Simulated seconds in a real one.
    real : `~collections.abc.Callable`
        The clock behind it; the time of the event loop, for a loop with a time of its own.
    step : `~collections.abc.Callable`
        By how many seconds somebody has set the clock forward.
    """

    def __init__(
        self,
        start_tai: float,
        started_at: float,
        scale: float = 1.0,
        real: Callable[[], float] = monotonic,
        step: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._start_tai = start_tai
        self._started_at = started_at
        self._real = real
        self._step = step
        self.scale = scale

    def tai(self) -> float:
        """Tell the simulated time (`float`, Unix seconds of TAI)."""
        return self._start_tai + self.elapsed() + self._step()

    def elapsed(self) -> float:
        """Tell the simulated seconds since the start, however the clock was set (`float`)."""
        return (self._real() - self._started_at) * self.scale

    def day_obs(self) -> int:
        """Tell the simulated observing day, YYYYMMDD (`int`)."""
        return day_obs(self.tai())

    async def sleep(self, seconds: float) -> None:
        """Wait for a simulated time.

        Parameters
        ----------
        seconds : `float`
            How long, in simulated seconds.
        """
        await asyncio.sleep(max(seconds, 0.0) / self.scale)
