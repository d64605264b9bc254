# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where the journals are, and what is in them."""

__all__ = [
    "KnownRun",
    "begin_of_next_page",
    "find_journal",
    "is_page",
    "latest_journal",
    "list_journals",
    "no_journal",
    "read_run",
    "read_runs",
]

import contextlib
import dataclasses
import math
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from ..errors import CommandError
from ..exit_codes import ExitCode
from ..journal_directory import directories_of_shell, journal_directories

if typing.TYPE_CHECKING:
    from ...page import PageSummary
    from ...report import ListedRun, RunSummary

PAGES = "pages"
"""Directory of the journals of page runs, beside the others."""


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
        raise CommandError(
            f"{run} is neither a journal nor the id of a run.",
            ExitCode.NOT_FOUND,
            "All runs: dailycal runs",
        )
    roots = journal_directories(directory)
    for path in (place / f"{run}.jsonl" for root in roots for place in (root, root / PAGES)):
        if path.is_file():
            return path
    from ...model import Command

    places = " or ".join(map(str, roots))
    raise CommandError(
        f"There is no journal of a run {run} in {places}. The runs that have one:",
        ExitCode.NOT_FOUND,
        str(Command(("dailycal", "runs", *["--directory", str(directory)] * bool(directory)))),
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

    summaries: dict[Path, RunSummary | PageSummary] = {}
    for path in paths:
        try:
            summaries[path] = _read_page(path) if is_page(path) else _read_script(path)
        except JournalError as error:
            complain(str(error))
    found = [_known(path, summaries) for path in summaries]
    return _in_order(found)


def _read_page(path: Path) -> "PageSummary":
    from ...page import read_page_entries, summarize_page

    return summarize_page(read_page_entries(path))


def _read_script(path: Path) -> "RunSummary":
    from ...report import summarize_run
    from ...run import read_run_entries

    return summarize_run(read_run_entries(path))


def _in_order(runs: "Sequence[KnownRun]") -> list[KnownRun]:
    """Put the latest first, and what a page made below it, also while both are under way."""
    parts = {part.run_id: run for run in runs for part in run.scripts}

    def key(run: KnownRun) -> tuple[float, int, float]:
        page = parts.get(run.listed.run_id)
        if page is not None:
            return (-page.listed.begin, 1, -run.listed.begin)
        return (-run.listed.begin, 0, 0.0)

    return sorted(runs, key=key)


def read_run(path: Path) -> KnownRun:
    """Read one journal, and those of the runs that a page made.

    Raises
    ------
    JournalError
        If it is not there or damaged.
    """
    root = path.parent.parent if is_page(path) else path.parent
    own = _read_page(path) if is_page(path) else _read_script(path)
    others = [*root.glob("*.jsonl"), *root.glob(f"{PAGES}/*.jsonl")]
    summaries: dict[Path, RunSummary | PageSummary] = {path: own}
    for other in others:
        if other.resolve() != path.resolve():
            with contextlib.suppress(Exception):  # of another run: this one is asked for
                summaries[other] = _read_page(other) if is_page(other) else _read_script(other)
    return _known(path, summaries)


def _known(path: Path, summaries: "Mapping[Path, RunSummary | PageSummary]") -> KnownRun:
    """Put together what is known of a run, among all others."""
    from ...page import PageSummary

    summary = summaries[path]
    # By its id where that is enough to find it.
    root = path.parent.parent if is_page(path) else path.parent
    journals = "" if root in directories_of_shell() else str(root.absolute())
    if isinstance(summary, PageSummary):
        return _page(path, summary, summaries, journals)
    return _script(path, summary, summaries, journals)


def begin_of_next_page(path: Path, begin: float) -> float:
    """Tell when the next run of the page in a directory began, in seconds since 1970 TAI.

    There is one at a time, so that what begins later is no part of this one: a queue that was
    started again uses the indices of its scripts again.
    """
    from ...model import JournalError
    from ...page import read_page_entries

    later: list[float] = []
    for other in path.parent.glob("page-*.jsonl"):
        with contextlib.suppress(JournalError, IndexError):
            later.append(read_page_entries(other)[0].tai)
    return min((item for item in later if item > begin), default=math.inf)


def _script(
    path: Path,
    summary: "RunSummary",
    summaries: "Mapping[Path, RunSummary | PageSummary]",
    journals: str,
) -> KnownRun:
    from ...journal.owner import holder_of
    from ...page import PageSummary
    from ...report import list_run, scripts_of

    pages = [
        page.run_id
        for at, page in summaries.items()
        if isinstance(page, PageSummary)
        and at.parent.parent == path.parent
        and scripts_of(page, [summary])
        and (page.resumed == summary.run_id or summary.begin < begin_of_next_page(at, page.begin))
    ]
    owner = holder_of(path.with_suffix(".lock"))
    listed = list_run(summary, owner, journals=journals, page=max(pages, default=""))
    return KnownRun(path, listed, summary)


def _page(
    path: Path,
    summary: "PageSummary",
    summaries: "Mapping[Path, RunSummary | PageSummary]",
    journals: str,
) -> KnownRun:
    from ...journal.owner import holder_of
    from ...page import PageSummary
    from ...page.lock import LOCK_NAME
    from ...report import describe_script_run, list_page, scripts_of

    until = begin_of_next_page(path, summary.begin)
    beside = {
        at: run
        for at, run in summaries.items()
        if not isinstance(run, PageSummary)
        and at.parent == path.parent.parent
        and (run.begin < until or run.run_id == summary.resumed)
    }
    scripts = tuple(scripts_of(summary, beside.values()))
    later = [
        page.run_id
        for page in summaries.values()
        if isinstance(page, PageSummary) and page.continues == summary.run_id
    ]
    owner = holder_of(path.with_name(LOCK_NAME))
    if owner is not None and not summary.run_id.endswith(f"-{owner.pid}"):
        owner = None  # that of a later run
    made = [at for at, run in beside.items() if scripts and run is scripts[-1]]
    listed = list_page(
        summary,
        scripts,
        owner,
        run=describe_script_run(made[0]) if made else None,
        resumed_by=max(later, default=""),
        journals=journals,
    )
    return KnownRun(path, listed, summary, scripts)
