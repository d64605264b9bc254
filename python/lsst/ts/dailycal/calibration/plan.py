# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The plan of a run: which exposures, which jobs, how long."""

__all__ = ["Plan", "make_plan"]

import dataclasses

from ..model import ImageType, JobKey, JobStep, PlannedExposure
from .run_config import RunConfig
from .timeouts import EXPOSURE_OVERHEAD, JOB_TIME_PER_EXPOSURE, READOUT_TIME, Timeouts

SETUP_CHECKPOINT = "Setup"
"""Name of the checkpoint before the first exposure."""
PROCESSING_CHECKPOINT = "Processing"
"""Name of the checkpoint after the last exposure."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """What a run will do."""

    exposures: tuple[PlannedExposure, ...]
    """The exposures, in order."""
    jobs: tuple[JobKey, ...]
    """The pipeline jobs."""
    timeouts: Timeouts
    """The deadlines."""
    wait_between_exposures: float
    """Time to wait after each exposure, in seconds."""
    given: frozenset[ImageType] = frozenset()
    """Types whose images are given, so that none are taken."""

    @property
    def to_be_taken(self) -> tuple[PlannedExposure, ...]:
        """The exposures that the camera takes (`tuple` [`PlannedExposure`])."""
        return tuple(item for item in self.exposures if item.image_type not in self.given)

    @property
    def acquisition_time(self) -> float:
        """Time from the first shutter command to the last readout, in seconds (`float`)."""
        return sum(
            planned.exposure_time + READOUT_TIME + EXPOSURE_OVERHEAD + self.wait_between_exposures
            for planned in self.to_be_taken
        )

    @property
    def processing_time(self) -> float:
        """Time from the last readout to the last result, in seconds (`float`).

        Jobs on biases run while darks are taken, so only those of the last type count.
        """
        if not self.exposures:
            return 0.0
        last = self.exposures[-1].image_type
        kept = sum(not item.discard for item in self.exposures if item.image_type is last)
        return kept * JOB_TIME_PER_EXPOSURE * sum(job.image_type is last for job in self.jobs)

    @property
    def duration(self) -> float:
        """Time of the whole run, in seconds (`float`)."""
        return self.acquisition_time + self.processing_time

    @property
    def checkpoints(self) -> tuple[str, ...]:
        """Names of the checkpoints, in order (`tuple` [`str`])."""
        if not self.to_be_taken:
            return (PROCESSING_CHECKPOINT,)
        return (
            SETUP_CHECKPOINT,
            *(planned.label for planned in self.to_be_taken),
            PROCESSING_CHECKPOINT,
        )

    def of_type(self, image_type: ImageType) -> tuple[PlannedExposure, ...]:
        """Return the exposures of one type (`tuple` [`PlannedExposure`])."""
        return tuple(item for item in self.exposures if item.image_type is image_type)


def make_plan(config: RunConfig) -> Plan:
    """Make the plan of a run from its configuration."""
    exposures = tuple(
        PlannedExposure(
            image_type=calibration.image_type,
            exposure_time=exposure_time,
            number=number,
            total=len(calibration.exposure_times),
            discard=number <= calibration.discarded,
        )
        for calibration in config.calibrations
        for number, exposure_time in enumerate(calibration.exposure_times, start=1)
    )
    steps = [JobStep.GENERATE] * config.generate + [JobStep.VERIFY] * config.verify
    return Plan(
        exposures=exposures,
        jobs=tuple(JobKey(step, kind) for kind in config.image_types for step in steps),
        timeouts=Timeouts.of(config),
        wait_between_exposures=config.wait_between_exposures,
        given=frozenset(item.image_type for item in config.calibrations if item.given),
    )
