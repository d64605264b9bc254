# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The outcome of a run as tables, for a terminal or as plain text."""

__all__ = [
    "command_line",
    "headline",
    "outcome_text",
    "render_calibrations",
    "render_outcome",
    "render_runs",
    "render_where",
    "styled_table",
]

import io
from collections.abc import Iterable, Mapping

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from ..model import Decision, format_duration
from .listing import ListedRun
from .summary import CalibrationSummary, JobSummary, RunSummary
from .times import utc_from_tai

_STYLES = {
    "done": "green",
    "certified": "green",
    "verified": "green",
    "taken": "green",
    "failed": "bold red",
    "rejected": "bold yellow",
    "not attempted": "yellow",
    "stopped": "yellow",
    "given up": "yellow",
    "not accepted": "bold red",
}
_NONE = "-"
WIDE = 120
"""Width from which on a terminal has room for every column, in characters."""
NARROW = 100
"""Width below which what came of a run stands on lines of its own, in characters."""


def render_outcome(
    summary: RunSummary, where: Mapping[str, str] | None = None, status: str = ""
) -> RenderableType:
    """Show what came of a run.

    Parameters
    ----------
    summary : `RunSummary`
        The run.
    where : `~collections.abc.Mapping` [`str`, `str`], optional
        What lies where: a name and a path for each.
    status : `str`, optional
        How the run is, if more is known than its journal says.

    Returns
    -------
    renderable : `rich.console.RenderableType`
        What a rich console prints.
    """
    parts: list[RenderableType] = [
        headline(summary.run_id, status or summary.status, summary.duration),
        _calibrations(summary),
    ]
    if summary.jobs or any(item.taken for item in summary.calibrations):
        parts.append(_steps(summary))
    parts += _lines("Failed", summary.failures, "red")
    parts += _lines("Lost images", _lost(summary), "yellow")
    parts += _lines("Tests that failed", _failed_tests(summary), "yellow")
    if where:
        parts.append(render_where(where))
    return Group(*parts)


def render_runs(runs: Iterable[ListedRun], width: int = 160) -> RenderableType:
    """Show runs, a line each, or two or three where there is no room.

    Parameters
    ----------
    runs : `~collections.abc.Iterable` [`ListedRun`]
        The runs, in the order to show them in.
    width : `int`
        Width of the terminal, in characters; in a narrow one, what the id tells is left out.
    """
    if width < NARROW:
        return Group(*(line for item in runs for line in _run_in_lines(item)))
    is_wide = width >= WIDE
    when = ("Began (UTC)", "Time") if is_wide else ()
    names = ("Run", "Kind", *when, "Status", "Frames", "Result, how to go on")
    table = styled_table(*names, wide=len(names) - 1)
    for item in runs:
        begin = utc_from_tai(item.begin)
        times = (f"{begin:%Y-%m-%d %H:%M:%S}", format_duration(item.duration)) if is_wide else ()
        table.add_row(
            Text(item.run_id, "bold"),
            str(item.kind),
            *times,
            _status(item),
            item.frames or _NONE,
            Text("\n").join(_what_came_of(item)),
        )
    return table


def _run_in_lines(item: ListedRun) -> list[RenderableType]:
    head = Text.assemble((item.run_id, "bold"), f"  {item.kind}  ", _status(item))
    if item.frames:
        head.append(f"  {item.frames} frames")
    return [head, *map(_indented, _what_came_of(item))]


def _what_came_of(item: ListedRun) -> list[Text]:
    return [Text(text, style) for text, style in ((item.verdicts, ""), (item.who, "dim")) if text]


def _status(item: ListedRun) -> Text:
    word = "no end" if item.status == "open" else item.status
    return Text(word, _STYLES.get(item.status, "cyan"))


def styled_table(*names: str, wide: int | None = None) -> Table:
    """Make a table in the style of all of them (`rich.table.Table`).

    Parameters
    ----------
    *names : `str`
        Headings of the columns.
    wide : `int`, optional
        The column that is folded when there is no room; by default all are.
    """
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for number, name in enumerate(names):
        table.add_column(name, overflow="fold", no_wrap=wide not in (None, number))
    return table


def outcome_text(
    summary: RunSummary, where: Mapping[str, str] | None = None, width: int = 100
) -> str:
    """Show what came of a run as plain text.

    Parameters
    ----------
    summary : `RunSummary`
        The run.
    where : `~collections.abc.Mapping` [`str`, `str`], optional
        What lies where.
    width : `int`
        Longest line, in characters.
    """
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system=None, force_terminal=False)
    console.print(render_outcome(summary, where))
    return "".join(f"{line.rstrip()}\n" for line in stream.getvalue().splitlines())


