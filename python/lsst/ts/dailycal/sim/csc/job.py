# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A pipeline job of the simulated OCPS: a process group, a directory, a log."""

__all__ = ["ABORTED", "Job", "JobArguments", "describe"]

import asyncio
import contextlib
import dataclasses
import json
import uuid
from pathlib import Path, PurePosixPath

from ...forking import ForkedProgram, ForkError, ForkServer
from ...model import ImageType, JobStep
from ...pipelines.command import pipetask_argv

ABORTED = 255
"""Exit code that is published for an aborted job."""
_PIPELINES = {
    f"{prefix}{kind.capitalize()}.yaml": (step, kind)
    for prefix, step in (("cp", JobStep.GENERATE), ("verify", JobStep.VERIFY))
    for kind in ImageType
}


@dataclasses.dataclass(frozen=True, slots=True)
class JobArguments:
    """What a job is to do."""

    run_id: str
    """Id of the request."""
    pipeline: str
    """Pipeline file."""
    config: str
    """Options of pipetask."""
    data_query: str
    """Butler expression."""
    input_collection: str
    """Collection of the raw frames."""

    def describe_service_object(self, job_id: str, creation: str, phase: str) -> str:
        """Write the object by which the pipeline service describes a job, as JSON (`str`)."""
        environment = {
            "PIPELINE_URL": self.pipeline,
            "BUTLER_REPO": "LATISS",
            "RUN_OPTIONS": f"-i {self.input_collection} {self.config}",
            "OUTPUT_GLOB": "*",
            "DATA_QUERY": self.data_query,
        }
        return json.dumps(
            {
                "jobId": job_id,
                "runId": self.run_id,
                "ownerId": "",
                "phase": phase,
                "creationTime": creation,
                "startTime": None,
                "endTime": None,
                "executionDuration": None,
                "destruction": None,
                "parameters": {
                    "command": ["bin/pipetask.sh"],
                    "environment": [
                        {"name": name, "value": value} for name, value in environment.items()
                    ],
                },
                "results": [],
                "errorSummary": {"message": ""},
                "jobInfo": {},
            }
        )


def describe(pipeline: str) -> dict[str, object]:
    """Tell what a pipeline is for, as context of a fault; empty if nobody knows."""
    known = _PIPELINES.get(PurePosixPath(pipeline).name)
    return {} if known is None else {"step": known[0], "image_type": known[1]}


class Job:
    """A job that runs ``pipetask``.

    Parameters
    ----------
    arguments : `JobArguments`
        What it is to do.
    repository : `~pathlib.Path`
        The Butler repository.
    directory : `~pathlib.Path`
        Directory of all jobs.
    programs : `ForkServer`
        Starts pipetask.

    Attributes
    ----------
    job_id : `str`
        Its id.
    log : `~pathlib.Path`
        Its log.
    aborted : `bool`
        Was it aborted?
    """

    def __init__(
        self, arguments: JobArguments, repository: Path, directory: Path, programs: ForkServer
    ) -> None:
        self.arguments = arguments
        self.job_id = uuid.uuid4().hex
        self.aborted = False
        self.log = directory / self.job_id / "out" / "ocps.log"
        self._argv = pipetask_argv(
            repository,
            pipeline=arguments.pipeline,
            config=arguments.config,
            data_query=arguments.data_query,
            output=f"u/ocps/{self.job_id}",
            input_collection=arguments.input_collection,
        )
        self._programs = programs
        self._program: ForkedProgram | None = None

    async def run(self) -> int:
        """Run it to its end; no process of it is left however that comes about.

        Returns
        -------
        exit_code : `int`
            Of pipetask; negative for the signal that ended it.
        """
        await asyncio.to_thread(self.write_log, f"Job {self.job_id}")
        try:
            with self.log.open("ab") as log:
                self._program = program = await self._programs.start(
                    self._argv, directory=self.log.parent, stdout=log
                )
            try:
                return await (program.end() if self.aborted else program.wait())
            finally:
                if program.returncode is None:
                    await asyncio.shield(program.end())
        except ForkError as error:
            await asyncio.to_thread(self.write_log, f"pipetask: {error}")
            return 1

    async def abort(self) -> None:
        """End it, and wait until it has ended."""
        self.aborted = True
        if self._program is not None:
            with contextlib.suppress(ForkError):
                await self._program.end()

    def write_log(self, text: str) -> None:
        """Write a line to its log. Blocks."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            log.write(f"{text}\n".encode())
