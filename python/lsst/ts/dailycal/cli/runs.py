# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands ``dailycal runs`` and ``dailycal status``."""

__all__ = ["find_journal", "latest_journal", "runs", "status"]

import typing
from pathlib import Path

import click

from .errors import CommandError
from .exit_codes import ExitCode
from .help import ExampleCommand

if typing.TYPE_CHECKING:
    from ..report.summary import RunSummary

DIRECTORY_OPTION = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the journals.  [default: $DAILYCAL_JOURNAL_DIR, or the user's state "
    "directory]",
)


@click.command(cls=ExampleCommand, examples=("dailycal runs", "dailycal runs --json"))
@DIRECTORY_OPTION
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def runs(*, directory: Path | None, as_json: bool) -> None:
    """List the runs that have a journal, the latest first."""
    from ..model import JournalError
    from .output import error_console, make_console, print_json

    summaries: list[RunSummary] = []
    for path in journals(directory):
        try:
            summaries.append(read_summary(path))
        except JournalError as error:
            error_console().print(str(error), soft_wrap=True, markup=False)
    if as_json:
        for item in summaries:
            print_json(item)
        return
    if not summaries:
        click.echo(f"There is no journal in {journal_directory(directory)}.")
        return
    from ..report.table import render_runs

    make_console().print(render_runs(summaries))


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
    path = latest_journal(directory) if run is None else find_journal(run, directory)
    summary = read_summary(path)
    from .output import make_console, print_json

    if as_json:
        print_json(summary)
        return
    from ..report.table import render_outcome

    make_console().print(render_outcome(summary, {"Journal": str(path)}))


def journal_directory(directory: Path | None) -> Path:
    """Return the directory of the journals."""
    from ..run.journal import journal_path

    return directory or journal_path("any").parent


def journals(directory: Path | None) -> list[Path]:
    """List the journals, the latest first."""
    found = journal_directory(directory).glob("*.jsonl")
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def read_summary(path: Path) -> "RunSummary":
    """Summarize a journal.

    Raises
    ------
    JournalError
        If it is not there or damaged.
    """
    from ..report import read_records, summarize_run

    return summarize_run(read_records(path))


def latest_journal(directory: Path | None) -> Path:
    """Return the journal that was written last.

    Raises
    ------
    CommandError
        If there is none.
    """
    found = journals(directory)
    if not found:
        raise CommandError(
            f"There is no journal in {journal_directory(directory)}.", ExitCode.NOT_FOUND
        )
    return found[0]


def find_journal(run: str, directory: Path | None) -> Path:
    """Find the journal of a run, by the id of the run or by its own path.

    Raises
    ------
    CommandError
        If it is neither; that the journal is there is for whoever reads it to see.
    """
    as_path = Path(run)
    if as_path.suffix == ".jsonl" and as_path.is_file():
        return as_path
    # An id is a name, not a way to other directories.
    if as_path.name != run:
        raise CommandError(f"{run} is neither a journal nor the id of a run.", ExitCode.NOT_FOUND)
    return journal_directory(directory) / f"{run}.jsonl"
