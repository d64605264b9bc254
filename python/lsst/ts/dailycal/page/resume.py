# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""From a run of the page that ended early to the plan of the one that goes on with it."""

__all__ = ["make_resume_plan"]

import dataclasses
from collections.abc import Mapping

from .plan import PageOptions, make_page_plan
from .script_run import ScriptRun
from .steps import DONE_IN, PagePlan, PageStep, PlannedStep, Procedure, StepOutcome, StepStatus


def make_resume_plan(
    procedure: Procedure,
    run_id: str,
    outcomes: tuple[StepOutcome, ...],
    configurations: Mapping[str, str],
    run: ScriptRun | None,
) -> PagePlan:
    """Make the plan that goes on with a page where it stopped, and takes nothing again.

    Parameters
    ----------
    procedure : `Procedure`
        The page.
    run_id : `str`
        Id of the run that ended early.
    outcomes : `tuple` [`StepOutcome`]
        What became of its steps.
    configurations : `~collections.abc.Mapping` [`str`, `str`]
        Their configurations, by their names.
    run : `ScriptRun` or `None`
        The run of the script that takes the images; `None` if it made none.

    Raises
    ------
    ConfigurationError
        If every step is done.
    """
    takes_images = {step.name for step in procedure.steps if step.takes_images}
    reasons: dict[str, str] = {}
    texts = {name: text for name, text in configurations.items() if text}
    for outcome in outcomes:
        if outcome.status is StepStatus.SKIPPED:
            reasons[outcome.name] = outcome.reason
        elif outcome.status is StepStatus.DONE:
            reasons[outcome.name] = f"{DONE_IN}{run_id}"
        elif outcome.name in takes_images and run is not None:
            if run.status == "done":
                reasons[outcome.name] = f"{DONE_IN}{run.run_id}"
            else:
                texts[outcome.name] = f"script_mode: {run.mode}\nresume: {run.run_id}\n"
    plan = make_page_plan(procedure, PageOptions(configurations=texts, reasons=reasons))
    if run is None:
        return plan
    return dataclasses.replace(plan, steps=_adapt(plan.steps, outcomes, run))


def _adapt(
    steps: tuple[PlannedStep, ...], outcomes: tuple[StepOutcome, ...], run: ScriptRun
) -> tuple[PlannedStep, ...]:
    """Give the step its remaining time, and have told what its own page did not live to tell."""
    was_done = {item.name for item in outcomes if item.status is StepStatus.DONE}
    adapted: list[PlannedStep] = []
    untold = None
    for planned in steps:
        step = planned.step
        if planned.skipped:
            if step.after is not None and step.name not in was_done and run.status == "done":
                untold = step.after
        else:
            step = _next(step, run)
            if untold is not None and step.before is None:
                step, untold = dataclasses.replace(step, before=untold), None
        adapted.append(dataclasses.replace(planned, step=step))
    return tuple(adapted)


def _next(step: PageStep, run: ScriptRun) -> PageStep:
    return dataclasses.replace(step, duration=run.left) if step.takes_images else step
