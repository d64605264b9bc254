# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal stats``."""

__all__ = ["StatsRow", "stats"]

import dataclasses
import typing
from pathlib import Path

import click

from ..errors import CommandError
from ..exit_codes import ExitCode
from ..help import ExampleCommand
from ..runs.directory import DIRECTORY_OPTION
from ..runs.journals import find_journal, latest_journal
from .sources import REPOSITORY_OPTION, find_sources, why_closed

if typing.TYPE_CHECKING:
    from ...report.document import Report


_WIDE = 80
"""Columns of a terminal that has room for the whole table."""
_NARROWEST = 74
"""Columns that it takes without the unit; a narrower terminal breaks the lines by itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class StatsRow:
    """A verification test of an amplifier of an exposure: a row of the table."""

    image_type: str
    """BIAS or DARK."""
    exposure_id: int
    """Id of the exposure."""
    amplifier: str
    """C00 to C17."""
    test: str
    """Name of the test, e.g. NOISE."""
    value: float | None
    """What is held against the limit, in the unit of the test; `None` if it is not known."""
    limit: float | None
    """The largest value that passes; `None` if it is not known."""
    unit: str
    """Unit of both."""
    passed: bool
    """Did it pass?"""


@click.command(
    cls=ExampleCommand,
    examples=(
        "dailycal stats",
        "dailycal stats 20261123T143000-200123 --failed",
        "dailycal stats --csv > stats.csv",
    ),
)
@click.argument("run", required=False)
@DIRECTORY_OPTION
@REPOSITORY_OPTION
@click.option("--failed", is_flag=True, help="Only the tests that failed.")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, with a header.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def stats(
    run: str | None,
    *,
    directory: Path | None,
    repository: str | None,
    failed: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Print value and limit of every verification test, for every exposure and amplifier.

    Those that passed as well. RUN is the id of a run, or the path of its journal; the latest run
    by default. The numbers are read from the repository of the run.
    """
    if as_csv and as_json:
        raise click.UsageError("Choose one of --csv and --json.")
    path = latest_journal(directory, pages=True) if run is None else find_journal(run, directory)
    rows = [row for row in _rows(path, repository) if not (failed and row.passed)]
    if as_csv:
        import csv
        import sys

        names = [field.name for field in dataclasses.fields(StatsRow)]
        writer = csv.DictWriter(sys.stdout, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(map(dataclasses.asdict, rows))
    elif as_json:
        from ..output import print_json

        for row in rows:
            print_json(row)
    else:
        _print_table(rows, failed=failed)


def _rows(path: Path, repository: str | None) -> list[StatsRow]:
    from ...extras import require
    from ...model import Command
    from ...model.verification import VERIFICATION_TESTS
    from ...report.compile import compile_report
    from ...run import read_run_entries

    require("pipelines")
    sources = find_sources(path, repository)
    if reason := why_closed(sources.repository):
        status = Command(("dailycal", "status", str(sources.journal)))
        raise CommandError(
            f"The numbers of the tests are in the repository alone, and {reason}",
            ExitCode.NOT_FOUND,
            f"If it is elsewhere: --repo REPO. What the journal says without it: {status}",
        )
    # Only now: it takes seconds to import.
    from ...butler.archive import ButlerArchive

    archive = ButlerArchive(sources.repository)
    report, _ = compile_report(read_run_entries(sources.journal), archive, with_pixels=False)
    rows = [
        StatsRow(
            image_type=str(item.image_type),
            unit=VERIFICATION_TESTS[test.test].unit if test.test in VERIFICATION_TESTS else "",
            **dataclasses.asdict(test),
        )
        for item in report.calibrations
        for test in item.tests
    ]
    if not rows:
        raise CommandError(_why_none(report), ExitCode.NOT_FOUND)
    return rows


def _why_none(report: "Report") -> str:
    if report.missing:
        return report.missing[0]
    return f"Nothing was verified in run {report.run_id}."


def _print_table(rows: list[StatsRow], *, failed: bool) -> None:
    from rich.text import Text

    from ...report.table import styled_table
    from ..output import make_console

    console = make_console()
    is_wide = console.width >= _WIDE
    console.width = max(console.width, _NARROWEST)  # or names and numbers would be broken
    names = ("Type", "Exposure", "Amplifier" if is_wide else "Amp.", "Test", "Value", "Limit")
    # In a narrow terminal the unit, which follows from the test, is left out: numbers stay whole.
    table = styled_table(*names, *["Unit"] * is_wide, "")
    for row in rows:
        value, limit = (
            "-" if number is None else f"{number:.4g}" for number in (row.value, row.limit)
        )
        verdict = Text("passed", "green") if row.passed else Text("FAILED", "bold red")
        table.add_row(
            row.image_type, str(row.exposure_id), row.amplifier, row.test,
            value, limit, *[row.unit] * is_wide, verdict,
        )  # fmt: skip
    console.print(table)
    count = sum(not row.passed for row in rows)
    console.print(f"{count} failed." if failed else f"{count} of {len(rows)} failed.")
