# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is shown of one run, read from its journals."""

__all__ = ["RunView", "read_view"]

import dataclasses
import pathlib
from collections.abc import Callable

from ..journal.codec import Entry
from ..journal.owner import holder_of
from ..model import Event, Finding, JournalError
from ..page import PageEnded, PageOutcome, StepQueued, read_page_entries, run_named_in
from ..page.events import ChecksMade, PageEvent
from ..page.lock import LOCK_NAME
from ..report.compile import compile_report
from ..report.document import Report
from ..report.headline import Headline, headline, headline_of_killed
from ..report.listing import UNFINISHED, ListedRun, RunKind
from ..report.outlook import Outlook, describe_activity, look_ahead
from ..report.progress import Progress
from ..report.progress_items import ImageCounts, StepView
from ..report.times import utc_from_tai
from ..run import read_run_entries
from .clock import now_tai


@dataclasses.dataclass(frozen=True, slots=True)
class RunView:
    """What is shown of one run."""

    run_id: str
    """Id of the run of the page, or of the script alone."""
    journal: pathlib.Path | None
    """Journal of the run of the script; `None` as long as a page has none."""
    headline: Headline
    """What came of it, or that it goes on."""
    activity: str
    """What is being done; empty after the end."""
    left: str
    """How much is done, and when it will be; empty if that is not known."""
    fraction: float
    """How much is done, 0 to 1."""
    steps: tuple[StepView, ...]
    """The steps of the page; empty for a script alone."""
    counts: tuple[ImageCounts, ...]
    """How far the images of each type are."""
    conditions: tuple[Finding, ...]
    """What the page found before it began."""
    report: Report | None
    """Everything else; `None` as long as there is no run of the script."""
    is_over: bool
    """Will nothing more come?"""


def read_view(
    path: pathlib.Path,
    *,
    scale: float = 1.0,
    list_run: Callable[[pathlib.Path], ListedRun] | None = None,
) -> RunView:
    """Read what is known of a run. Blocks.

    Parameters
    ----------
    path : `pathlib.Path`
        Its journal, that of a page or of a script.
    scale : `float`, optional
        How much faster than at the telescope exposures are.
    list_run : `~collections.abc.Callable`, optional
        Tells what the list of runs has of one, by its journal: the command that goes on with it.

    Raises
    ------
    JournalError
        If its journal is damaged.
    """
    progress = Progress(scale=scale)
    page: list[Entry[PageEvent]] = []
    journal: pathlib.Path | None = path
    if path.stem.startswith("page-"):
        page = read_page_entries(path)
        for entry in page:
            progress.apply_page(entry.event, entry.tai)
        journal = _script_journal(path, page, progress)
    records = read_run_entries(journal) if journal is not None else []
    for record in records:
        progress.apply_run(record.event, record.tai)
    view = _view(path, journal, progress, page, records)
    is_killed = bool(page) and not isinstance(page[-1].event, PageEnded)
    if list_run is None or not view.is_over or (view.headline.status == "good" and not is_killed):
        return view
    return dataclasses.replace(view, headline=_with_command(view, list_run(path)))


def _with_command(view: RunView, listed: ListedRun) -> Headline:
    """Say how to go on, and what is wrong where the run could not say it itself."""
    if listed.status not in UNFINISHED:
        return view.headline
    found = view.headline
    if listed.status == "open":
        wrong = listed.verdicts if listed.kind is RunKind.PAGE else ""
        found = headline_of_killed(wrong, view.report.kept if view.report is not None else "")
    return dataclasses.replace(found, command=listed.advice)


def _view(
    path: pathlib.Path,
    journal: pathlib.Path | None,
    progress: Progress,
    page: list[Entry[PageEvent]],
    records: list[Entry[Event]],
) -> RunView:
    # Some are looked at before each step: the last word counts.
    found = {
        finding.subject: finding
        for entry in page
        if isinstance(entry.event, ChecksMade)
        for finding in entry.event.findings
    }
    findings = tuple(sorted(found.values(), key=lambda item: -item.severity))
    report = compile_report(records, conditions=findings, page=page)[0] if records else None
    lock = path.with_name(LOCK_NAME) if page else path.with_suffix(".lock")
    ended = progress.is_over if page else report is not None and report.status != "open"
    is_over = ended or holder_of(lock) is None
    now = now_tai()
    outlook = None if is_over else look_ahead(progress, now)
    return RunView(
        run_id=path.stem,
        journal=journal,
        headline=_headline(report, page, is_over=is_over),
        activity="" if is_over else describe_activity(progress, now),
        left=_left(outlook),
        fraction=1.0 if ended else (outlook.fraction if outlook is not None else 0.0),
        steps=tuple(progress.steps.values()),
        counts=tuple(progress.counts()),
        conditions=findings,
        report=report,
        is_over=is_over,
    )


def _script_journal(
    path: pathlib.Path, page: list[Entry[PageEvent]], progress: Progress
) -> pathlib.Path | None:
    """Find the journal of the run of the script that takes the images of a page."""
    root, begin = path.parent.parent, page[0].tai
    queued = {entry.event.name: entry for entry in page if isinstance(entry.event, StepQueued)}
    for step in progress.steps.values():
        named = run_named_in(step.configuration)
        if step.takes_images and named and (root / f"{named}.jsonl").is_file():
            return root / f"{named}.jsonl"
        if step.takes_images and step.name in queued:
            return _begun_since(root, f"*-{step.index}.jsonl", begin, _end(page))
    return None


def _end(page: list[Entry[PageEvent]]) -> float:
    last = page[-1]
    return last.tai if isinstance(last.event, PageEnded) else float("inf")


def _begun_since(root: pathlib.Path, pattern: str, begin: float, end: float) -> pathlib.Path | None:
    found = []
    for path in root.glob(pattern):
        try:
            records = read_run_entries(path)
        except (JournalError, OSError):
            continue  # not written yet, or another's
        if records and begin <= records[0].tai <= end:
            found.append((records[0].tai, path))
    return max(found)[1] if found else None


def _headline(report: Report | None, page: list[Entry[PageEvent]], *, is_over: bool) -> Headline:
    if not is_over:
        return Headline("running", "▶", "Running", ())
    last = page[-1].event if page else None
    if isinstance(last, PageEnded):
        if last.outcome.stopped:
            return Headline("warning", "■", "Stopped", _lines(last.outcome))
        if not last.outcome.succeeded:
            return Headline("bad", "✗", "Failed", _lines(last.outcome))
    if report is not None:
        return headline(report)
    return Headline("warning", "■", "Ended before any image", ())


def _lines(outcome: PageOutcome) -> tuple[str, ...]:
    """Say what the terminal says: what is wrong, what to do, what was kept, and how to go on."""
    lines = (outcome.headline or outcome.reason, outcome.remedy, outcome.kept)
    return tuple(filter(None, lines))


def _left(outlook: Outlook | None) -> str:
    if outlook is None:
        return ""
    ready = utc_from_tai(now_tai() + outlook.left)
    return f"{outlook.fraction:.0%} done, ready about {ready:%H:%M} UTC"
