# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The display of a run that stays in place on a terminal; 60 columns and 20 lines are enough."""

__all__ = ["render_panel"]

import dataclasses
import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from ..model import format_duration
from ..page import StepStatus
from .outlook import describe_activity, describe_job, look_ahead, short_time
from .progress import Progress
from .progress_items import ImageCounts, StepView

_MARKS = {
    StepStatus.DONE: ("\N{CHECK MARK}", "+", "green"),
    StepStatus.FAILED: ("\N{MULTIPLICATION X}", "x", "bold red"),
    StepStatus.STOPPED: ("\N{BLACK SQUARE}", "#", "bold yellow"),
    StepStatus.UNKNOWN: ("?", "?", "bold yellow"),
    StepStatus.SKIPPED: ("\N{EN DASH}", "-", "dim"),
    StepStatus.NOT_REACHED: (" ", " ", ""),
}
_FULL, _EMPTY = "\N{BOX DRAWINGS HEAVY HORIZONTAL}", "\N{BOX DRAWINGS LIGHT HORIZONTAL}"


@dataclasses.dataclass(frozen=True, slots=True)
class _Style:
    width: int
    ascii: bool

    def bar(self, fraction: float, width: int) -> Text:
        """Draw a bar."""
        full = round(max(0.0, min(1.0, fraction)) * width)
        signs = ("#", "-") if self.ascii else (_FULL, _EMPTY)
        style = "green" if fraction >= 1.0 else "cyan"
        return Text.assemble((signs[0] * full, style), (signs[1] * (width - full), "dim"))

    def line(self, *parts: Text | tuple[str, str] | str) -> Text:
        """Make a line that is never folded."""
        text = Text.assemble(*parts)
        text.truncate(self.width, overflow="crop" if self.ascii else "ellipsis")
        text.no_wrap = True
        return text


def render_panel(
    progress: Progress, now: float, utc: float, width: int, *, ascii_only: bool = False
) -> RenderableType:
    """Show a run.

    Parameters
    ----------
    progress : `Progress`
        What is known.
    now : `float`
        The time, in seconds of the clock of its events.
    utc : `float`
        The same moment, in seconds since 1970 UTC.
    width : `int`
        Columns of the terminal.
    ascii_only : `bool`
        Can it show nothing but ASCII?
    """
    style = _Style(width - 1, ascii_only)
    lines: list[Text] = []
    for step in progress.steps.values():
        if not (step.skipped and len(progress.to_do) > 1):
            lines.append(_step(progress, step, now, style))
    lines += [_images(counts, style) for counts in progress.counts()]
    for job in progress.jobs.values():
        mark = _mark_of_job(job.ended is not None, job.succeeded, style)
        lines.append(style.line("  ", mark, " ", describe_job(job, now)))
    lines += [style.line(("! " + text, "yellow")) for text in progress.warnings]
    lines += _clock(progress, now, utc, style)
    return Group(*lines)


def _step(progress: Progress, step: StepView, now: float, style: _Style) -> Text:
    status = StepStatus.SKIPPED if step.skipped else step.status
    sign, plain, colour = _MARKS[status]
    is_current = step is progress.current
    if is_current:
        sign, plain, colour = "\N{BLACK RIGHT-POINTING TRIANGLE}", ">", "bold cyan"
    name = f"{plain if style.ascii else sign} {step.name:<16} "
    if is_current and step.began is not None:
        width = max(8, style.width - len(name) - 10)
        bar = style.bar(_fraction(progress, step, now), width)
        return style.line((name, colour), bar, f" {short_time(now - step.began)}")
    took = format_duration(step.took) if step.took else step.skipped or _word(status)
    return style.line((name, colour), (took, "" if step.took else "dim"))


def _word(status: StepStatus) -> str:
    return "" if status is StepStatus.NOT_REACHED else str(status)


def _fraction(progress: Progress, step: StepView, now: float) -> float:
    """Tell how much of the step under way is done, by what there is to count."""
    counts = progress.counts() if step.takes_images else []
    if counts and progress.run is not None and progress.run.started is not None:
        jobs = progress.run.started.jobs
        ended = sum(job.ended is not None for job in progress.jobs.values())
        taken = sum(item.taken / max(1, item.wanted) for item in counts)
        return (taken + ended) / (len(counts) + len(jobs))
    update = progress.script
    if update.checkpoints_expected:
        return update.checkpoints_passed / (update.checkpoints_expected + 1)
    spent = now - (step.began or now)
    return min(0.95, spent / max(1.0, step.planned))


def _images(counts: ImageCounts, style: _Style) -> Text:
    parts = [f"taken {counts.taken}/{counts.wanted}", f"ingested {counts.ingested}"]
    if counts.measured is not None:
        parts.append(f"measured {counts.measured}")
    text = f" {', '.join(parts)}"
    failed = f", failed {counts.failed}" if counts.failed else ""
    head = f"  {counts.image_type:<5} "
    width = max(4, min(24, style.width - len(head) - len(text) - len(failed)))
    bar = style.bar(counts.taken / max(1, counts.wanted), width)
    return style.line((head, "bold"), bar, text, (failed, "bold red"))


def _mark_of_job(ended: bool, succeeded: bool, style: _Style) -> tuple[str, str]:
    if not ended:
        return (">" if style.ascii else "\N{BLACK RIGHT-POINTING TRIANGLE}", "cyan")
    sign, plain, colour = _MARKS[StepStatus.DONE if succeeded else StepStatus.FAILED]
    return (plain if style.ascii else sign, colour)


def _clock(progress: Progress, now: float, utc: float, style: _Style) -> list[Text]:
    lines = [style.line((describe_activity(progress, now), "bold"))]
    outlook = look_ahead(progress, now)
    if outlook is None:
        return lines
    done = datetime.datetime.fromtimestamp(utc + outlook.left, tz=datetime.UTC)
    if outlook.left >= 1.0:
        when = f" {short_time(outlook.left)} left, done about {done:%H:%M} UTC"
    else:
        when = " longer than expected"
    what = f"{'page' if progress.steps else 'run'} {100 * outlook.fraction:3.0f} % "
    width = max(4, min(30, style.width - len(what) - len(when)))
    return [*lines, style.line((what, "bold"), style.bar(outlook.fraction, width), when)]
