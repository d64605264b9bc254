# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the script and of the page, as one list."""

__all__ = [
    "UNFINISHED",
    "ListedRun",
    "RunKind",
    "list_page",
    "list_run",
    "scripts_of",
    "what_is_wrong",
]

import dataclasses
import enum
from collections.abc import Iterable

from ..journal.owner import LockOwner
from ..model import Command
from ..page import (
    PageSummary,
    ScriptRun,
    go_on,
    headline_of_killed,
    headline_of_refusal,
    headline_of_step,
    resume_script,
    watch_run,
)
from .summary import CalibrationSummary, RunSummary

UNFINISHED = ("failed", "stopped", "open")
"""How a run is that can be gone on with."""


class RunKind(enum.StrEnum):
    """What was carried out."""

    SCRIPT = "script"
    """The script that takes the calibrations."""
    PAGE = "page"
    """The whole procedure page."""


@dataclasses.dataclass(frozen=True, slots=True)
class ListedRun:
    """One line of the list."""

    run_id: str
    """Id of the run."""
    kind: RunKind
    """What was carried out."""
    status: str
    """``done``, ``failed``, ``stopped``, ``running``, ``resumed`` by a later run of the page, or
    ``open`` when it ended without an end."""
    begin: float
    """Time of the first record, in seconds since 1970-01-01 TAI."""
    duration: float
    """From the first to the last record, in seconds."""
    frames: str
    """How many were taken, by image type, e.g. ``21+23``; empty if it is a page without any."""
    verdicts: str
    """What became of each calibration, or of the steps of a page."""
    advice: str
    """The one command that goes on, or watches it; empty if nothing is left to do."""
    who: str = ""
    """Who is at it, or what it is part of; empty if it stands alone."""


def list_run(
    run: RunSummary,
    owner: LockOwner | None = None,
    name: str = "",
    journals: str = "",
    page: str = "",
) -> ListedRun:
    """Put a run of the script into the list.

    Parameters
    ----------
    run : `RunSummary`
        The run.
    owner : `LockOwner`, optional
        The process that is carrying it out; `None` if none is.
    name : `str`, optional
        What to call it on a command line; its id by default.
    journals : `str`, optional
        Directory of the journals, if it is not found by default.
    page : `str`, optional
        Id of the run of the page that goes on with it; empty if none does.
    """
    status, who = _at_work(run.status, owner)
    advice = ""
    if page:
        who = f"part of {page}"
    elif status == "running":
        advice = str(watch_run(name or run.run_id, journals))
    elif status in UNFINISHED:
        advice = str(resume_script(name or run.run_id, journals))
    return ListedRun(
        run_id=run.run_id,
        kind=RunKind.SCRIPT,
        status=status,
        begin=run.begin,
        duration=run.duration,
        frames=_frames(run),
        verdicts=_verdicts(run),
        advice=advice,
        who=who,
    )


def list_page(
    page: PageSummary,
    scripts: Iterable[RunSummary] = (),
    owner: LockOwner | None = None,
    *,
    run: ScriptRun | None = None,
    resumed_by: str = "",
    journals: str = "",
) -> ListedRun:
    """Put a run of the page into the list.

    Parameters
    ----------
    page : `PageSummary`
        The run.
    scripts : `~collections.abc.Iterable` [`RunSummary`], optional
        The runs that its scripts made, see `scripts_of`.
    owner : `LockOwner`, optional
        The process that is carrying it out; `None` if none is.
    run : `ScriptRun`, optional
        The run of the script that takes its images.
    resumed_by : `str`, optional
        Id of the run that went on with it; empty if none did.
    journals : `str`, optional
        Directory of the journals, if it is not found by default.
    """
    scripts = list(scripts)
    status, who = _at_work(page.status, owner)
    verdicts = ", ".join(map(_verdicts, scripts))
    advice = ""
    if status == "running":
        advice = str(watch_run(page.run_id, journals))
    elif status in UNFINISHED and resumed_by:
        status, who = "resumed", f"went on as {resumed_by}"
    elif status in UNFINISHED:
        verdicts = what_is_wrong(page, run)
        advice = str(_go_on(page, run, journals))
    return ListedRun(
        run_id=page.run_id,
        kind=RunKind.PAGE,
        status=status,
        begin=page.begin,
        duration=page.duration,
        frames=", ".join(map(_frames, scripts)),
        verdicts=verdicts or "all steps done" * (status == "done"),
        advice=advice,
        who=who,
    )


def what_is_wrong(page: PageSummary, run: ScriptRun | None) -> str:
    """Say in one sentence what ended a page early, as it said itself if it could (`str`)."""
    if page.outcome.headline:
        return page.outcome.headline
    if page.status != "open":
        failed = next((step for step in page.outcome.steps if step.name == page.next_step), None)
        if failed is None or not (failed.duration or failed.index):
            return headline_of_refusal(())
        return headline_of_step(failed, run)
    return headline_of_killed(page.next_step if _has_begun(page) else "", run)


def _has_begun(page: PageSummary) -> bool:
    return any(step.status == "unknown" or step.index for step in page.outcome.steps)


def _go_on(page: PageSummary, run: ScriptRun | None, journals: str) -> Command:
    if run is not None and run.status == "running":
        return watch_run(run.run_id, journals)
    if page.outcome.command:
        return Command.parse(page.outcome.command)
    # One that left steps out has to be gone on with, or they would be done.
    leaves_out = not page.continues and any(it.status == "skipped" for it in page.outcome.steps)
    run_id = page.run_id if leaves_out or _has_begun(page) else page.continues
    return go_on(page.command, run_id, step=page.next_step)


def scripts_of(page: PageSummary, runs: Iterable[RunSummary]) -> list[RunSummary]:
    """Find the runs that the scripts of a page made.

    Parameters
    ----------
    page : `PageSummary`
        The run of the page.
    runs : `~collections.abc.Iterable` [`RunSummary`]
        Runs of the script, from the same directory.
    """
    # The index stands at the end of a run's id; a queue uses it again after a restart.
    indices = {str(index) for index in page.indices}
    return [
        run
        for run in runs
        if run.run_id == page.resumed
        or (
            run.run_id.rpartition("-")[2] in indices
            and run.begin >= page.begin
            and (page.status == "open" or run.begin <= page.last)
        )
    ]


def _at_work(status: str, owner: LockOwner | None) -> tuple[str, str]:
    if status == "open" and owner is not None:
        return "running", f"by {owner}"
    return status, ""


def _frames(run: RunSummary) -> str:
    return "+".join(str(part.taken) for part in run.calibrations)


def _verdicts(run: RunSummary) -> str:
    return ", ".join(f"{part.image_type} {_verdict(part)}" for part in run.calibrations)


def _verdict(part: CalibrationSummary) -> str:
    if part.status == "open" or (part.status == "taken" and part.taken < part.planned):
        return "unfinished"
    return part.status
