# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of a run: values, from which the script's final state follows."""

__all__ = ["CalibrationOutcome", "CalibrationStatus", "Failure", "RunOutcome"]

import dataclasses
import enum

from .calibration_facts import Comparison
from .decisions import Decision
from .images import ImageType


class CalibrationStatus(enum.StrEnum):
    """What became of the calibration of one image type."""

    TAKEN = "taken"
    """Exposures were taken; neither verification nor certification was asked for."""
    VERIFIED = "verified"
    """Exposures were verified and accepted; certification was not asked for."""
    CERTIFIED = "certified"
    """The combined calibration is certified."""
    REJECTED = "rejected"
    """Verification worked, and its result is below the acceptance limits."""
    NOT_ATTEMPTED = "not attempted"
    """What it needs was not there: too few exposures, or no accepted bias."""
    FAILED = "failed"
    """Something that was asked for could not be carried out."""


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """Why something could not be carried out."""

    step: str
    """Name of the step, e.g. ``verify BIAS``."""
    reason: str
    """What was awaited, how long, which ids, what was seen last."""
    remedy: str = ""
    """What to do."""

    def __str__(self) -> str:
        return " ".join(part for part in (f"{self.step}: {self.reason}", self.remedy) if part)


@dataclasses.dataclass(frozen=True, slots=True)
class CalibrationOutcome:
    """What became of the exposures of one image type."""

    image_type: ImageType
    """Which exposures."""
    status: CalibrationStatus
    """What became of them."""
    wanted: int
    """How many images were to be kept."""
    taken: int
    """How many images were read out, the discarded ones included."""
    kept: int
    """How many images went into processing, without those that combination left out."""
    decision: Decision | None = None
    """The accept decision; `None` if there was no verification."""
    failure: Failure | None = None
    """Why it failed or was not attempted; `None` otherwise."""
    comparison: Comparison | None = None
    """The new calibration against the one in use; `None` if none was to be certified."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunOutcome:
    """What came of a run."""

    run_id: str
    """Id of the run."""
    calibrations: tuple[CalibrationOutcome, ...]
    """One outcome an image type, in the order of acquisition."""
    failure: Failure | None = None
    """What ended the run early; `None` if nothing did."""
    stopped: bool = False
    """Did a person stop it?"""

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Everything that could not be carried out (`tuple` [`Failure`])."""
        found = [self.failure] if self.failure else []
        for calibration in self.calibrations:
            if calibration.failure is not None and calibration.failure not in found:
                found.append(calibration.failure)
        return tuple(found)

    @property
    def rejected(self) -> tuple[ImageType, ...]:
        """Image types whose calibration was rejected (`tuple` [`ImageType`])."""
        return tuple(
            calibration.image_type
            for calibration in self.calibrations
            if calibration.status is CalibrationStatus.REJECTED
        )
