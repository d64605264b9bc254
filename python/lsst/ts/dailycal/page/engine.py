# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out a page: step after step through a queue."""

__all__ = ["PageRun"]

import asyncio
from collections.abc import Sequence

from ..calibration import refuse
from ..model import (
    Announcement,
    CalibrationError,
    ConfigurationError,
    JournalError,
    NotReadyError,
    QueueError,
    QueueStatus,
    ScriptRequest,
    round_duration,
)
from ..version import VERSION
from .advice import begin_again, go_on, go_on_after, leave_as_page_does, queue_advice
from .announcements import announce_masking, announce_rejection, fill_in
from .announcing import announce
from .condition_watch import watching_conditions
from .early_end import EarlyEnd, queue_after
from .ending import headline_of_refusal, headline_of_step
from .events import (
    ChecksMade,
    PageEnded,
    PageStarted,
    StepEnded,
    StepQueued,
    StepStarted,
)
from .follower import ScriptFollower, judge_end, maskings_of, rejections_of
from .journal import PageJournal
from .judgement import refusals
from .preconditions import PageChecks, PagePorts
from .schemas import refuse_schemas
from .script_run import ScriptRun, ScriptRuns, run_named_in
from .steps import PageOutcome, PagePlan, PageStep, PlannedStep, StepOutcome, StepStatus
from .times import PageTimes


