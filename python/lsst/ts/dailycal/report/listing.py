# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs of the script and of the page, as one list."""

__all__ = ["ListedRun", "RunKind", "list_page", "list_run", "scripts_of"]

import dataclasses
import enum
from collections.abc import Iterable

from ..journal.owner import LockOwner
from ..page.summary import PageSummary
from .summary import RunSummary


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
    """``done``, ``failed``, ``stopped``, ``running``, or ``open`` when it ended without an end."""
    begin: float
    """Time of the first record, in seconds since 1970-01-01 TAI."""
    duration: float
    """From the first to the last record, in seconds."""
    frames: str
    """How many were taken, by image type, e.g. ``21+23``; empty if it is a page without any."""
    verdicts: str
    """What became of each calibration, or of the steps of a page."""
    advice: str
    """How to go on, or who is at it; empty if nothing is left to do."""


def list_run(run: RunSummary, owner: LockOwner | None = None, name: str = "") -> ListedRun:
    """Put a run of the script into the list.

    Parameters
    ----------
    run : `RunSummary`
        The run.
    owner : `LockOwner`, optional
        The process that is carrying it out; `None` if none is.
    name : `str`, optional
        What to call it on a command line; its id by default.
    """
    status, advice = _at_work(run.status, owner)
    if status in {"failed", "stopped", "open"}:
        advice = f"dailycal resume {name or run.run_id}"
    return ListedRun(
        run_id=run.run_id,
        kind=RunKind.SCRIPT,
        status=status,
        begin=run.begin,
        duration=run.duration,
        frames=_frames(run),
        verdicts=_verdicts(run),
        advice=advice,
    )


def list_page(
    page: PageSummary, scripts: Iterable[RunSummary] = (), owner: LockOwner | None = None
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
    """
    scripts = list(scripts)
    status, advice = _at_work(page.status, owner)
    verdicts = ", ".join(map(_verdicts, scripts))
    if status in {"failed", "stopped", "open"}:
        begun = [step for step in page.outcome.steps if step.duration or step.index]
        verdicts = f"{page.next_step} {_of(page)}" if begun else "nothing was started"
        step = f" --from-step {page.next_step}" if begun else ""
        advice = f"{page.command}{step}"
    return ListedRun(
        run_id=page.run_id,
        kind=RunKind.PAGE,
        status=status,
        begin=page.begin,
        duration=page.duration,
        frames=", ".join(map(_frames, scripts)),
        verdicts=verdicts or "all steps done" * (status == "done"),
        advice=advice,
    )


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
        if run.run_id.rpartition("-")[2] in indices
        and run.begin >= page.begin
        and (page.status == "open" or run.begin <= page.last)
    ]


def _at_work(status: str, owner: LockOwner | None) -> tuple[str, str]:
    if status == "open" and owner is not None:
        return "running", f"by {owner}"
    return status, ""


def _of(page: PageSummary) -> str:
    """Say what became of the step that a page ended with."""
    step = next(item for item in page.outcome.steps if item.name == page.next_step)
    return "not ended" if step.status == "unknown" else str(step.status)


def _frames(run: RunSummary) -> str:
    return "+".join(str(part.taken) for part in run.calibrations)


def _verdicts(run: RunSummary) -> str:
    return ", ".join(
        f"{part.image_type} {'unfinished' if part.status == 'open' else part.status}"
        for part in run.calibrations
    )
