# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal report``."""

__all__ = ["report"]

from pathlib import Path

import click

from ..help import ExampleCommand
from ..runs.directory import DIRECTORY_OPTION
from ..runs.journals import find_journal, latest_journal
from .sources import REPOSITORY_OPTION


@click.command(
    cls=ExampleCommand,
    examples=(
        "dailycal report",
        "dailycal report 20261123T143000-200123 --output ~/reports",
        "dailycal report run/journal/20261123T143000-200123.jsonl --json",
    ),
)
@click.argument("run", required=False)
@DIRECTORY_OPTION
@REPOSITORY_OPTION
@click.option("--output", type=click.Path(path_type=Path, file_okay=False),
              help="Directory for report.html and report.json.  [default: reports/RUN beside the "
              "journal]")  # fmt: skip
@click.option("--no-html", is_flag=True, help="Write report.json alone, which needs neither "
              "matplotlib nor jinja2.")  # fmt: skip
@click.option(
    "--json", "as_json", is_flag=True, help="Print the report as JSON, and write no file."
)
@click.option("--schema", is_flag=True, help="Print the JSON schema of report.json.")
def report(
    run: str | None,
    *,
    directory: Path | None,
    repository: str | None,
    output: Path | None,
    no_html: bool,
    as_json: bool,
    schema: bool,
) -> None:
    """Write the report of a run again, from its journal and its repository.

    RUN is the id of a run, or the path of its journal; the latest run by default. Of a run of
    the page, it is about the images that the page took.
    """
    from ..output import print_json

    if schema:
        from ...report.document import report_schema

        print_json(report_schema())
        return
    path = latest_journal(directory, pages=True) if run is None else find_journal(run, directory)
    from .sources import find_sources
    from .write import compile_sources, write_report

    sources = find_sources(path, repository)
    if as_json:
        print_json(compile_sources(sources)[0])
        return
    where = output or sources.directory
    written = write_report(sources, where, html=not no_html)
    click.echo(str(where / ("report.json" if no_html else "report.html")))
    for line in written.missing:
        click.echo(line, err=True)
