# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show a run of the page as it goes on: to people, and to programs."""

__all__ = ["JsonPageView", "PageView", "RichPageView"]

import logging
import time
import typing

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from ...model import Severity
from ...page import (
    AnnouncementMade,
    ChecksMade,
    PageEvent,
    PagePlan,
    PageStarted,
    StepEnded,
    StepProgress,
    StepQueued,
    StepStarted,
    StepStatus,
    format_duration,
)
from ...report.plain import to_plain
from ..output import print_json


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
        print_json({"event": type(event).__name__, "time": time.time(), **to_plain(event)})

    def tell(self, text: str) -> None:
        """Print what is done around the run."""
        print_json({"event": "Remark", "time": time.time(), "text": text})


class RichPageView:
    """Lines as they come, and under them, on a terminal, a progress bar.

    Parameters
    ----------
    console : `rich.console.Console`
        Where to.
    plan : `PagePlan`
        The plan.
    """

    def __init__(self, console: Console, plan: PagePlan) -> None:
        self._console = console
        self._names = [step.name for step in plan.to_do]
        self._titles = {step.name: step.title for step in plan.to_do}
        self._remark = ""
        self._checkpoint = ""
        self._progress = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            BarColumn(bar_width=None),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            expand=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("checking", total=None)

    def __enter__(self) -> typing.Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def tell(self, text: str) -> None:
        """Print what is done around the run."""
        self._print(text)

    def notify(self, event: PageEvent) -> None:
        """Show an event."""
        match event:
            case PageStarted(run_id=run_id, duration=duration):
                about = format_duration(duration)
                self._print(
                    f"Run {run_id}: {len(self._names)} steps, about {about} at the telescope"
                )
            case ChecksMade():
                self._show_checks(event)
            case AnnouncementMade(problems=problems):
                for problem in problems:
                    self._print(f"Not announced: {problem}", "yellow")
            case StepStarted(name=name, script=script):
                number = self._names.index(name) + 1
                label = f"{number}/{len(self._names)} {name}"
                self._print(f"{label}: {self._titles[name]} ({script})", "bold cyan")
                self._progress.reset(self._task, description=label, total=None)
            case StepQueued(index=index):
                self._print(f"added as script {index}", "dim")
            case StepProgress():
                self._show_progress(event)
            case StepEnded(outcome=outcome):
                style = "bold green" if outcome.status is StepStatus.DONE else "bold red"
                reason = f": {outcome.reason}" if outcome.reason else ""
                took = format_duration(outcome.duration)
                self._print(f"{outcome.name} {outcome.status} after {took}{reason}", style)
            case _:
                pass  # the table at the end tells it

    def _show_checks(self, event: ChecksMade) -> None:
        for finding in event.findings:
            if finding.severity is Severity.WARNING:  # what refuses is told at the end
                text = f"{finding.subject}: {finding.value}. {finding.advice}".strip()
                self._print(text, "yellow")
        if not event.step:
            good = sum(finding.severity is Severity.OK for finding in event.findings)
            self._print(f"{good} of {len(event.findings)} checks are all right")

    def _show_progress(self, event: StepProgress) -> None:
        update = event.update
        for level, text in update.messages:
            style = "red" if level >= logging.ERROR else "yellow"
            self._print(f"  {text}", style if level >= logging.WARNING else "")
        if event.remark and event.remark != self._remark:
            self._print(event.remark, "bold yellow")
        self._remark = event.remark
        if update.checkpoint and update.checkpoint != self._checkpoint:
            self._checkpoint = update.checkpoint
            if not self._console.is_terminal:
                total = f"/{update.checkpoints_expected}" if update.checkpoints_expected else ""
                self._print(f"  [{update.checkpoints_passed}{total}] {update.checkpoint}", "dim")
        expected = float(update.checkpoints_expected) or None
        self._progress.update(
            self._task,
            description=f"{event.name} {update.checkpoint or update.state.name}",
            total=expected,
            completed=float(update.checkpoints_passed) if expected else 0.0,
        )

    def _print(self, text: str, style: str = "") -> None:
        stamp = time.strftime("%H:%M:%S", time.gmtime())
        # Texts come from elsewhere: nothing in them is markup.
        self._console.print(Text.assemble((stamp, "dim"), "  ", (text, style)), soft_wrap=True)
