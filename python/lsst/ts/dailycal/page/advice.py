# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to go on after a run of the page that ended early."""

__all__ = ["how_to_finish", "how_to_go_on", "script_end"]

import re

from ..model import ProcessState, QueueStatus, ScriptEnd, ScriptState, ScriptUpdate
from .steps import PagePlan, StepOutcome, StepStatus

_RESUME = re.compile(r"resume: (?P<run_id>[\w.-]+)")

_BY_STATE = {
    ScriptState.DONE: ScriptEnd.DONE,
    ScriptState.STOPPED: ScriptEnd.STOPPED,
    ScriptState.FAILED: ScriptEnd.FAILED,
    ScriptState.CONFIGURE_FAILED: ScriptEnd.CONFIGURE_FAILED,
}
_BY_PROCESS = {
    ProcessState.LOADFAILED: ScriptEnd.LOAD_FAILED,
    ProcessState.CONFIGUREFAILED: ScriptEnd.CONFIGURE_FAILED,
    ProcessState.TERMINATED: ScriptEnd.TERMINATED,
}


def script_end(update: ScriptUpdate) -> ScriptEnd:
    """Tell how a script ended (`ScriptEnd`).

    Its own word counts before that of its process: one that is DONE may be terminated after.
    """
    if update.state in _BY_STATE:
        return _BY_STATE[update.state]
    return _BY_PROCESS.get(update.process, ScriptEnd.DIED)


def how_to_go_on(
    plan: PagePlan,
    outcome: StepOutcome,
    queue: QueueStatus | None,
    command: str = "dailycal run",
) -> tuple[str, ...]:
    """Say what a person does next.

    Parameters
    ----------
    plan : `PagePlan`
        The plan.
    outcome : `StepOutcome`
        What became of the step that ended the run.
    queue : `QueueStatus` or `None`
        How the queue was left; `None` if it is not known.
    command : `str`
        The command that runs the page.

    Returns
    -------
    advice : `tuple` [`str`]
        Sentences, in the order of doing.
    """
    step = next(item for item in plan.to_do if item.name == outcome.name)
    advice: list[str] = []
    if outcome.status is StepStatus.UNKNOWN:
        advice.append("Look at the queue: the script of this step may still be running.")
    if queue is not None and queue.alive and not queue.running:
        where = f" on script {queue.current.index}" if queue.current else ""
        advice.append(
            f"{queue.name} is paused{where}, as it is after a failed script: remove the cause, "
            "then resume it in LOVE, or give --resume-queue."
        )
    found = _RESUME.search(outcome.reason)
    if step.takes_images and found:
        advice.append(how_to_finish(step.name, found["run_id"], command))
    advice.append(f"To go on from this step: {command} --from-step {step.name}")
    restoring = [item.name for item in plan.to_do if item.restores and item.name != step.name]
    if restoring:
        advice.append(
            f"To leave LATISS as the page does instead: {command} --from-step {restoring[0]}"
        )
    return tuple(advice)


def how_to_finish(step: str, run_id: str, command: str = "dailycal run") -> str:
    """Say how a page goes on with the images that its script has taken (`str`).

    Parameters
    ----------
    step : `str`
        Name of the step that takes images.
    run_id : `str`
        Id of the run of its script.
    command : `str`
        The command that runs the page.
    """
    return (
        "To finish the calibrations without repeating images: write the lines "
        f"`script_mode: BIAS_DARK` and `resume: {run_id}` into FILE, then "
        f"{command} --from-step {step} --config-for {step} FILE"
    )
