# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the journal of a run of the page says, as values."""

__all__ = ["PageSummary", "summarize_page"]

import dataclasses
from collections.abc import Sequence

from ..journal import Entry, JournalSummary
from ..model import JournalError
from .events import PageEvent
from .script_run import run_named_in
from .state import PageState
from .steps import PageOutcome, StepStatus


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class PageSummary(JournalSummary):
    """What a journal says of a run of the page."""

    procedure: str
    """Name of the page."""
    outcome: PageOutcome
    """What came of it, or has come so far."""
    command: str
    """The command that it was begun with."""
    continues: str = ""
    """Id of the run of the page that it went on with; empty if it began anew."""
    resumed: str = ""
    """Id of the run of the script that it went on with; empty if it began a new one."""

    @property
    def next_step(self) -> str:
        """Name of the step to go on from (`str`); empty if all are done."""
        done = (StepStatus.DONE, StepStatus.SKIPPED)
        return next((step.name for step in self.outcome.steps if step.status not in done), "")

    @property
    def indices(self) -> tuple[int, ...]:
        """Indices of its scripts (`tuple` [`int`])."""
        return tuple(step.index for step in self.outcome.steps if step.index)


def summarize_page(entries: Sequence[Entry[PageEvent]]) -> PageSummary:
    """Summarize the journal of a run of the page.

    Parameters
    ----------
    entries : `~collections.abc.Sequence` [`Entry`]
        Its records.

    Raises
    ------
    JournalError
        If the first record is not the start of a run.
    """
    state = PageState(entry.event for entry in entries)
    started = state.started
    if started is None:
        raise JournalError("The journal does not begin with the start of a run of the page.")
    return PageSummary(
        run_id=started.run_id,
        procedure=started.procedure,
        status="open" if state.ended is None else _status(state.ended),
        begin=entries[0].tai,
        last=entries[-1].tai,
        outcome=state.outcome,
        version=started.version,
        command=started.command,
        continues=started.continues,
        resumed=next(filter(None, (run_named_in(text) for _, text in started.configurations)), ""),
    )


def _status(outcome: PageOutcome) -> str:
    if outcome.succeeded:
        return "done"
    return "stopped" if outcome.stopped else "failed"
