# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables of the page: the plan, the checks, the steps."""

__all__ = ["checks_table", "condense", "outcome_view", "plan_view"]

import typing
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..model import Finding, PageOutcome, PagePlan, Severity, StepStatus
from ..procedure import fill_in, format_duration, parse_configuration, round_duration
from ..procedure.page import ATCS, LATISS

_GROUPS = {"ATCS": tuple(map(str, ATCS)), "LATISS": tuple(map(str, LATISS))}
_VERDICTS = {
    Severity.OK: ("ok", "green"),
    Severity.WARNING: ("warning", "yellow"),
    Severity.REFUSAL: ("REFUSED", "bold red"),
}
_STYLES = {
    StepStatus.DONE: "green",
    StepStatus.FAILED: "bold red",
    StepStatus.STOPPED: "bold yellow",
    StepStatus.UNKNOWN: "bold yellow",
    StepStatus.SKIPPED: "dim",
    StepStatus.NOT_REACHED: "dim",
}


def plan_view(plan: PagePlan, place: str) -> RenderableType:
    """Show what a run will do, without doing it.

    Parameters
    ----------
    plan : `PagePlan`
        The plan.
    place : `str`
        Where it would be done.
    """
    table = _table("Step", "Time", "Script and configuration", wide=2)
    for planned in plan.steps:
        step = planned.step
        style = "dim" if planned.skipped else ""
        what = Text(step.script.path, style)
        detail = planned.skipped or _one_line(step.configuration)
        if detail:
            what.append(f"\n{detail}", "dim")
        time = "-" if planned.skipped else format_duration(step.duration)
        table.add_row(Text(step.name, style or "bold"), Text(time, style), what)
    parts: list[RenderableType] = [
        Text(f"{plan.procedure.title}, on {place}", "bold"),
        table,
        Text(f"Together about {format_duration(plan.duration)} at the telescope."),
    ]
    for step in plan.to_do:
        for when, item in (("before", step.before), ("after", step.after)):
            if item is not None:
                text = fill_in(item, duration=round_duration(plan.duration)).text
                where = " ".join(item.channels)
                parts.append(Text(f"Announced {when} {step.name}, {where}: {text}"))
    parts.append(Text("Nothing was started.", "dim"))
    return Group(*parts)


def _one_line(configuration: str) -> str:
    """Show a configuration on one line, as YAML would also read it."""
    given = parse_configuration(configuration)
    parts = [f"{key}: {_flow(value)}" for key, value in given.items()]
    return ", ".join(parts)


def _flow(value: typing.Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)


def checks_table(findings: Sequence[Finding]) -> RenderableType:
    """Show what was looked at, with a verdict for each."""
    table = _table("Check", "Verdict", "Seen", wide=2)
    for finding in condense(findings):
        word, style = _VERDICTS[finding.severity]
        seen = Text(finding.value)
        if finding.advice:
            seen.append(f"\n{finding.advice}", "italic")
        table.add_row(Text(finding.subject), Text(word, style), seen)
    refused = sum(finding.severity is Severity.REFUSAL for finding in findings)
    warned = sum(finding.severity is Severity.WARNING for finding in findings)
    if refused:
        verdict = Text(f"Refused by {refused} of {len(findings)} checks.", "bold red")
    else:
        text = f"Ready: {len(findings)} checks, {warned} warning{'s' * (warned != 1)}."
        verdict = Text(text, "bold green")
    return Group(table, verdict)


def condense(findings: Iterable[Finding]) -> list[Finding]:
    """Put components of a group that are all right and say the same into one line."""
    findings = list(findings)
    shown: list[Finding] = []
    done: set[str] = set()
    for finding in findings:
        if finding.subject in done:
            continue
        group = next((name for name, members in _GROUPS.items() if finding.subject in members), "")
        same = [
            item.subject
            for item in findings
            if group
            and item.subject in _GROUPS[group]
            and (item.severity, item.value) == (Severity.OK, finding.value)
        ]
        if len(same) < 2:
            shown.append(finding)
            continue
        done.update(same)
        whole = len(same) == len(_GROUPS[group])
        label = f"{group} ({len(same)})" if whole else f"{group} ({len(same)} of it)"
        shown.append(Finding(label, Severity.OK, f"{finding.value}: {', '.join(same)}"))
    return shown


def outcome_view(outcome: PageOutcome, plan: PagePlan) -> RenderableType:
    """Show what came of a run."""
    table = _table("Step", "Script", "Result", "Time", "What it does", wide=4)
    for step, planned in zip(outcome.steps, plan.steps, strict=True):
        table.add_row(
            Text(step.name, "bold"),
            str(step.index) if step.index else "-",
            Text(step.status, _STYLES[step.status]),
            format_duration(step.duration) if step.duration else "-",
            planned.step.title,
        )
    nothing_begun = all(
        step.status in (StepStatus.NOT_REACHED, StepStatus.SKIPPED) for step in outcome.steps
    )
    parts: list[RenderableType] = [] if nothing_begun else [table]
    if outcome.reason:
        parts.append(Text(outcome.reason, "bold red"))
    parts += [Text(f"- {line}") for line in outcome.advice]
    if outcome.succeeded:
        parts.append(Text("All steps are done.", "bold green"))
    return Group(*parts)


def _table(*names: str, wide: int) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(names):
        table.add_column(name, overflow="fold", no_wrap=number != wide)
    return table
