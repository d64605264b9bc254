# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show a running script: to people with a progress bar, to programs as JSON lines."""

__all__ = ["JsonView", "RichView", "ScriptView"]

import logging
import time
import typing
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn
from rich.progress_bar import ProgressBar
from rich.table import Column
from rich.text import Text

from ...report.plain import to_plain
from ...report.table import format_time
from ..output import print_json
from .estimate import Estimate
from .events import Ended, LogLine, Metadata, Remark, ScriptEvent, StateChanged

_STATE_STYLES = {
    "RUNNING": "cyan",
    "PAUSED": "bold yellow",
    "DONE": "bold green",
    "STOPPED": "bold yellow",
    "FAILED": "bold red",
    "FAILING": "red",
    "CONFIGURE_FAILED": "bold red",
}


class ScriptView(typing.Protocol):
    """Shows what happens to a script."""

    def __enter__(self) -> typing.Self: ...

    def __exit__(self, *_: object) -> None: ...

    def show(self, event: ScriptEvent) -> None:
        """Show an event."""
        ...


class JsonView:
    """One JSON object a line: its key ``event`` names the kind."""

    def __enter__(self) -> typing.Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def show(self, event: ScriptEvent) -> None:
        """Print an event."""
        print_json({"event": type(event).__name__, "time": time.time(), **to_plain(event)})


class RichView:
    """Lines as they come, and under them, on a terminal, a progress bar.

    Parameters
    ----------
    console : `rich.console.Console`
        Where to.
    level : `int`
        Lowest level of log lines that is shown.
    schedule : `~collections.abc.Mapping` [`str`, `float`], optional
        Planned time from the start to each checkpoint, in seconds.
    """

    def __init__(
        self,
        console: Console,
        level: int = logging.INFO,
        schedule: Mapping[str, float] | None = None,
    ) -> None:
        self._console = console
        self._level = level
        self._schedule = schedule
        self._estimate = Estimate(0.0)
        self._metadata: Metadata | None = None
        self._state = ""
        self._checkpoints = 0
        self._began: float | None = None
        self._progress = Progress(
            TextColumn("{task.description}", table_column=Column(no_wrap=True)),
            _EstimateBar(self._fraction),
            _TimeColumn(self._describe_time),
            console=console,
            transient=True,
            expand=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("loading", total=None)

    def __enter__(self) -> typing.Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, event: ScriptEvent) -> None:
        """Show an event."""
        match event:
            case StateChanged():
                self._show_state(event)
            case Metadata():
                self._metadata = event
                self._estimate = Estimate(event.duration, self._schedule)
                self._print(_describe_metadata(event), "")
            case LogLine(level, text, traceback) if level >= self._level:
                # What went wrong is in the message; a traceback is for those who asked for more.
                shown = traceback if self._level <= logging.DEBUG else ""
                self._print("\n".join(filter(None, [text, shown])), _level_style(level))
            case Remark(level, text):
                self._print(text, _level_style(level))
            case Ended():
                self._show_end(event)

    def _show_state(self, event: StateChanged) -> None:
        if event.state != self._state:
            if event.state == "RUNNING" and self._began is None:
                self._began = time.monotonic()
            self._state = event.state
            if event.state == "PAUSED":
                hint = " Press Enter to go on, Ctrl-C to stop." if self._console.is_terminal else ""
                self._print(f"PAUSED at {event.last_checkpoint}.{hint}", "bold yellow")
            elif event.state not in {"DONE", "STOPPED", "FAILED"}:  # these are told at the end
                self._print(event.state, _STATE_STYLES.get(event.state, ""))
        if event.checkpoints != self._checkpoints:
            self._checkpoints = event.checkpoints
            self._estimate.reach(event.last_checkpoint, self._elapsed())
            if not self._console.is_terminal:
                self._print(f"{self._count()}{event.last_checkpoint}", "")
        self._progress.update(self._task, description=event.last_checkpoint or event.state)

    def _count(self) -> str:
        total = self._metadata.checkpoints if self._metadata is not None else 0
        return f"[{self._checkpoints}/{total}] " if total else f"[{self._checkpoints}] "

    def _show_end(self, event: Ended) -> None:
        style = _STATE_STYLES.get(event.state, "bold red")
        state = event.state or "no state"
        reason = f": {event.reason}" if event.reason else ""
        took = f" after {format_time(event.elapsed)}, exit code {event.exit_code}"
        self._print(f"{state}{took}{reason}", style)

    def _elapsed(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began

    def _fraction(self) -> float | None:
        return None if self._began is None else self._estimate.fraction(self._elapsed())

    def _describe_time(self) -> str:
        if self._began is None:
            return ""
        elapsed = self._elapsed()
        left = self._estimate.remaining(elapsed)
        if left is not None:
            return f"{format_time(elapsed)}, about {format_time(left)} left"
        if self._estimate.fraction(elapsed) is None or self._state != "RUNNING":
            return format_time(elapsed)
        return f"{format_time(elapsed)}, longer than planned"

    def _print(self, text: str, style: str) -> None:
        stamp = time.strftime("%H:%M:%S", time.gmtime())
        # Texts come from elsewhere: nothing in them is markup.
        self._console.print(Text.assemble((stamp, "dim"), "  ", (text, style)), soft_wrap=True)


class _EstimateBar(BarColumn):
    """A bar that moves with time, also when nothing is heard."""

    def __init__(self, fraction: typing.Callable[[], float | None]) -> None:
        super().__init__(bar_width=None)
        self._fraction = fraction

    def render(self, task: Task) -> ProgressBar:
        """Render the column."""
        fraction = self._fraction()
        if fraction is not None:
            task.total, task.completed = 1.0, fraction
        return super().render(task)


class _TimeColumn(ProgressColumn):
    """How long it has run, and how long it will."""

    max_refresh = 0.5

    def __init__(self, describe: typing.Callable[[], str]) -> None:
        super().__init__(table_column=Column(no_wrap=True))
        self._describe = describe

    def render(self, task: Task) -> Text:
        """Render the column."""
        del task
        return Text(self._describe())


def _describe_metadata(metadata: Metadata) -> str:
    parts = []
    if metadata.duration:
        parts.append(f"about {format_time(metadata.duration)}")
    if metadata.images:
        parts.append(f"{metadata.images} images")
    return "Configured: " + (", ".join(parts) or "it does not say how long it takes")


def _level_style(level: int) -> str:
    if level >= logging.ERROR:
        return "red"
    return "yellow" if level >= logging.WARNING else ("dim" if level < logging.INFO else "")
