# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of a run that is gone on with."""

__all__ = ["missing_exposures", "time_of_rest"]

from ..calibration.timeouts import EXPOSURE_OVERHEAD, JOB_TIME_PER_EXPOSURE, READOUT_TIME
from ..model import JobKey, PlannedExposure
from .state import RunState


def missing_exposures(state: RunState) -> list[PlannedExposure]:
    """Return the exposures that are still to be taken (`list` [`PlannedExposure`])."""
    return [slot.planned for slot in state.slots.values() if state.needs_exposure(slot)]


def time_of_rest(state: RunState) -> float:
    """Return the planned time of what a run has not done yet, in seconds (`float`)."""
    missing = missing_exposures(state)
    exposing = sum(item.exposure_time + READOUT_TIME + EXPOSURE_OVERHEAD for item in missing)
    planned = state.started.jobs if state.started is not None else ()
    jobs = [key for key in planned if not _has_result(state, key)]
    # Jobs of the biases run while darks are taken: only those of the last type count then.
    last = jobs[-1].image_type if jobs else None
    processing = sum(
        JOB_TIME_PER_EXPOSURE * sum(not s.planned.discard for s in state.of_type(key.image_type))
        for key in jobs
        if key.image_type is last or not missing
    )
    return exposing + processing


def _has_result(state: RunState, key: JobKey) -> bool:
    if key.image_type in state.decisions or key.image_type in state.certifications:
        return True
    job = state.jobs.get(key)
    return job is not None and job.result is not None and job.result.succeeded
