# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What combination did by itself, and whoever uses what it made should know."""

__all__ = ["CombinationNoted", "LeftOut"]

import dataclasses

from .jobs import JobKey


@dataclasses.dataclass(frozen=True, slots=True)
class LeftOut:
    """One exposure that was not combined."""

    exposure: int
    """Exposure id."""
    reason: str
    """Why not."""


@dataclasses.dataclass(frozen=True, slots=True)
class CombinationNoted:
    """A combination left exposures out by itself, or noted something; an event of a run.

    There is none for a combination that did neither.
    """

    key: JobKey
    """The job that combined."""
    left_out: tuple[LeftOut, ...] = ()
    """The exposures that it left out."""
    notes: tuple[str, ...] = ()
    """What else it noted."""

    @property
    def reasons(self) -> dict[int, str]:
        """Ids of the exposures that it left out, and why (`dict` [`int`, `str`])."""
        return {item.exposure: item.reason for item in self.left_out}
