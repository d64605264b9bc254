# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The service that runs pipelines (OCPS), as the engine needs it."""

__all__ = ["Pipelines"]

import typing

from ..model import JobRequest, JobResult


class Pipelines(typing.Protocol):
    """Runs pipeline jobs; results are told apart by job id."""

    def enabled_since(self) -> float | None:
        """Tell when the service was enabled, by its own clock.

        A service that was started again has forgotten its jobs: whoever finds another time than
        when a job was submitted need not wait for its result.

        Returns
        -------
        tai : `float` or `None`
            Seconds since 1970-01-01 00:00:00 TAI; `None` if it is not known to be ENABLED.
        """
        ...

    async def submit(self, request: JobRequest, timeout: float) -> str:
        """Start a job, and return its id when the service has accepted it.

        Raises
        ------
        JobError
            If it is refused, or there is no answer within ``timeout`` seconds.
        """
        ...

    async def wait(self, job_id: str, timeout: float) -> JobResult:
        """Wait for the result of a job; a result that came before the call counts.

        Raises
        ------
        JobError
            If there is none within ``timeout`` seconds, or the service went away.
        """
        ...

    async def abort(self, job_id: str, timeout: float) -> None:
        """Ask for a job to be ended.

        Raises
        ------
        JobError
            If the service does not accept that within ``timeout`` seconds.
        """
        ...
