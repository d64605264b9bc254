# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is known of a run of the page: the fold of its events."""

__all__ = ["PageState"]

import dataclasses
from collections.abc import Iterable

from .events import PageEnded, PageEvent, PageStarted, StepEnded, StepQueued, StepStarted
from .steps import PageOutcome, StepOutcome, StepStatus


class PageState:
    """The state of a run of the page.

    Parameters
    ----------
    events : `~collections.abc.Iterable` [`PageEvent`], optional
        The events so far.
    """

    def __init__(self, events: Iterable[PageEvent] = ()) -> None:
        self.started: PageStarted | None = None
        self.steps: dict[str, StepOutcome] = {}
        self.ended: PageOutcome | None = None
        for event in events:
            self.apply(event)

    def apply(self, event: PageEvent) -> None:
        """Take note of an event."""
        match event:
            case PageStarted():
                self.started = event
                self.steps = {name: _begin(name, skipped) for name, skipped in event.steps}
            case StepStarted():
                self.steps[event.name] = StepOutcome(event.name, StepStatus.UNKNOWN)
            case StepQueued():
                step = self.steps.get(event.name, StepOutcome(event.name, StepStatus.UNKNOWN))
                self.steps[event.name] = dataclasses.replace(step, index=event.index)
            case StepEnded():
                self.steps[event.outcome.name] = event.outcome
            case PageEnded():
                self.ended = event.outcome

    @property
    def outcome(self) -> PageOutcome:
        """What came of it, or has come so far (`PageOutcome`)."""
        if self.ended is not None:
            return self.ended
        run_id = self.started.run_id if self.started is not None else ""
        return PageOutcome(run_id, tuple(self.steps.values()))


def _begin(name: str, skipped: str) -> StepOutcome:
    status = StepStatus.SKIPPED if skipped else StepStatus.NOT_REACHED
    return StepOutcome(name, status, reason=skipped)
