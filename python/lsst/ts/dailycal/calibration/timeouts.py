# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How long things may take, from physics and measurement."""

__all__ = ["Timeouts"]

import dataclasses
import typing

from ..model import ExposureTimeouts, PlannedExposure
from .run_config import RunConfig

READOUT_TIME = 2.0
"""Readout of LATISS, in seconds."""
EXPOSURE_OVERHEAD = 2.0
"""From the end of a readout to the start of the next exposure, in seconds; measured."""
JOB_TIME_PER_EXPOSURE = 8.4
"""Wall time of a bias job for each exposure, in seconds: 168 s were measured for 20."""


@dataclasses.dataclass(frozen=True, slots=True)
class Timeouts:
    """Every deadline of a run; the plan shows them."""

    exposure_margin: float = 30.0
    """What an exposure may take beyond exposure time and readout, in seconds.

    Clearing, sequencer start and the delay of the first image of a sequence.
    """
    late_event: float = 5.0
    """How long an event may lag behind the one that proves that it happened, in seconds."""
    ingest: float = 120.0
    """From readout to the Butler, in seconds."""
    job_acceptance: float = 60.0
    """From the command ``execute`` to the acknowledgement with the job id, in seconds."""
    job: float = 900.0
    """From acceptance of a job to its result, in seconds."""
    repository: float = 60.0
    """Reading from the Butler, or certifying in it, in seconds."""
    measurement: float = 30.0
    """Measuring a frame that is in the Butler, in seconds; the first one starts a process."""
    setup: float = 65.0
    """Moving filter and grating, in seconds: the spectrograph allows itself 60."""
    preflight: float = 5.0
    """Hearing from components and camera before the first exposure, in seconds."""
    cleanup: float = 10.0
    """Aborting a job, or anything else that is cleaned up after a stop, in seconds."""

    @classmethod
    def of(cls, config: RunConfig) -> typing.Self:
        """Make the deadlines of a run from its configuration."""
        return cls(ingest=config.ingest_timeout, job=config.job_timeout)

    def exposure(self, planned: PlannedExposure) -> ExposureTimeouts:
        """Return the deadlines of one exposure (`ExposureTimeouts`)."""
        return ExposureTimeouts(
            exposure=planned.exposure_time + READOUT_TIME + self.exposure_margin,
            late_event=self.late_event,
        )
