# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Show a running script: to people in a display, to programs as JSON lines."""

__all__ = ["JsonView", "RichView", "ScriptView", "describe_end"]

import contextlib
import dataclasses
import logging
import os
import pathlib
import typing
from collections.abc import Mapping

from rich.console import Console

from ...journal import journal_path
from ...model import ScriptState, format_duration
from ...page import resume_script
from ...report.plain import event_line
from ...report.progress import Progress
from ...report.times import now_utc
from ..output import print_json
from ..watch.display import Display, Style
from ..watch.follow import JournalFollower
from .estimate import Estimate
from .events import Ended, LogLine, Metadata, Remark, ScriptEvent, StateChanged

FINAL = frozenset({"DONE", "STOPPED", "FAILED", "CONFIGURE_FAILED"})
SIGNALLED = 128
"""An exit code above it is that and the number of the signal that ended the process."""
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
        print_json(event_line(event, utc=now_utc()))


class RichView:
    """Lines that are worth keeping, and under them, on a terminal, a display that stays in place.

    Parameters
    ----------
    console : `rich.console.Console`
        Where to.
    level : `int`
        Lowest level of log lines that is shown.
    schedule : `~collections.abc.Mapping` [`str`, `float`], optional
        Planned time from the start to each checkpoint, in seconds.
    style : `Style`, optional
        How to show it; by default as the console can.
    index : `int`, optional
        Index of the script, by which the journal of its run is found.
    run_id : `str`, optional
        Id of the run that it is about to go on with.
    journals : `~pathlib.Path`, optional
        Where the journals are; by default where the script looks for them.
    scale : `float`, optional
        How much faster than at the telescope exposures are; that of the environment by default.
    is_last : `bool`, optional
        Say at the end how to go on, since nothing comes after it that would?
    """

    def __init__(
        self,
        console: Console,
        level: int = logging.INFO,
        schedule: Mapping[str, float] | None = None,
        *,
        style: Style | None = None,
        index: int = 0,
        run_id: str = "",
        journals: pathlib.Path | None = None,
        scale: float | None = None,
        is_last: bool = False,
    ) -> None:
        progress = Progress(scale=scale or _scale())
        self.display = Display(console, progress, style)
        self._console = console
        self._level = level
        self._is_last = is_last
        self._schedule = schedule
        self._estimate = Estimate(0.0)
        self._checkpoints_expected = 0
        self._state = StateChanged("", "", "", 0)
        progress.script_left = self._estimate.remaining
        self._journals = str(journals.absolute()) if journals is not None else ""
        self._follower: JournalFollower | None = None
        if index or run_id:
            directory = journals or journal_path("x").parent
            self._follower = JournalFollower(self.display, directory)
            self._follower.expect(run_id, index)
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> typing.Self:
        self._stack.enter_context(self.display)
        if self._follower is not None:
            self._stack.enter_context(self._follower.running())
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def show(self, event: ScriptEvent) -> None:
        """Show an event."""
        match event:
            case StateChanged():
                self._show_state(event)
            case Metadata():
                self._checkpoints_expected = event.checkpoints
                self._estimate = Estimate(event.duration, self._schedule)
                self.display.progress.script_left = self._estimate.remaining
                self.display.progress.script_planned = event.duration
                at = " at the telescope" * (self.display.progress.scale != 1.0)
                self.display.line(_describe_metadata(event, at))
            case LogLine(level, text, traceback) if level >= self._level:
                # What went wrong is in the message; a traceback is for those who asked for more.
                more = traceback if self._level <= logging.DEBUG else ""
                self.display.log(level, "\n".join(filter(None, [text, more])), self._level)
            case Remark(level, text):
                self.display.log(level, text, logging.DEBUG)
            case Ended():
                self._show_end(event)

    def _show_state(self, event: StateChanged) -> None:
        before, self._state = self._state, event
        progress, now = self.display.progress, self.display.now()
        if event.state == "RUNNING" and progress.script_began is None:
            progress.script_began = now
            progress.began = progress.began or now
        progress.script = dataclasses.replace(
            progress.script,
            state=getattr(ScriptState, event.state, ScriptState.UNKNOWN),
            checkpoint=event.last_checkpoint,
            checkpoints_passed=event.checkpoints,
            checkpoints_expected=self._checkpoints_expected,
        )
        if event.state != before.state:
            if event.state == "PAUSED":
                hint = " Press Enter to go on, Ctrl-C to stop." if self._console.is_terminal else ""
                self.display.line(f"PAUSED at {event.last_checkpoint}.{hint}", "bold yellow")
            elif event.state not in {"DONE", "STOPPED", "FAILED"} and self.display.is_plain:
                self.display.line(event.state, _STATE_STYLES.get(event.state, ""))
        if event.checkpoints != before.checkpoints:
            self._estimate.reach(event.last_checkpoint, now - (progress.script_began or now))
            if self.display.is_plain:
                self.display.line(f"{self._count()}{event.last_checkpoint}")

    def _count(self) -> str:
        total = self._checkpoints_expected
        return f"[{self._state.checkpoints}/{total}] " if total else f"[{self._state.checkpoints}] "

    def _show_end(self, event: Ended) -> None:
        self.display.progress.is_over = True
        style = _STATE_STYLES.get(event.state, "bold red")
        run = self.display.progress.run
        started = run.started if run is not None else None
        if started is not None and not self._is_last:
            # What ended it, and how to go on, is told below.
            event = dataclasses.replace(event, reason="")
        self.display.line(describe_end(event, self._state.last_checkpoint), style)
        if started is not None and self._is_last and event.state != "DONE":
            again = resume_script(started.run_id, self._journals)
            self.display.line(f"Go on with: {again}", "bold")


def describe_end(event: Ended, checkpoint: str) -> str:
    """Say how a script ended (`str`).

    Parameters
    ----------
    event : `Ended`
        Its end.
    checkpoint : `str`
        The last checkpoint that was heard; empty if none was.
    """
    if event.exit_code > SIGNALLED and event.state not in FINAL:
        at = f" at {checkpoint}" if checkpoint else ""
        return f"The script was killed (signal {event.exit_code - SIGNALLED}){at}."
    state = event.state or "no state"
    reason = f": {event.reason}" if event.reason else ""
    return f"{state} after {format_duration(event.elapsed)}, exit code {event.exit_code}{reason}"


def _scale() -> float:
    """Tell how much faster than at the telescope the exposures are that are joined (`float`)."""
    if "DAILYCAL_SIM_CONFIG" not in os.environ:
        return 1.0
    from ...sim.config import SimulationConfig

    return SimulationConfig.load().time_scale


def _describe_metadata(metadata: Metadata, at: str) -> str:
    parts = []
    if metadata.duration:
        parts.append(f"about {format_duration(metadata.duration)}{at}")
    if metadata.images:
        parts.append(f"{metadata.images} images")
    return "Configured: " + (", ".join(parts) or "it does not say how long it takes")
