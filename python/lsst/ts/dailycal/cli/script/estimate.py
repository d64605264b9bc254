# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much of a script is done, and how long the rest will take."""

__all__ = ["Estimate", "plan_schedule"]

import typing
from collections.abc import Mapping

if typing.TYPE_CHECKING:
    from ...calibration import Plan


class Estimate:
    """Follows the checkpoints of a script against what was planned.

    The duration that the script announces is the measure. Where the planned time of each
    checkpoint is known as well, the pace seen so far corrects what is left.

    Parameters
    ----------
    duration : `float`
        Planned time of the whole script, in seconds; 0 if it is not known.
    schedule : `~collections.abc.Mapping` [`str`, `float`], optional
        Planned time from the start to each checkpoint, in seconds.
    """

    def __init__(self, duration: float, schedule: Mapping[str, float] | None = None) -> None:
        self._duration = duration
        self._schedule = dict(schedule or {})
        self._planned = 0.0
        self._pace = 1.0
        self._since = 0.0
        self._shown = 0.0

    def reach(self, checkpoint: str, elapsed: float) -> None:
        """Take note of a checkpoint.

        Parameters
        ----------
        checkpoint : `str`
            Its name.
        elapsed : `float`
            Time since the start, in seconds.
        """
        planned = self._schedule.get(checkpoint)
        if planned is None or planned < self._planned:
            return
        self._planned, self._since = planned, elapsed
        if planned > 0:
            self._pace = elapsed / planned

    def remaining(self, elapsed: float) -> float | None:
        """Return the time that is left, in seconds.

        Parameters
        ----------
        elapsed : `float`
            Time since the start, in seconds.

        Returns
        -------
        remaining : `float` or `None`
            `None` if it is not known: nothing was announced, or it has taken longer than that.
        """
        if self._duration <= 0:
            return None
        left = (self._duration - self._planned) * self._pace - (elapsed - self._since)
        return left if left > 0 else None

    def fraction(self, elapsed: float) -> float | None:
        """Return how much is done, 0 to 1; it never goes back.

        Parameters
        ----------
        elapsed : `float`
            Time since the start, in seconds.

        Returns
        -------
        fraction : `float` or `None`
            `None` if nothing was announced. Below 1 as long as the script runs.
        """
        if self._duration <= 0:
            return None
        left = self.remaining(elapsed)
        now = 0.99 if left is None else min(elapsed / (elapsed + left), 0.99)
        self._shown = max(self._shown, now)
        return self._shown


def plan_schedule(plan: "Plan") -> dict[str, float]:
    """Return the planned time from the start to each checkpoint of a plan, in seconds."""
    from ...calibration.plan import PROCESSING_CHECKPOINT, SETUP_CHECKPOINT
    from ...calibration.timeouts import EXPOSURE_OVERHEAD, READOUT_TIME

    schedule = {SETUP_CHECKPOINT: 0.0}
    time = 0.0
    for planned in plan.exposures:
        schedule[planned.label] = time
        time += planned.exposure_time + READOUT_TIME + EXPOSURE_OVERHEAD
        time += plan.wait_between_exposures
    schedule[PROCESSING_CHECKPOINT] = time
    return schedule
