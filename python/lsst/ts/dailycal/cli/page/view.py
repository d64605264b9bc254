# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show a run of the page as it goes on: to people, and to programs."""

__all__ = ["JsonPageView", "PageView", "RichPageView"]

import contextlib
import logging
import pathlib
import typing

from rich.console import Console

from ...model import Severity, format_duration
from ...page import (
    AnnouncementMade,
    ChecksMade,
    PageEvent,
    PagePlan,
    PageStarted,
    StepEnded,
    StepProgress,
    StepStarted,
    StepStatus,
)
from ...report.outlook import look_ahead
from ...report.plain import event_line
from ...report.progress import Progress
from ...report.times import now_utc
from ..output import print_json
from ..watch.display import Display, Style
from ..watch.follow import JournalFollower


class PageView(typing.Protocol):
    """Shows a run."""

    def __enter__(self) -> typing.Self: ...

    def __exit__(self, *_: object) -> None: ...

    def notify(self, event: PageEvent) -> None:
        """Show an event."""
        ...

    def tell(self, text: str) -> None:
        """Show what is done around the run."""
        ...

    def announce(self, text: str) -> None:
        """Show what everybody is told."""
        ...


class JsonPageView:
    """One JSON object a line: its key ``event`` names the kind."""

    def __init__(self) -> None:
        self._last: tuple[object, ...] = ()

    def __enter__(self) -> typing.Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def notify(self, event: PageEvent) -> None:
        """Print an event; progress only when there is any."""
        if isinstance(event, StepProgress):
            update = event.update
            now = (event.name, update.process, update.state, update.checkpoint, event.remark)
            if now == self._last and not update.messages:
                return
            self._last = now
        print_json(event_line(event, utc=now_utc()))

    def tell(self, text: str) -> None:
        """Print what is done around the run."""
        print_json({"event": "Remark", "utc": now_utc(), "text": text})

    def announce(self, text: str) -> None:
        """Print what everybody is told."""
        self.tell(text)


class RichPageView:
    """Lines that are worth keeping, and under them, on a terminal, a display that stays in place.

    Parameters
    ----------
    console : `rich.console.Console`
        Where to.
    plan : `PagePlan`
        The plan; `None` to take it from the journal.
    scale : `float`, optional
        How much faster than at the telescope exposures are; 1 at the telescope.
    journals : `~pathlib.Path`, optional
        Where the journals of its scripts are, if they can be read from here.
    style : `Style`, optional
        How to show it; by default as the console can.
    tell : `bool`, optional
        Print what is worth keeping of the scripts' journals, where their logs are not heard?
    """

    def __init__(
        self,
        console: Console,
        plan: PagePlan | None,
        *,
        scale: float = 1.0,
        journals: pathlib.Path | None = None,
        style: Style | None = None,
        tell: bool = False,
    ) -> None:
        self.display = Display(console, Progress(plan, scale), style)
        self._follower = (
            JournalFollower(self.display, journals, tell=tell) if journals is not None else None
        )
        self._stack = contextlib.ExitStack()
        self._remark = ""

    def __enter__(self) -> typing.Self:
        self._stack.enter_context(self.display)
        if self._follower is not None:
            self._stack.enter_context(self._follower.running())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def tell(self, text: str) -> None:
        """Print what is done around the run."""
        self.display.tell(text)

    def announce(self, text: str) -> None:
        """Print what everybody is told."""
        self.display.line(text)

    def notify(self, event: PageEvent) -> None:
        """Show an event."""
        self.display.apply_page(event)
        self.show_lines(event)
        self.display.tick()

    def show_lines(self, event: PageEvent) -> None:
        """Print what is worth keeping of an event."""
        match event:
            case PageStarted():
                self.display.line(self._describe_start(event))
            case ChecksMade():
                self._show_checks(event)
            case AnnouncementMade(problems=problems):
                for problem in problems:
                    self.display.line(f"Not announced: {problem}", "yellow", level=logging.WARNING)
            case StepStarted(name=name):
                steps = [step.name for step in self.display.progress.to_do]
                if self.display.is_plain:
                    title = self.display.progress.steps[name].title
                    self.display.line(f"{steps.index(name) + 1}/{len(steps)} {name}: {title}")
            case StepProgress():
                self._show_progress(event)
            case StepEnded(outcome=outcome) if outcome.status is not StepStatus.NOT_REACHED:
                good = outcome.status is StepStatus.DONE
                took = format_duration(outcome.duration)
                text = f"{outcome.name} {outcome.status}, {took}"
                if self.display.is_plain or not good:  # else the panel shows it
                    self.display.line(text, "green" if good else "bold red")
            case _:
                pass  # the table at the end tells it

    def _describe_start(self, event: PageStarted) -> str:
        steps = len(self.display.progress.to_do)
        text = f"{event.run_id}: {steps} step{'s' * (steps != 1)}"
        at_telescope = f"about {format_duration(event.duration)} at the telescope"
        outlook = look_ahead(self.display.progress, self.display.now())
        if self.display.progress.scale == 1.0 or outlook is None:
            return f"{text}, {at_telescope}"
        return f"{text}, about {format_duration(outlook.left)} here; {at_telescope}"

    def _show_checks(self, event: ChecksMade) -> None:
        for finding in event.findings:
            if finding.severity is Severity.WARNING:  # what refuses is told at the end
                text = f"{finding.subject}: {finding.value}. {finding.advice}".strip()
                self.display.line(text, "yellow", level=logging.WARNING)
        if not event.step:
            good = sum(finding.severity is Severity.OK for finding in event.findings)
            self.display.line(f"{good} of {len(event.findings)} checks are all right")

    def _show_progress(self, event: StepProgress) -> None:
        for level, text in event.update.messages:
            self.display.log(level, text)
        if event.remark and event.remark != self._remark:
            self.display.line(event.remark, "bold yellow")
        self._remark = event.remark
