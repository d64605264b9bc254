# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pipeline jobs: what OCPS is asked and what it answers."""

__all__ = ["JobKey", "JobRequest", "JobResult", "JobStep"]

import dataclasses
import enum

from .images import ImageType


class JobStep(enum.StrEnum):
    """What a pipeline job is for."""

    GENERATE = "generate"
    """Combine the exposures into a calibration."""
    VERIFY = "verify"
    """Measure the exposures and test the measurements with the metrics of cp_verify."""


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class JobKey:
    """Which job of a run; a run has at most one of each."""

    step: JobStep
    """What it is for."""
    image_type: ImageType
    """Which exposures it processes."""
    attempt: int = 1
    """1 with all exposures, 2 without those that the first verification called bad."""

    def __str__(self) -> str:
        again = " again" if self.attempt > 1 else ""
        return f"{self.step} {self.image_type}{again}"


@dataclasses.dataclass(frozen=True, slots=True)
class JobRequest:
    """Arguments of the OCPS command ``execute``."""

    pipeline: str
    """Pipeline file; may hold environment variables such as ``${CP_PIPE_DIR}``."""
    config: str
    """Options of ``pipetask run``."""
    data_query: str
    """Butler expression that selects the exposures."""
    version: str = ""
    """Version of the science pipelines; OCPS ignores it today."""


@dataclasses.dataclass(frozen=True, slots=True)
class JobResult:
    """What OCPS published in ``job_result``."""

    job_id: str
    """Id that OCPS gave to the job; its output collection is ``u/ocps/<job_id>``."""
    exit_code: int
    """0 if the job worked. The only field to be trusted; see `detail`."""
    detail: str = ""
    """The JSON text beside it, for people. Its ``phase`` is that of the submission."""

    @property
    def succeeded(self) -> bool:
        """Did the job work (`bool`)?"""
        return self.exit_code == 0
