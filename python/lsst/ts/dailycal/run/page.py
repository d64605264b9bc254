# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Carry out a page: step after step through a queue."""

__all__ = ["PageRun", "PageTimes", "refuse_schemas"]

import asyncio
import dataclasses
import logging
import textwrap
from collections.abc import Iterable, Sequence

from ..model import (
    Announcement,
    AnnouncementMade,
    CalibrationError,
    ChecksMade,
    ConfigurationError,
    JournalError,
    NotReadyError,
    PageEnded,
    PageOutcome,
    PagePlan,
    PageStarted,
    PageStep,
    PlannedStep,
    QueueError,
    QueueStatus,
    ScriptEnd,
    ScriptRequest,
    ScriptState,
    ScriptUpdate,
    StepEnded,
    StepOutcome,
    StepProgress,
    StepQueued,
    StepStarted,
    StepStatus,
)
from ..procedure import (
    fill_in,
    how_to_go_on,
    parse_configuration,
    refusals,
    refuse,
    round_duration,
    script_end,
    validate_configuration,
)
from ..version import VERSION
from .page_checks import PageChecks, PagePorts
from .page_journal import PageJournal

LONGEST_REASON = 200
"""Characters of a reason that the whole summit is told."""


@dataclasses.dataclass(frozen=True, slots=True)
class PageTimes:
    """Deadlines of a run of the page, in seconds."""

    status: float = 5.0
    """Hearing of the queue."""
    schema: float = 30.0
    """Asking for a script's schema: the queue allows 20 itself."""
    add: float = 90.0
    """Adding a script: the queue allows 60 for loading, and acknowledges after it."""
    poll: float = 1.0
    """How long nothing may be heard before the deadlines are looked at."""
    person: float = 3600.0
    """How long people may pause the queue or a script, or have theirs before ours."""
    stop: float = 180.0
    """From stopping a script to its end: a dark may have to be read out first."""
    pause: float = 10.0
    """From the end of a script that failed to the pause of the queue."""
    announce: float = 10.0
    """Making an announcement."""


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
        The command that runs this page, for the advice how to go on.
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
    ) -> None:
        self._run_id = run_id
        self._plan = plan
        self._ports = ports
        self._checks = checks
        self._journal = journal
        self._times = times or PageTimes()
        self._command = command
        self._stopping = False
        self._outcomes: dict[str, StepOutcome] = {}
        self._announcements: asyncio.TaskGroup | None = None
        self._has_begun = False
        self._advice: tuple[str, ...] = ()

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
        await self._journal.record(
            PageStarted(
                run_id=self._run_id,
                procedure=self._plan.procedure.name,
                steps=tuple((item.step.name, item.skipped) for item in self._plan.steps),
                duration=self._plan.duration,
                version=VERSION,
            )
        )
        try:
            async with asyncio.TaskGroup() as self._announcements:
                reason = await self._prepare(resume_queue) or await self._carry_out()
        except BaseExceptionGroup as group:
            raise _expected(group) from group
        outcome = PageOutcome(
            run_id=self._run_id,
            steps=tuple(self._outcome(item) for item in self._plan.steps),
            reason=reason,
            advice=self._advice,
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
            return f"Nothing was started. {error}"
        return ""

    async def _carry_out(self) -> str:
        """Carry the steps out; return why it ended early, empty if it did not."""
        for number, step in enumerate(self._plan.to_do):
            if self._stopping:
                await self._end(step, StepStatus.NOT_REACHED)
                return f"Stopped before step {step.name}."
            outcome = await self._step(step, is_first=number == 0)
            if outcome.status is not StepStatus.DONE:
                await self._give_up(step, outcome)
                return f"Step {step.name} {outcome.status}: {outcome.reason}"
            if step.after is not None:
                self._announce(step.after)
        return ""

    async def _give_up(self, step: PageStep, outcome: StepOutcome) -> None:
        failure = self._plan.procedure.failure
        if failure is not None and self._has_begun:
            reason = textwrap.shorten(outcome.reason, LONGEST_REASON, placeholder=" ...")
            self._announce(failure, step=step.name, reason=reason)
        queue = await self._queue_after(outcome)
        self._advice = how_to_go_on(self._plan, outcome, queue, self._command)

    async def _queue_after(self, outcome: StepOutcome) -> QueueStatus | None:
        """Look at the queue, which pauses when the process of a script that failed has ended."""
        loop = asyncio.get_running_loop()
        patience = self._times.pause if outcome.status is StepStatus.FAILED else 0.0
        latest = loop.time() + patience
        try:
            status = await self._ports.queue.status(self._times.status)
            while status.alive and status.running and outcome.index and loop.time() < latest:
                await asyncio.sleep(self._times.poll)
                status = await self._ports.queue.status(self._times.status)
        except QueueError:
            return None  # what failed has said it already
        return status

    async def _step(self, step: PageStep, *, is_first: bool) -> StepOutcome:
        started = asyncio.get_running_loop().time()
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
            last, note = await self._follow(step, index)
            status, reason = _judge(last, note, stopped=self._stopping)
        except QueueError as error:
            # Once the script is in the queue, a silent queue does not mean that it failed.
            status = StepStatus.UNKNOWN if index else StepStatus.FAILED
            reason = str(error)
        except NotReadyError as error:
            status, reason = StepStatus.FAILED, str(error)
        duration = asyncio.get_running_loop().time() - started
        return await self._end(step, status, index=index, duration=duration, reason=reason)

    async def _follow(self, step: PageStep, index: int) -> tuple[ScriptUpdate, str]:
        """Follow a script to its end; return its last update, and why it was stopped if it was."""
        loop = asyncio.get_running_loop()
        patience = _Patience(step.deadline, self._times.person)
        update = ScriptUpdate(index)
        while not update.is_over:
            begin = loop.time()
            update, remark = await self._next(step, update)
            patience.spend(loop.time() - begin, remark)
            note = "Stopped by the observer." if self._stopping else patience.at_end(remark)
            if note and not update.is_over:
                return await self._stop_script(step, update), note
        return update, ""

    async def _stop_script(self, step: PageStep, update: ScriptUpdate) -> ScriptUpdate:
        """Stop a script, and wait for its end."""
        loop = asyncio.get_running_loop()
        await self._ports.queue.stop(update.index, self._times.status)
        latest = loop.time() + self._times.stop
        while not update.is_over and loop.time() < latest:
            update, _ = await self._next(step, update)
        if not update.is_over:
            raise QueueError(
                f"Script {update.index} did not end within {self._times.stop:g} s of being "
                "stopped.",
                last_seen=f"{update.state.name} {update.checkpoint}".strip(),
                remedy="Terminate it in LOVE.",
            )
        return update

    async def _next(self, step: PageStep, seen: ScriptUpdate) -> tuple[ScriptUpdate, str]:
        update = await self._ports.queue.next_update(seen, self._times.poll)
        remark = _remark(update)
        await self._journal.record(StepProgress(step.name, update, remark))
        return update, remark

    async def _check(self, name: str, steps: Sequence[PageStep]) -> None:
        findings = await self._checks.look(steps)
        if not name:
            self._checks.check_accepted(findings)
        findings = self._checks.accept(findings)
        await self._journal.record(ChecksMade(name, tuple(findings)))
        refuse(refusals(findings))

    async def _end(
        self,
        step: PageStep,
        status: StepStatus,
        *,
        index: int = 0,
        duration: float = 0.0,
        reason: str = "",
    ) -> StepOutcome:
        outcome = StepOutcome(step.name, status, index, duration, reason)
        self._outcomes[step.name] = outcome
        await self._journal.record(StepEnded(outcome))
        return outcome

    def _outcome(self, planned: PlannedStep) -> StepOutcome:
        if planned.skipped:
            return StepOutcome(planned.step.name, StepStatus.SKIPPED, reason=planned.skipped)
        default = StepOutcome(planned.step.name, StepStatus.NOT_REACHED)
        return self._outcomes.get(planned.step.name, default)

    def _announce(self, announcement: Announcement, **values: str) -> None:
        """Announce in the background: nobody waits for it but the end of the run."""
        assert self._announcements is not None  # noqa: S101 - made by execute
        self._announcements.create_task(self._announce_now(fill_in(announcement, **values)))

    async def _announce_now(self, announcement: Announcement) -> None:
        try:
            async with asyncio.timeout(2 * self._times.announce):
                problems = await self._ports.announcer.announce(announcement, self._times.announce)
        except TimeoutError:
            problems = [f"no answer within {2 * self._times.announce:g} s"]
        except Exception as error:  # noqa: BLE001 - an announcement must never harm a run
            problems = [f"{type(error).__name__}: {error}"]
        await self._journal.record(AnnouncementMade(announcement, tuple(problems)))


def _expected(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the error that a person should see, the group itself if there is none."""
    for error in group.exceptions:
        if isinstance(error, CalibrationError):
            return error
    return group


async def refuse_schemas(plan: PagePlan, ports: PagePorts, timeout: float) -> None:
    """Hold every configuration against the schema that the queue has for its script.

    Raises
    ------
    ConfigurationError
        If any does not fit; it lists all problems.
    QueueError
        If the queue does not tell its schemas.
    """
    problems: list[str] = []
    for step in plan.to_do:
        schema = await ports.queue.schema(step.script, timeout)
        given = parse_configuration(step.configuration)
        if schema is None:
            if given:
                problems.append(f"{step.name}: {step.script} takes no configuration.")
            continue
        try:
            validate_configuration(schema, given)
        except ConfigurationError as error:
            problems += [f"{step.name}: {problem}" for problem in error.problems]
    if problems:
        raise ConfigurationError(problems)


def _remark(update: ScriptUpdate) -> str:
    """Say what a person has to do for the script to go on; empty if nothing."""
    if update.is_over:
        return ""
    if update.state is ScriptState.PAUSED:
        return f"paused at checkpoint {update.checkpoint!r}: resume it in LOVE to go on"
    if update.is_waiting and not update.queue_running:
        return "the queue is paused: resume it in LOVE to go on"
    return ""


class _Patience:
    """How much longer a script may take, and people may keep it from going on, in seconds."""

    def __init__(self, script: float, person: float) -> None:
        self._given = (script, person)
        self._script, self._person = script, person

    def spend(self, time: float, remark: str) -> None:
        """Take time off one or the other: people are at it if there is a remark for them."""
        if remark:
            self._person -= time
        else:
            self._script -= time

    def at_end(self, remark: str) -> str:
        """Say what took too long; empty if nothing did (`str`)."""
        script, person = self._given
        if self._script <= 0:
            return f"It did not end within its deadline of {script:.0f} s."
        if self._person <= 0:
            return f"Nobody acted for {person:.0f} s: {remark}."
        return ""


def _judge(update: ScriptUpdate, note: str, *, stopped: bool) -> tuple[StepStatus, str]:
    """Turn the end of a script into what became of its step."""
    end = script_end(update)
    said = (update.reason or _last_problem(update.messages)).removeprefix("Error in run: ")
    if end is ScriptEnd.DONE:
        return StepStatus.DONE, said
    if stopped or end is ScriptEnd.STOPPED:
        return StepStatus.STOPPED, note or said or "Somebody stopped the script."
    parts = [note, f"The script {_as_clause(end)}" + (f": {said}" if said else ".")]
    return StepStatus.FAILED, " ".join(part for part in parts if part)


def _as_clause(end: ScriptEnd) -> str:
    return {
        ScriptEnd.FAILED: "failed",
        ScriptEnd.CONFIGURE_FAILED: "refused its configuration",
        ScriptEnd.LOAD_FAILED: "could not be started",
        ScriptEnd.TERMINATED: "was terminated",
        ScriptEnd.DIED: "died",
    }.get(end, str(end))


def _last_problem(messages: Iterable[tuple[int, str]]) -> str:
    errors = [text for level, text in messages if level >= logging.ERROR]
    return errors[-1] if errors else ""
