# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one display of a run: a panel that stays in place on a terminal, else plain lines."""

__all__ = ["Display", "Style", "choose_style", "is_worth_keeping"]

import enum
import logging
import os
import re
import threading
import time
import typing

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from ...page.follower import is_repeated_configuration
from ...report.outlook import clock_text
from ...report.panel import render_panel
from ...report.progress import Progress
from ...report.times import clock_utc

if typing.TYPE_CHECKING:
    from ...model import Event
    from ...page import PageEvent

REFRESH = 2.0
"""How often the panel is drawn, per second."""
PLAIN_INTERVAL = 30.0
"""How long at most there is no word without a terminal, in seconds."""
TAI_MINUS_UTC = 37.0
"""In seconds, since 2017: events of other processes have TAI in their journals."""
_NOISE = re.compile(
    r"^Setting final state|^Read historical data|^Run \S+, about"
    # Frames that are bad are told by their place in the plan, from the journal.
    r"|^AT_\w+ bad, left out|^(?:BIAS|DARK|FLAT) \d+/\d+: AT_|^Job \w+: |^Job \w+ finished: "
    r"|is (?:ENABLED|DISABLED|STANDBY|OFFLINE)\.$|: \w+(?: > \w+)+$"
)

_ACCEPTED = re.compile(r"^\w+: accepted;")


class Style(enum.Enum):
    """How a run is shown."""

    PANEL = "panel"
    """A display that stays in place."""
    PLAIN = "plain"
    """Lines only."""
    QUIET = "quiet"
    """What is wrong, and nothing else."""


def choose_style(console: Console, *, plain: bool = False, quiet: bool = False) -> Style:
    """Choose how to show a run on a console (`Style`)."""
    if quiet:
        return Style.QUIET
    dumb = os.environ.get("TERM", "").lower() in {"dumb", "unknown"}
    return Style.PANEL if console.is_terminal and not (plain or dumb) else Style.PLAIN


def is_worth_keeping(level: int, text: str) -> bool:
    """Tell whether a line of a log stands above the display (`bool`).

    What the display counts, and what a component went through on its way, is in the log.
    """
    if is_repeated_configuration(text):
        return False
    return level >= logging.WARNING or not _NOISE.search(text)


class Display:
    """Shows a run. Use as a context manager; every method may be called from any thread.

    Parameters
    ----------
    console : `rich.console.Console`
        Where to.
    progress : `Progress`
        What is known of the run; changed by nobody else from now on.
    style : `Style`, optional
        How to show it; by default as the console can.
    """

    def __init__(self, console: Console, progress: Progress, style: Style | None = None) -> None:
        self.progress = progress
        self._console = console
        self._style = style or choose_style(console)
        self._lock = threading.RLock()
        self._said: set[str] = set()
        self._last_line = 0.0
        self._last_clock = ""
        self._live: Live | None = None

    def __enter__(self) -> typing.Self:
        if self._style is Style.PANEL:
            self._live = Live(
                get_renderable=self._render,
                console=self._console,
                refresh_per_second=REFRESH,
                transient=True,
                vertical_overflow="crop",
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    @property
    def is_plain(self) -> bool:
        """Is there nothing that stays in place (`bool`)?"""
        return self._style is Style.PLAIN

    @staticmethod
    def now() -> float:
        """Return the time of events (`float`), in seconds since 1970 TAI."""
        return time.time() + TAI_MINUS_UTC

    def _render(self) -> RenderableType:
        with self._lock:
            return render_panel(
                self.progress,
                self.now(),
                time.time(),
                self._console.width,
                ascii_only=self._is_ascii,
            )

    @property
    def _is_ascii(self) -> bool:
        return not self._console.encoding.lower().startswith("utf")

    def line(self, text: str, style: str = "", *, level: int = logging.INFO) -> None:
        """Print a line that is kept, above the panel if there is one; a warning only once."""
        with self._lock:
            if level >= logging.WARNING:
                if text in self._said:
                    return
                self._said.add(text)
                self.progress.warn(text.split("\n", 1)[0])
            elif self._style is Style.QUIET:
                return
            self._last_line = time.monotonic()
            stamp = clock_utc()
        # Texts come from elsewhere: nothing in them is markup.
        shown = Text.assemble((stamp, "dim"), "  ", (self._plainly(text), style))
        # A file has lines as long as they are; a terminal would break them inside of words.
        self._console.print(shown, soft_wrap=not self._console.is_terminal)

    def _plainly(self, text: str) -> str:
        encoding = self._console.encoding
        return text.encode(encoding, errors="replace").decode(encoding)

    def log(self, level: int, text: str, lowest: int = logging.INFO) -> None:
        """Print a line of a log, if it is worth keeping."""
        if _ACCEPTED.match(text):
            level = logging.INFO  # single tests may fail in what is accepted
        if level >= lowest and (lowest < logging.INFO or is_worth_keeping(level, text)):
            colour = "red" if level >= logging.ERROR else "yellow" * (level >= logging.WARNING)
            # Tables of what failed are in the log, and in the table at the end.
            self.line(
                text.split("\n", 1)[0] if lowest >= logging.INFO else text, colour, level=level
            )

    def tell(self, text: str) -> None:
        """Show what is done around the run; who is waited for is said once."""
        if text.startswith("Waiting for "):
            names = text.removeprefix("Waiting for ").split(", ")
            doing = text if len(names) <= 3 else f"Waiting for {len(names)} components"
            with self._lock:
                is_new = doing != self.progress.doing
                self.progress.do(doing, self.now())
            if is_new and self._style is Style.PLAIN:
                self.line(doing, "dim")
            return
        with self._lock:
            self.progress.do(text, self.now())
        self.line(text)

    def apply_page(self, event: "PageEvent", at: float | None = None) -> None:
        """Take note of an event of the page."""
        with self._lock:
            self.progress.apply_page(event, self.now() if at is None else at)

    def apply_run(self, event: "Event", at: float) -> None:
        """Take note of a record of the script's journal."""
        with self._lock:
            known = len(self.progress.bad_frames)
            self.progress.apply_run(event, at)
            found = list(self.progress.bad_frames.values())[known:]
        for text in found:
            self.line(text, "yellow", level=logging.WARNING)

    def tick(self) -> None:
        """Say how far it is, where nothing stays in place to tell it."""
        if self._style is not Style.PLAIN:
            return
        with self._lock:
            if self.progress.is_over or self.progress.began is None:
                return
            text = clock_text(self.progress, self.now(), time.time())
            # What only the clock has changed may wait.
            kind = re.sub(r"\d+", "", text)
            waited = time.monotonic() - self._last_line
            if waited < (5.0 if kind != self._last_clock else PLAIN_INTERVAL):
                return
            self._last_clock = kind
        self.line(text, "dim")
