# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock port: the time of the simulated world."""

__all__ = ["DirectClock"]

from ..world import World


class DirectClock:
    """Tells the simulated time.

    Parameters
    ----------
    world : `World`
        The simulated world.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def tai(self) -> float:
        """Tell the time (`float`, Unix seconds of TAI)."""
        return self._world.clock.tai()
