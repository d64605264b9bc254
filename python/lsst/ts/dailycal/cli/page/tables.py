# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tables of the page: the plan, the checks, the steps."""

__all__ = ["checks_table", "condense", "outcome_view", "plan_view"]

import typing
from collections.abc import Iterable, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from ...model import Finding, Severity, format_duration, round_duration
from ...page import (
    PageOutcome,
    PagePlan,
    fill_in,
    parse_configuration,
)
from ...page.bias_dark import ATCS, LATISS
from ...report.page_table import render_steps
from ...report.table import styled_table

_GROUPS = {"ATCS": tuple(map(str, ATCS)), "LATISS": tuple(map(str, LATISS))}
_VERDICTS = {
    Severity.OK: ("ok", "green"),
    Severity.WARNING: ("warning", "yellow"),
    Severity.REFUSAL: ("REFUSED", "bold red"),
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
    table = styled_table("Step", "Time", "Script and configuration", wide=2)
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
    table = styled_table("Check", "Verdict", "Seen", wide=2)
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
    return render_steps(outcome, {item.step.name: item.step.title for item in plan.steps})
