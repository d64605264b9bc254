# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal of a run of the page says, as values."""

__all__ = ["PageSummary", "summarize_page"]

import dataclasses
from collections.abc import Sequence

from ..model import JournalError
from .events import PageEnded, PageEvent, PageStarted, StepEnded, StepQueued, StepStarted
from .journal import PageEntry
from .steps import PageOutcome, StepOutcome, StepStatus


@dataclasses.dataclass(frozen=True, slots=True)
class PageSummary:
    """What a journal says of a run of the page."""

    run_id: str
    """Id of the run."""
    procedure: str
    """Name of the page."""
    status: str
    """``done``, ``failed``, ``stopped``, or ``open`` when no end is recorded."""
    begin: float
    """Time of the first record, in seconds since 1970-01-01 TAI."""
    last: float
    """Time of the last record, in seconds since 1970-01-01 TAI."""
    outcome: PageOutcome
    """What came of it, or has come so far."""
    version: str
    """Version of ts_dailycal that carried it out."""
    command: str
    """The command that it was begun with."""

    @property
    def next_step(self) -> str:
        """Name of the step to go on from (`str`); empty if all are done."""
        done = (StepStatus.DONE, StepStatus.SKIPPED)
        return next((step.name for step in self.outcome.steps if step.status not in done), "")

    @property
    def indices(self) -> tuple[int, ...]:
        """Indices of its scripts (`tuple` [`int`])."""
        return tuple(step.index for step in self.outcome.steps if step.index)

    @property
    def duration(self) -> float:
        """From the first to the last record, in seconds (`float`)."""
        return self.last - self.begin


def summarize_page(entries: Sequence[PageEntry]) -> PageSummary:
    """Summarize the journal of a run of the page.

    Parameters
    ----------
    entries : `~collections.abc.Sequence` [`PageEntry`]
        Its records.

    Raises
    ------
    JournalError
        If the first record is not the start of a run.
    """
    started = entries[0].event if entries else None
    if not isinstance(started, PageStarted):
        raise JournalError("The journal does not begin with the start of a run of the page.")
    last = entries[-1].event
    ended = last.outcome if isinstance(last, PageEnded) else None
    return PageSummary(
        run_id=started.run_id,
        procedure=started.procedure,
        status="open" if ended is None else _status(ended),
        begin=entries[0].tai,
        last=entries[-1].tai,
        outcome=ended or _so_far(started, [entry.event for entry in entries]),
        version=started.version,
        command=started.command,
    )


def _status(outcome: PageOutcome) -> str:
    if outcome.succeeded:
        return "done"
    return "stopped" if outcome.stopped else "failed"


def _so_far(started: PageStarted, events: Sequence[PageEvent]) -> PageOutcome:
    """Tell what is known of every step of a run without an end."""
    steps = {
        name: StepOutcome(
            name, StepStatus.SKIPPED if skipped else StepStatus.NOT_REACHED, reason=skipped
        )
        for name, skipped in started.steps
    }
    for event in events:
        if isinstance(event, StepStarted):
            steps[event.name] = StepOutcome(event.name, StepStatus.UNKNOWN)
        elif isinstance(event, StepQueued):
            steps[event.name] = dataclasses.replace(steps[event.name], index=event.index)
        elif isinstance(event, StepEnded):
            steps[event.outcome.name] = event.outcome
    return PageOutcome(started.run_id, tuple(steps.values()))
