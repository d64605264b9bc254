# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine: carries out a plan against ports, and remembers in a journal."""

__all__ = ["Run"]

import asyncio

from ..model import (
    CalibrationError,
    CalibrationOutcome,
    CalibrationStatus,
    CameraError,
    ExposureTaken,
    Failure,
    Image,
    ImageType,
    JobError,
    JournalError,
    Resumed,
    RunEnded,
    RunOutcome,
    RunStarted,
)
from ..version import VERSION, installed_versions
from .acquire import Acquisition, account_for_nameless, recover
from .context import RunContext
from .damaged_images import drop_damaged
from .ingest import IngestFollower
from .jobs import abort_open_jobs
from .measure import FrameWatch
from .outcome import failure_of, make_outcome
from .process import process


class Run:
    """One calibration run.

    Parameters
    ----------
    context : `RunContext`
        The run. If its journal has records already, the run goes on from there.
    config_text : `str`
        The configuration as given, for the journal.
    """

    def __init__(self, context: RunContext, config_text: str = "") -> None:
        self._context = context
        self._config_text = config_text

    async def execute(self) -> RunOutcome:
        """Carry the run out.

        Returns
        -------
        outcome : `RunOutcome`
            What came of it, failures included.

        Raises
        ------
        JournalError
            If what happens cannot be recorded.
        """
        try:
            return await self._carry_out()
        finally:
            if self._context.ports.measuring is not None:
                await self._context.ports.measuring.close()
            await self._context.journal.settle()

    async def _carry_out(self) -> RunOutcome:
        await self._record_start()
        try:
            acquisition, calibrations = await self._execute()
        except BaseExceptionGroup as group:
            raise _most_telling(group) from group
        await account_for_nameless(self._context)
        failure = acquisition.failure
        outcome = RunOutcome(
            run_id=self._context.run_id,
            calibrations=calibrations,
            failure=failure_of("take images", failure) if failure is not None else None,
        )
        await self._context.journal.record(RunEnded(outcome))
        return outcome

    async def clean_up(self) -> None:
        """Leave nothing behind after a stop: abort jobs, account for the last exposure.

        Bounded in time; does nothing after a run that came to its end.
        """
        context = self._context
        if context.state.started is None or context.state.outcome is not None:
            return
        try:
            await self._conclude_stop()
        finally:
            await context.journal.settle()

    async def _conclude_stop(self) -> None:
        context = self._context
        await abort_open_jobs(context, "The run was stopped.")
        for slot in context.state.slots.values():
            try:
                await recover(context, slot)
            except CameraError as error:
                await context.tell(f"{slot.planned.label}: {error}")
        await account_for_nameless(context)
        await context.journal.record(RunEnded(self._stopped_outcome()))

    async def _record_start(self) -> None:
        context = self._context
        if context.state.started is not None:
            await context.journal.record(Resumed(context.tags))
            return
        await context.journal.record(
            RunStarted(
                run_id=context.run_id,
                config=self._config_text,
                exposures=context.plan.exposures,
                jobs=context.plan.jobs,
                tags=context.tags,
                version=VERSION,
                versions=installed_versions(),
            )
        )
        for calibration in context.config.calibrations:
            slots = context.state.of_type(calibration.image_type)
            for slot, name in zip(slots, calibration.given, strict=False):
                await context.journal.record(ExposureTaken(Image(slot.planned, name)))

    async def _execute(self) -> tuple[Acquisition, tuple[CalibrationOutcome, ...]]:
        context = self._context
        processing: dict[ImageType, asyncio.Task[CalibrationOutcome]] = {}
        watch = FrameWatch(context)
        async with asyncio.TaskGroup() as group:
            acquisition = Acquisition(context, IngestFollower(context, group, watch), watch)
            for image_type in context.config.image_types:
                bias = processing.get(ImageType.BIAS)
                processing[image_type] = group.create_task(
                    self._process(acquisition, image_type, bias), name=f"process {image_type}"
                )
            # Not a task of the group: a stop at a checkpoint is a CancelledError, which ends
            # the run only if it is raised here.
            await acquisition.run()
        return acquisition, tuple(task.result() for task in processing.values())

    async def _process(
        self,
        acquisition: Acquisition,
        image_type: ImageType,
        bias: asyncio.Task[CalibrationOutcome] | None,
    ) -> CalibrationOutcome:
        context = self._context
        while True:
            await context.journal.wait_until(lambda _: acquisition.is_settled(image_type))
            try:
                return await process(context, image_type, bias)
            except JournalError:
                raise
            except CalibrationError as error:
                # Each time there is an image less, so that this comes to an end.
                if isinstance(error, JobError) and await drop_damaged(context, image_type):
                    continue
                failure = failure_of(f"process {image_type}", error)
            return make_outcome(context, image_type, CalibrationStatus.FAILED, failure=failure)

    def _stopped_outcome(self) -> RunOutcome:
        context = self._context
        failure = Failure("run", "stopped before the end.")
        return RunOutcome(
            run_id=context.run_id,
            calibrations=tuple(
                make_outcome(context, kind, _status_so_far(context, kind), failure=failure)
                for kind in context.config.image_types
            ),
            failure=failure,
            stopped=True,
        )


def _status_so_far(context: RunContext, image_type: ImageType) -> CalibrationStatus:
    if image_type in context.state.certifications:
        return CalibrationStatus.CERTIFIED
    decision = context.state.decisions.get(image_type)
    if decision is None:
        return CalibrationStatus.TAKEN
    return CalibrationStatus.VERIFIED if decision.accepted else CalibrationStatus.REJECTED


def _most_telling(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Unwrap a group: the first error that was written for people, else the first at all."""
    leaves: list[BaseException] = []
    pending: list[BaseException] = [group]
    while pending:
        error = pending.pop(0)
        if isinstance(error, BaseExceptionGroup):
            pending[:0] = error.exceptions
        else:
            leaves.append(error)
    return next((leaf for leaf in leaves if isinstance(leaf, CalibrationError)), leaves[0])