def command_line(label: str, command: str) -> Text:
    """Write a command that is there to be copied, on one line whatever the width (`Text`)."""
    line = Text.assemble(f"{label}:  ", (command, "bold"), overflow="ignore")
    line.no_wrap = True
    return line


def headline(run_id: str, status: str, duration: float) -> Text:
    """Say how a run is, in a line (`rich.text.Text`)."""
    return Text.assemble(
        "Run ",
        (run_id, "bold"),
        ": ",
        ("no end recorded" if status == "open" else status, _STYLES.get(status, "cyan")),
        f", {format_duration(duration)}",
    )


def render_calibrations(summary: RunSummary) -> RenderableType:
    """Show how far the calibrations of a run are, and nothing else."""
    return _calibrations(summary)


def _calibrations(summary: RunSummary) -> Table:
    table = styled_table("", "Taken", "Ingested", "Kept", "Verified", "Certified")
    for item in summary.calibrations:
        table.add_row(
            Text(str(item.image_type), "bold"),
            f"{item.taken} of {item.planned}",
            str(item.ingested),
            str(item.kept),
            _verified(item),
            _certified(item),
        )
    return table


def _verified(item: CalibrationSummary) -> Text:
    decision = item.decision
    if decision is None:
        text = _NONE if item.status in {"taken", "open"} else item.status
        return Text(text, _STYLES.get(item.status, ""))
    word = "accepted" if decision.accepted else "rejected"
    bad = f", {len(decision.bad_exposures)} of {decision.exposures} bad"
    masked = "".join(f", {name} masked" for name, _ in decision.masked)
    return Text(word + bad + masked, "green" if decision.accepted else "bold yellow")


def _certified(item: CalibrationSummary) -> Text:
    certification = item.certification
    if certification is None:
        return Text(_NONE)
    return Text(f"{certification.calib_collection}, valid {certification.validity}", "green")


def _steps(summary: RunSummary) -> Table:
    table = styled_table("Step", "Time", "Result", "Where")
    table.columns[1].justify = "right"
    for item in summary.calibrations:
        if item.taken:
            names = str(item.first) if item.first == item.last else f"{item.first} to {item.last}"
            table.add_row(
                f"take {item.image_type}", format_duration(item.acquisition_time), "taken", names
            )
    for job in summary.jobs:
        table.add_row(str(job.key), _job_time(job), _job_result(job), job.collection or _NONE)
    return table


def _job_time(job: JobSummary) -> str:
    return _NONE if job.duration is None else format_duration(job.duration)


def _job_result(job: JobSummary) -> Text:
    code = f", exit code {job.exit_code}" if job.exit_code else ""
    return Text(f"{job.status}{code}", _STYLES.get(job.status, ""))


def _lost(summary: RunSummary) -> list[str]:
    """Name the images that were lost, and why where that is not said already."""
    said = " ".join(summary.failures)
    return [f"{name}: {why}" if why not in said else str(name) for name, why in summary.lost]


def _failed_tests(summary: RunSummary) -> list[str]:
    """Say of each test in how many exposures, and on how many amplifiers at most, it failed."""
    lines = []
    for item in summary.calibrations:
        if item.decision is None:
            continue
        numbers: dict[str, list[int]] = {}
        for _, test, number in item.decision.failures:
            numbers.setdefault(test, []).append(number)
        lines += [
            f"{item.image_type} {test}: in {len(found)} of {item.decision.exposures} exposures, "
            f"on at most {max(found)} amplifier{'s' * (max(found) != 1)} "
            f"({_weight(item.decision, test)})"
            for test, found in sorted(numbers.items())
        ]
    return lines


def _weight(decision: Decision, test: str) -> str:
    return "not counted" if test in decision.not_counted else f"bad from {decision.failure_limit}"


def _lines(title: str, lines: Iterable[str], style: str) -> list[RenderableType]:
    found = list(lines)
    if not found:
        return []
    return [Text(title, "bold"), *(_indented(Text(line, style)) for line in found)]


def _indented(text: Text) -> Padding:
    """Indent a text, all of its lines if it has to be folded."""
    return Padding(text, (0, 0, 0, 2), expand=False)


def render_where(where: Mapping[str, str]) -> Table:
    """Show what lies where (`rich.table.Table`)."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, path in where.items():
        table.add_row(name, Text(path))
    return table
