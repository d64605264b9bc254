# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the state of a run remembers of an exposure of the plan, and of a job."""

__all__ = ["JobRecord", "Slot"]

import dataclasses

from ..model import CombinationNoted, ExposureAsked, Image, JobResult, PlannedExposure


@dataclasses.dataclass(slots=True)
class Slot:
    """One exposure of the plan and what became of it."""

    planned: PlannedExposure
    """The exposure."""
    attempts: int = 0
    """Attempts since the run was started or resumed."""
    image: Image | None = None
    """The image that fills the slot; `None` if there is none, or the last one was lost."""
    ingested: bool = False
    """Is that image in the Butler?"""
    asked: ExposureAsked | None = None
    """The attempt whose end is not known; `None` if there is none."""
    failure: str = ""
    """Why the last attempt failed; empty if it did not, or another one is under way."""


@dataclasses.dataclass(slots=True)
class JobRecord:
    """One job of the run and what became of it."""

    job_id: str = ""
    """Id that OCPS gave to it; empty if it has not accepted it."""
    enabled_since: float | None = None
    """When the OCPS that accepted it had been enabled, s TAI; `None` if that is not known."""
    result: JobResult | None = None
    """Its result; `None` while there is none."""
    abandoned: bool = False
    """Is it no longer waited for?"""
    noted: CombinationNoted | None = None
    """What it left out by itself and noted, if it combines; `None` if that is nothing."""
