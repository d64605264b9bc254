# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of a run of the page as a table."""

__all__ = ["render_page", "render_steps"]

from collections.abc import Iterable, Mapping

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..page import PROCEDURES, PageOutcome, StepOutcome, StepStatus, format_duration
from ..page.summary import PageSummary
from .table import headline, styled_table

_STYLES = {
    StepStatus.DONE: "green",
    StepStatus.FAILED: "bold red",
    StepStatus.STOPPED: "bold yellow",
    StepStatus.UNKNOWN: "bold yellow",
    StepStatus.SKIPPED: "dim",
    StepStatus.NOT_REACHED: "dim",
}


def render_page(summary: PageSummary, status: str, hints: Iterable[str] = ()) -> RenderableType:
    """Show what came of a run of the page, from its journal.

    Parameters
    ----------
    summary : `PageSummary`
        The run.
    status : `str`
        How it is.
    hints : `~collections.abc.Iterable` [`str`]
        How to go on, if the journal has no advice.
    """
    procedure = PROCEDURES.get(summary.procedure)
    titles = {step.name: step.title for step in procedure.steps} if procedure else {}
    parts: list[RenderableType] = [
        headline(summary.run_id, status, summary.duration),
        render_steps(summary.outcome, titles),
    ]
    if not summary.outcome.advice:
        parts += [Text(f"- {hint}") for hint in hints]
    return Group(*parts)


def render_steps(outcome: PageOutcome, titles: Mapping[str, str]) -> RenderableType:
    """Show what came of the steps of a page, why it ended early, and how to go on.

    Parameters
    ----------
    outcome : `PageOutcome`
        What came of the page.
    titles : `~collections.abc.Mapping` [`str`, `str`]
        What each step does, by its name.
    """
    idle = (StepStatus.NOT_REACHED, StepStatus.SKIPPED)
    nothing_begun = all(step.status in idle for step in outcome.steps)
    parts: list[RenderableType] = _what_is_wrong(outcome)
    if not nothing_begun:
        parts.append(_table(outcome.steps, titles))
    if outcome.headline and _adds(outcome):
        parts.append(Text(f"Details: {outcome.reason}", "dim"))
    parts += [Text(f"- {line}") for line in outcome.advice]
    if outcome.succeeded:
        parts.append(Text("All steps are done.", "bold green"))
    return Group(*parts)


def _what_is_wrong(outcome: PageOutcome) -> list[RenderableType]:
    """Begin with what is wrong, what was kept, and the one command that goes on."""
    wrong = outcome.headline or outcome.reason  # journals of earlier versions have no headline
    parts: list[RenderableType] = [Text(wrong, "bold red")] if wrong else []
    if outcome.kept:
        parts.append(Text(outcome.kept))
    if outcome.command:
        parts.append(Text.assemble("To go on:  ", (outcome.command, "bold")))
    return [*parts, Text()] if parts else []


def _adds(outcome: PageOutcome) -> bool:
    """Does the full reason say more than the headline (`bool`)?"""
    said = outcome.headline.rstrip(".")
    return bool(outcome.reason) and outcome.reason.rstrip(".") != said


def _table(steps: Iterable[StepOutcome], titles: Mapping[str, str]) -> Table:
    table = styled_table("Step", "Script", "Result", "Time", "What it does", wide=4)
    for step in steps:
        table.add_row(
            Text(step.name, "bold"),
            str(step.index) if step.index else "-",
            Text(_word(step.status), _STYLES[step.status]),
            format_duration(step.duration) if step.duration else "-",
            titles.get(step.name, ""),
        )
    return table


def _word(status: StepStatus) -> str:
    return "not ended" if status is StepStatus.UNKNOWN else str(status)
