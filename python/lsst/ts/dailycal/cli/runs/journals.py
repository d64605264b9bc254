# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the journals are, and what is in them."""

__all__ = [
    "DIRECTORY_OPTION",
    "KnownRun",
    "find_journal",
    "is_page",
    "journal_directories",
    "latest_journal",
    "list_journals",
    "no_journal",
    "read_run",
    "read_runs",
]

import dataclasses
import os
import typing
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import click

from ..errors import CommandError
from ..exit_codes import ExitCode
from ..simulate.directory import is_ours

if typing.TYPE_CHECKING:
    from ...page import PageSummary
    from ...report import ListedRun, RunSummary

PAGES = "pages"
"""Directory of the journals of page runs, beside the others."""
SIMULATED = Path("run")
"""Where `dailycal run` and its like have their observatory unless told otherwise."""

DIRECTORY_OPTION = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the journals.  [default: $DAILYCAL_JOURNAL_DIR, or the user's state "
    "directory and that of a simulated observatory in ./run]",
)


@dataclasses.dataclass(frozen=True, slots=True)
class KnownRun:
    """A run that has a journal."""

    path: Path
    """The journal."""
    listed: "ListedRun"
    """How it stands in the list."""
    summary: "RunSummary | PageSummary"
    """What its journal says."""
    scripts: "tuple[RunSummary, ...]" = ()
    """The runs of the script that a run of the page made."""


def journal_directories(directory: Path | None) -> list[Path]:
    """Return the directories to look for journals in."""
    from ...journal import DIRECTORY_VARIABLE, journal_path

    if directory is not None:
        return [directory]
    found = [journal_path("any").parent]
    if not os.environ.get(DIRECTORY_VARIABLE) and is_ours(SIMULATED):
        found.append(SIMULATED / "journal")
    return found


def list_journals(directory: Path | None, *, pages: bool) -> list[Path]:
    """List the journals, the latest first.

    Parameters
    ----------
    directory : `~pathlib.Path` or `None`
        The directory; `None` for those that are looked at by default.
    pages : `bool`
        Those of page runs as well?
    """
    patterns = ("*.jsonl", f"{PAGES}/*.jsonl") if pages else ("*.jsonl",)
    roots = journal_directories(directory)
    found = [path for root in roots for pattern in patterns for path in root.glob(pattern)]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def no_journal(directory: Path | None) -> str:
    """Say that there is no journal, and where it was looked for (`str`)."""
    places = " or ".join(map(str, journal_directories(directory)))
    return f"There is no journal in {places}. Those of another place: --directory DIR."


def latest_journal(directory: Path | None, *, pages: bool = False) -> Path:
    """Return the journal that was written last.

    Raises
    ------
    CommandError
        If there is none.
    """
    found = list_journals(directory, pages=pages)
    if not found:
        raise CommandError(no_journal(directory), ExitCode.NOT_FOUND)
    return found[0]


def find_journal(run: str, directory: Path | None) -> Path:
    """Find the journal of a run, by the id of the run or by its own path.

    Raises
    ------
    CommandError
        If there is none.
    """
    as_path = Path(run)
    if as_path.suffix == ".jsonl" and as_path.is_file():
        return as_path
    # An id is a name, not a way to other directories.
    if as_path.name != run:
        raise CommandError(f"{run} is neither a journal nor the id of a run.", ExitCode.NOT_FOUND)
    roots = journal_directories(directory)
    for path in (place / f"{run}.jsonl" for root in roots for place in (root, root / PAGES)):
        if path.is_file():
            return path
    places = " or ".join(map(str, roots))
    raise CommandError(
        f"There is no journal of a run {run} in {places}. `dailycal runs` lists the runs that "
        "have one.",
        ExitCode.NOT_FOUND,
    )


def is_page(path: Path) -> bool:
    """Tell whether a journal is that of a page run (`bool`)."""
    return path.stem.startswith("page-")


def read_runs(paths: Iterable[Path], complain: Callable[[str], None]) -> list[KnownRun]:
    """Read journals, each once.

    Parameters
    ----------
    paths : `~collections.abc.Iterable` [`~pathlib.Path`]
        The journals.
    complain : `~collections.abc.Callable`
        Is told of a journal that cannot be read.
    """
    from ...model import JournalError
    from ...report import summarize_run
    from ...run import read_run_entries

    scripts: dict[Path, RunSummary] = {}
    found: list[KnownRun] = []
    paths = list(paths)
    # Pages last: what they made is told from the runs of the script.
    for path in sorted(paths, key=is_page):
        try:
            if is_page(path):
                beside = [run for at, run in scripts.items() if at.parent == path.parent.parent]
                found.append(_page(path, beside))
            else:
                scripts[path] = summarize_run(read_run_entries(path))
                found.append(_script(path, scripts[path]))
        except JournalError as error:
            complain(str(error))
    order = {path: number for number, path in enumerate(paths)}
    return sorted(found, key=lambda run: order[run.path])


def read_run(path: Path) -> KnownRun:
    """Read one journal, and those of the runs that a page made.

    Raises
    ------
    JournalError
        If it is not there or damaged.
    """
    from ...report import summarize_run
    from ...run import read_run_entries

    if not is_page(path):
        return _script(path, summarize_run(read_run_entries(path)))
    beside = (item for item in path.parent.parent.glob("*.jsonl") if not is_page(item))
    runs = read_runs(beside, complain=lambda _: None)
    return _page(path, [typing.cast("RunSummary", run.summary) for run in runs])


def _script(path: Path, summary: "RunSummary") -> KnownRun:
    from ...journal.owner import holder_of
    from ...report import list_run

    # By its id where that is enough to find it, else by its path.
    is_known = path.parent in journal_directories(None)
    owner = holder_of(path.with_suffix(".lock"))
    listed = list_run(summary, owner, summary.run_id if is_known else str(path))
    return KnownRun(path, listed, summary)


def _page(path: Path, beside: "Sequence[RunSummary]") -> KnownRun:
    from ...journal.owner import holder_of
    from ...page import summarize_page
    from ...page.journal import read_page_entries
    from ...page.lock import LOCK_NAME
    from ...report import list_page, scripts_of

    summary = summarize_page(read_page_entries(path))
    scripts = tuple(scripts_of(summary, beside))
    owner = holder_of(path.with_name(LOCK_NAME))
    if owner is not None and not summary.run_id.endswith(f"-{owner.pid}"):
        owner = None  # that of a later run
    return KnownRun(path, list_page(summary, scripts, owner), summary, scripts)
