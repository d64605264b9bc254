# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands ``dailycal runs`` and ``dailycal status``."""

__all__ = ["runs", "shown", "status"]

import typing
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from ..help import ExampleCommand
from .directory import DIRECTORY_OPTION
from .journals import (
    KnownRun,
    find_journal,
    latest_journal,
    list_journals,
    no_journal,
    read_run,
    read_runs,
)

if typing.TYPE_CHECKING:
    from rich.console import RenderableType

    from ..printed import PrintedPage, PrintedRun


@click.command(cls=ExampleCommand, examples=("dailycal runs", "dailycal runs --json"))
@DIRECTORY_OPTION
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def runs(*, directory: Path | None, as_json: bool) -> None:
    """List the runs that have a journal, of the script and of the whole page, the latest first.

    Those that are not finished come with the command that finishes them.
    """
    from ..output import error_console, make_console, print_json

    def complain(text: str) -> None:
        error_console().print(text, soft_wrap=True, markup=False)

    found = read_runs(list_journals(directory, pages=True), complain)
    if as_json:
        for run in found:
            print_json(_printed(run))
        return
    if not found:
        click.echo(no_journal(directory))
        return
    from ...report.table import command_line, render_runs

    console = make_console()
    console.print(render_runs([run.listed for run in found], console.width))
    for word, status in (("To watch", "running"), ("To go on", "")):
        for run in found:
            if run.listed.advice and (run.listed.status == "running") == bool(status):
                console.print(command_line(word, run.listed.advice), soft_wrap=True)


@click.command(
    cls=ExampleCommand,
    examples=(
        "dailycal status --last",
        "dailycal status 20261123T143000-200123 --json",
        "dailycal status run/journal/20261123T143000-200123.jsonl",
    ),
)
@click.argument("run", required=False)
@click.option("--last", is_flag=True, help="The latest run.")
@DIRECTORY_OPTION
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def status(run: str | None, *, last: bool, directory: Path | None, as_json: bool) -> None:
    """Tell what a run has done so far, from its journal.

    RUN is the id of a run, or the path of its journal.
    """
    if last == (run is not None):
        raise click.UsageError("Give the id of a run, or --last.")
    path = latest_journal(directory, pages=True) if run is None else find_journal(run, directory)
    known = read_run(path)
    from ..output import make_console, print_json

    if as_json:
        print_json(_printed(known, at_length=True))
        return
    make_console().print(shown(known))


def _printed(run: KnownRun, *, at_length: bool = False) -> "PrintedRun | PrintedPage":
    """Say for programs what is known of a run."""
    from ...page import PageSummary
    from ..printed import print_page, print_run

    if isinstance(run.summary, PageSummary):
        return print_page(run.summary, run.listed, run.scripts if at_length else None)
    return print_run(run.summary, run.listed)


def shown(run: KnownRun, where: Mapping[str, str] | None = None) -> "RenderableType":
    """Show a run, and those of the script that it made: what is wrong comes first.

    Parameters
    ----------
    run : `KnownRun`
        The run.
    where : `~collections.abc.Mapping` [`str`, `str`], optional
        What lies where; the journal by default.
    """
    from rich.console import Group
    from rich.text import Text

    from ...page import PageSummary
    from ...report.page_table import render_page
    from ...report.table import command_line, render_outcome
    from ..report.job_logs import failed_logs

    listed = run.listed
    parts: list[RenderableType] = [Text(*line) for line in _verdict(run)]
    if listed.advice:
        word = "To watch it" if listed.status == "running" else "To go on"
        parts.append(command_line(word, listed.advice))
    if listed.who:
        parts.append(Text(listed.who[:1].upper() + listed.who[1:]))
    if isinstance(run.summary, PageSummary):
        parts.append(render_page(run.summary, listed.status))
        for item in run.scripts:
            logs = failed_logs(run.path.parent.parent / f"{item.run_id}.jsonl", item)
            parts += [Text(), render_outcome(item, logs)]
        return Group(*parts, Text(f"Journal  {run.path}", no_wrap=True, overflow="ignore"))
    found = {**(where or {"Journal": str(run.path)}), **failed_logs(run.path, run.summary)}
    return Group(*parts, render_outcome(run.summary, found, listed.status))


def _verdict(run: KnownRun) -> Iterator[tuple[str, str]]:
    """Say what is wrong with a run that is over, in the words of its live page and its report."""
    from ...page import PageSummary
    from ...report.compile import compile_report
    from ...report.headline import headline, headline_of_killed
    from ...run import read_run_entries

    if isinstance(run.summary, PageSummary):
        if run.listed.advice and run.listed.status != "running" and run.listed.verdicts:
            yield run.listed.verdicts, "bold red"
        return
    if run.listed.status == "running":
        return
    report, _ = compile_report(read_run_entries(run.path))
    is_open = run.listed.status == "open"
    found = headline_of_killed("", report.kept) if is_open else headline(report)
    if found.status != "good":
        style = "bold red" if found.status == "bad" else "bold yellow"
        yield found.word, style
        for number, line in enumerate(found.lines):
            yield line, style if number == 0 else ""