class PageRun:
    """One run of a page.

    Scripts are added one by one, each after the end of the one before, so that a run that ends
    early, however that happens, leaves nothing behind in the queue but the script under way.

    Parameters
    ----------
    run_id : `str`
        Id of the run.
    plan : `PagePlan`
        What to do.
    ports : `PagePorts`
        The outside systems.
    checks : `PageChecks`
        Preconditions.
    journal : `PageJournal`
        The memory.
    times : `PageTimes`, optional
        Deadlines.
    command : `str`, optional
        The command that runs this page, with everything that it needs to find its observatory.
    scripts : `ScriptRuns`, optional
        Finds the runs that its scripts make, where their journals can be read.
    continues : `str`, optional
        Id of the run of the page that this one goes on with.
    simulation : `str`, optional
        Directory of the simulated observatory that it is carried out in.
    queue_remains : `bool`, optional
        Will the queue be there after the run, as it was left?
    """

    def __init__(
        self,
        run_id: str,
        plan: PagePlan,
        ports: PagePorts,
        *,
        checks: PageChecks,
        journal: PageJournal,
        times: PageTimes | None = None,
        command: str = "dailycal run",
        scripts: ScriptRuns | None = None,
        continues: str = "",
        simulation: str = "",
        queue_remains: bool = True,
    ) -> None:
        self._run_id = run_id
        self._plan = plan
        self._ports = ports
        self._checks = checks
        self._journal = journal
        self._times = times or PageTimes()
        self._command = command
        self._scripts = scripts
        self._continues = continues
        self._simulation = simulation
        self._queue_remains = queue_remains
        self._stopping = False
        self._outcomes: dict[str, StepOutcome] = {}
        self._background: asyncio.TaskGroup | None = None
        self._has_begun = False
        self._end = EarlyEnd()

    def stop(self) -> None:
        """Ask for the script under way to be stopped, and no further one to be added."""
        self._stopping = True

    async def execute(self, *, resume_queue: bool = False) -> PageOutcome:
        """Carry the page out.

        Parameters
        ----------
        resume_queue : `bool`
            Resume a paused queue once the preconditions are right?

        Returns
        -------
        outcome : `PageOutcome`
            What came of it, whatever that is; only a journal that cannot be written raises.
        """
        try:
            return await self._execute(resume_queue)
        finally:
            await self._journal.settle()

    async def _execute(self, resume_queue: bool) -> PageOutcome:
        await self._journal.record(
            PageStarted(
                run_id=self._run_id,
                procedure=self._plan.procedure.name,
                steps=tuple((item.step.name, item.skipped) for item in self._plan.steps),
                duration=self._plan.duration,
                version=VERSION,
                command=self._command,
                configurations=tuple((step.name, step.configuration) for step in self._plan.to_do),
                continues=self._continues,
                simulation=self._simulation,
            )
        )
        try:
            async with asyncio.TaskGroup() as self._background:
                reason = await self._prepare(resume_queue) or await self._carry_out()
        except BaseExceptionGroup as group:
            raise _expected(group) from group
        outcome = PageOutcome(
            run_id=self._run_id,
            steps=tuple(self._outcome(item) for item in self._plan.steps),
            reason=reason,
            advice=self._end.advice,
            headline=self._end.headline,
            remedy=self._end.remedy,
            kept=self._end.kept,
            command=str(self._end.command or ""),
        )
        await self._journal.record(PageEnded(outcome))
        return outcome

    async def _prepare(self, resume_queue: bool) -> str:
        """Look at everything before the first step; return why it cannot be begun."""
        try:
            await self._check("", self._plan.to_do)
            await refuse_schemas(self._plan, self._ports, self._times.schema)
            if resume_queue:
                await self._ports.queue.resume(self._times.status)
        except JournalError:
            raise
        except CalibrationError as error:
            found = error.problems if isinstance(error, ConfigurationError) else (error.what,)
            again = begin_again(self._plan, self._command, self._run_id, self._continues)
            self._end = EarlyEnd(headline_of_refusal(found), command=again)
            return f"Nothing was started. {error}"
        return ""

    async def _carry_out(self) -> str:
        """Carry the steps out; return why it ended early, empty if it did not."""
        for number, step in enumerate(self._plan.to_do):
            if self._stopping:
                await self._record(StepOutcome(step.name, StepStatus.NOT_REACHED))
                base = self._command, self._run_id
                again = go_on(*base) if number else begin_again(self._plan, *base, self._continues)
                self._end = EarlyEnd(f"Stopped before step {step.name}.", command=again)
                return f"Stopped before step {step.name}."
            outcome = await self._step(step, is_first=number == 0)
            if outcome.status is not StepStatus.DONE:
                await self._give_up(step, outcome)
                return f"Step {step.name} {outcome.status}: {outcome.reason}"
            if step.after is not None:
                after = announce_masking(step.after, outcome.masked)
                rejected = outcome.rejected
                self._announce(announce_rejection(step.after, rejected) if rejected else after)
        return ""

    async def _give_up(self, step: PageStep, outcome: StepOutcome) -> None:
        run = await self._find_run(step, outcome)
        headline = headline_of_step(outcome, run)
        failure = self._plan.procedure.failure
        if failure is not None and self._has_begun:
            self._announce(failure, reason=headline)
        queue = None
        if self._queue_remains:
            queue = await queue_after(outcome, self._ports.queue, self._times)
        kept = "What was taken is kept." if run_named_in(outcome.reason) else ""
        self._end = EarlyEnd(
            headline=headline,
            remedy=run.remedy if run is not None else "",
            kept=run.kept if run is not None else kept,
            command=go_on_after(step, outcome, self._command, self._run_id, queue),
            advice=self._what_else(queue),
        )

    def _what_else(self, queue: QueueStatus | None) -> tuple[str, ...]:
        if not self._queue_remains:
            return ()
        begun = {name for name, outcome in self._outcomes.items() if outcome.index}
        leave = leave_as_page_does(self._command, self._plan, begun)
        return tuple(filter(None, [queue_advice(queue), leave]))

    async def _find_run(self, step: PageStep, outcome: StepOutcome) -> ScriptRun | None:
        """Look at the run of a step's script, where its journal can be read."""
        if self._scripts is None or not (step.takes_images and outcome.index):
            return None
        return await self._scripts.find(outcome.index, step.configuration)

    async def _step(self, step: PageStep, *, is_first: bool) -> StepOutcome:
        started = asyncio.get_running_loop().time()
        rejected: tuple[str, ...] = ()
        masked: tuple[str, ...] = ()
        index = 0
        try:
            if not is_first:
                await self._check(step.name, [step])
            if step.before is not None:
                self._has_begun = True
                self._announce(step.before, duration=round_duration(self._plan.duration))
            await self._journal.record(StepStarted(step.name, step.script.path, step.configuration))
            request = ScriptRequest(
                script=step.script,
                configuration=step.configuration,
                description=f"{self._plan.procedure.name}: {step.title} ({self._run_id})",
            )
            index = await self._ports.queue.add(request, self._times.add)
            await self._journal.record(StepQueued(step.name, index))
            follower = ScriptFollower(
                step, self._ports.queue, self._journal, self._times, lambda: self._stopping
            )
            async with watching_conditions(
                step, self._checks, self._journal, self._times.conditions, self._group
            ):
                last, note = await follower.follow(index)
            status, reason = judge_end(last, note, stopped=self._stopping)
            if status is StepStatus.DONE:
                rejected, masked = rejections_of(last), maskings_of(last)
        except QueueError as error:
            # Once the script is in the queue, a silent queue does not mean that it failed.
            status = StepStatus.UNKNOWN if index else StepStatus.FAILED
            reason = str(error)
        except NotReadyError as error:
            status, reason = StepStatus.FAILED, str(error)
        duration = asyncio.get_running_loop().time() - started
        outcome = StepOutcome(step.name, status, index, duration, reason, rejected, masked)
        return await self._record(outcome)

    async def _check(self, name: str, steps: Sequence[PageStep]) -> None:
        findings = await self._checks.look(steps)
        if not name:
            self._checks.check_accepted(findings)
        findings = self._checks.accept(findings)
        await self._journal.record(ChecksMade(name, tuple(findings)))
        refuse(refusals(findings))

    async def _record(self, outcome: StepOutcome) -> StepOutcome:
        self._outcomes[outcome.name] = outcome
        await self._journal.record(StepEnded(outcome))
        return outcome

    def _outcome(self, planned: PlannedStep) -> StepOutcome:
        if planned.skipped:
            return StepOutcome(planned.step.name, StepStatus.SKIPPED, reason=planned.skipped)
        default = StepOutcome(planned.step.name, StepStatus.NOT_REACHED)
        return self._outcomes.get(planned.step.name, default)

    @property
    def _group(self) -> asyncio.TaskGroup:
        assert self._background is not None  # noqa: S101 - made by execute
        return self._background

    def _announce(self, announcement: Announcement, **values: str) -> None:
        """Announce in the background: nobody waits for it but the end of the run."""
        filled = fill_in(announcement, **values)
        work = announce(filled, self._ports.announcer, self._journal, self._times.announce)
        self._group.create_task(work)


def _expected(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that a person should see, the group itself if there is none."""
    for error in group.exceptions:
        if isinstance(error, CalibrationError):
            return error
    return group
