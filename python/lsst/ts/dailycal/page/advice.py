# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a person does next: every command that is advised, and the sentences around it.

Whatever advises a command takes it from here, so that a test can type each of them back.
"""

__all__ = [
    "begin_again",
    "go_on",
    "go_on_after",
    "leave_as_page_does",
    "queue_advice",
    "resume_script",
    "show_status",
    "take_anew",
    "watch_run",
]

from collections.abc import Container

from ..journal import lacks_journal
from ..model import Command, QueueStatus
from .script_run import run_named_in
from .steps import DONE_IN, PagePlan, PageStep, StepOutcome

PAGE = ("dailycal", "run")
"""The command that knows by itself how to go on with one of its runs."""


def go_on(
    command: str, run_id: str, *, step: str = "", queue: QueueStatus | None = None
) -> Command:
    """Go on with a page.

    Parameters
    ----------
    command : `str`
        The command that runs the page, with everything that it needs to find its observatory.
    run_id : `str`
        Id of the run to go on with; empty to begin, since nothing of it was done.
    step : `str`, optional
        The step to begin with, for a command that does not know how to go on with a run.
    queue : `QueueStatus`, optional
        How the queue was left: a paused one has to be resumed.
    """
    again = Command.parse(command)
    if again.words[:2] == PAGE:
        again = again.with_("--resume", run_id) if run_id else again
    elif step:
        again = again.with_("--from-step", step)
    return _with_queue(again, queue)


def take_anew(command: str, step: str, queue: QueueStatus | None = None) -> Command:
    """Begin with the step that takes the images, where there is no run to go on with.

    Parameters
    ----------
    command : `str`
        The command that runs the page, with everything that it needs to find its observatory.
    step : `str`
        Name of the step.
    queue : `QueueStatus`, optional
        How the queue was left: a paused one has to be resumed.
    """
    return _with_queue(Command.parse(command).with_("--from-step", step), queue)


def _with_queue(again: Command, queue: QueueStatus | None) -> Command:
    """Have a command resume the queue if that was left paused."""
    return again.with_("--resume-queue") if queue_advice(queue) else again


def begin_again(plan: PagePlan, command: str, run_id: str, continues: str) -> Command:
    """Begin a page again of which nothing was done.

    Parameters
    ----------
    plan : `PagePlan`
        What was to be done.
    command : `str`
        The command that runs the page, with everything that it needs to find its observatory.
    run_id : `str`
        Id of its run; its journal knows what an observer wanted to be different from the page.
    continues : `str`
        Id of the run that it went on with; empty if it began anew.
    """
    usual = {step.name: step.configuration for step in plan.procedure.steps}
    is_usual = all(
        not item.skipped and item.step.configuration == usual[item.step.name] for item in plan.steps
    )
    return go_on(command, continues or ("" if is_usual else run_id))


def go_on_after(
    step: PageStep,
    outcome: StepOutcome,
    command: str,
    run_id: str,
    queue: QueueStatus | None = None,
) -> Command:
    """Go on with a page that ended at a step.

    Parameters
    ----------
    step : `PageStep`
        The step.
    outcome : `StepOutcome`
        What became of it.
    command, run_id, queue
        As for `go_on`.
    """
    named = run_named_in(step.configuration)
    # With a run whose journal is gone nobody can go on, however often it is tried.
    if named and f"{lacks_journal(named)}." in outcome.reason:
        return take_anew(command, step.name, queue)
    return go_on(command, run_id, step=step.name, queue=queue)


def leave_as_page_does(command: str, plan: PagePlan, begun: Container[str]) -> str:
    """Say how to leave the instrument as the page does, without its images.

    Parameters
    ----------
    command : `str`
        The command that runs the page, with everything that it needs to find its observatory.
    plan : `PagePlan`
        What was to be done.
    begun : `~collections.abc.Container` [`str`]
        Names of the steps whose scripts were begun.

    Returns
    -------
    advice : `str`
        Empty if the page has enabled nothing that it would put back.
    """
    enabled = {
        component
        for item in plan.steps
        if item.step.enables and (item.step.name in begun or item.skipped.startswith(DONE_IN))
        for component in item.step.components
    }
    restoring = [step for step in plan.to_do if step.restores and enabled & {*step.components}]
    if not restoring or plan.to_do[0].restores:
        return ""
    again = Command.parse(command).with_("--from-step", restoring[0].name)
    return f"To leave LATISS as the page does instead: {again}"


def resume_script(run: str, journals: str = "") -> Command:
    """Go on with a run of the script.

    Parameters
    ----------
    run : `str`
        Its id, or the path of its journal.
    journals : `str`, optional
        Directory of the journals, if it is not found by default.
    """
    return _with_journals(Command(("dailycal", "resume", run)), journals)


def watch_run(run: str, journals: str = "") -> Command:
    """Watch a run that is under way."""
    return _with_journals(Command(("dailycal", "watch", run)), journals)


def show_status(run: str, journals: str = "") -> Command:
    """Show what is known of a run, at length."""
    return _with_journals(Command(("dailycal", "status", run)), journals)


def queue_advice(queue: QueueStatus | None) -> str:
    """Say what has to be done about a queue before it goes on; empty if nothing (`str`)."""
    if queue is None or not queue.alive or queue.running:
        return ""
    where = f" on script {queue.current.index}" if queue.current else ""
    return f"{queue.name} is paused{where}, as it is after a failed script; the command resumes it."


def _with_journals(command: Command, journals: str) -> Command:
    return command.with_("--directory", journals) if journals else command
