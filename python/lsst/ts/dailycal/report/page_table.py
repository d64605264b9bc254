# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What came of a run of the page as a table."""

__all__ = ["render_end", "render_page", "render_steps"]

from collections.abc import Iterable, Mapping

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.text import Text

from ..model import format_duration
from ..page import DONE_IN, PROCEDURES, PageOutcome, StepOutcome, StepStatus
from ..page.summary import PageSummary
from .table import command_line, headline, styled_table

ROOM_FOR_TITLES = 80
"""Columns of a terminal from which the table says what each step does."""
_STYLES = {
    StepStatus.DONE: "green",
    StepStatus.FAILED: "bold red",
    StepStatus.STOPPED: "bold yellow",
    StepStatus.UNKNOWN: "bold yellow",
    StepStatus.SKIPPED: "dim",
    StepStatus.NOT_REACHED: "dim",
}


def render_page(summary: PageSummary, status: str) -> RenderableType:
    """Show what came of a run of the page, from its journal.

    Parameters
    ----------
    summary : `PageSummary`
        The run.
    status : `str`
        How it is.
    """
    procedure = PROCEDURES.get(summary.procedure)
    titles = {step.name: step.title for step in procedure.steps} if procedure else {}
    parts: list[RenderableType] = [headline(summary.run_id, status, summary.duration)]
    parts.append(_steps(summary.outcome, titles))
    if summary.outcome.reason:
        parts.append(Text(summary.outcome.reason))
    parts += [Text(f"- {line}") for line in summary.outcome.advice]
    return Group(*parts)


def render_steps(outcome: PageOutcome, titles: Mapping[str, str]) -> RenderableType:
    """Show what came of a page: first what is wrong, what was kept, and how to go on.

    Parameters
    ----------
    outcome : `PageOutcome`
        What came of the page.
    titles : `~collections.abc.Mapping` [`str`, `str`]
        What each step does, by its name.
    """
    parts: list[RenderableType] = [*render_end(outcome), _steps(outcome, titles)]
    parts += [Text(f"- {line}") for line in outcome.advice]
    if outcome.succeeded:
        parts.append(_last_line(outcome))
    return Group(*parts)


def render_end(outcome: PageOutcome) -> list[RenderableType]:
    """Say what is wrong, what to do about it, what was kept, and the one command that goes on."""
    wrong = outcome.headline or outcome.reason  # journals of earlier versions have no headline
    parts: list[RenderableType] = [Text(wrong, "bold red")] if wrong else []
    if outcome.headline.startswith("Nothing was started") and outcome.reason != outcome.headline:
        parts.append(Text(outcome.reason.removeprefix("Nothing was started. ")))
    parts += [Text(text) for text in (outcome.kept, outcome.remedy) if text]
    if outcome.command:
        parts.append(command_line("To go on", outcome.command))
    return [*parts, Text()] if parts else []


def _steps(outcome: PageOutcome, titles: Mapping[str, str]) -> RenderableType:
    idle = (StepStatus.NOT_REACHED, StepStatus.SKIPPED)
    if all(step.status in idle for step in outcome.steps):
        return Group()
    return _StepsTable(outcome.steps, titles)


class _StepsTable:
    """The steps, without what they do where there is no room for it."""

    def __init__(self, steps: Iterable[StepOutcome], titles: Mapping[str, str]) -> None:
        self._steps = list(steps)
        self._titles = titles

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        is_wide = options.max_width >= ROOM_FOR_TITLES
        names = ("Step", "Script", "Result", "Time", *["What it does"] * is_wide)
        table = styled_table(*names, wide=len(names) - 1)
        for step in self._steps:
            table.add_row(
                Text(step.name, "bold"),
                str(step.index) if step.index else "-",
                Text(_word(step), _STYLES[step.status]),
                format_duration(step.duration) if step.duration else "-",
                *[self._titles.get(step.name, "")] * is_wide,
            )
        yield table


def _word(step: StepOutcome) -> str:
    if step.status is StepStatus.SKIPPED and step.reason.startswith(DONE_IN):
        return "done before"
    return "not ended" if step.status is StepStatus.UNKNOWN else str(step.status)


def _last_line(outcome: PageOutcome) -> Text:
    if not outcome.rejection:
        return Text("All steps are done.", "bold green")
    return Text.assemble(
        ("All steps are done, and verification REJECTED what was taken. ", "bold yellow"),
        ("Tell the calibration scientists:", "bold yellow"),
        f"\n{outcome.rejection}",
    )
