# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The command ``dailycal watch``."""

__all__ = ["watch"]

import contextlib
import time
import typing
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import click

from ..help import ExampleCommand
from ..runs.directory import DIRECTORY_OPTION
from ..runs.journals import find_journal, is_page, latest_journal, read_run
from ..runs.scale import time_scale_of
from .options import display_options

if typing.TYPE_CHECKING:
    from ...journal.codec import Entry

INTERVAL = 0.5
"""How often a journal is looked at, in seconds."""
GRACE = 5.0
"""How long after the last record a run may be without an owner, in seconds: one takes over."""


@click.command(
    cls=ExampleCommand,
    examples=(
        "dailycal watch",
        "dailycal watch page-20261123T143000-4711",
        "dailycal watch 20261123T143000-200123 --plain",
    ),
)
@click.argument("run", required=False)
@DIRECTORY_OPTION
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@display_options
def watch(
    *, run: str | None, directory: Path | None, as_json: bool, plain: bool, quiet: bool
) -> int:
    """Watch a run of the page or of the script to its end, from any terminal.

    RUN is the id of a run, or the path of its journal; by default the latest. The run knows
    nothing of it, and Ctrl-C ends the watching only. After the end it shows what came of the run.
    """
    path = latest_journal(directory, pages=True) if run is None else find_journal(run, directory)
    if as_json:
        return _watch_as_json(path)
    from ..output import make_console
    from ..runs.command import shown

    console = make_console()
    interrupted = False
    try:
        _watch(path, console, plain=plain, quiet=quiet)
    except KeyboardInterrupt:
        interrupted = True
    console.print(shown(read_run(path)))
    if interrupted:
        console.print("Watching ended; the run is as it was.", style="dim")
    return 0


def _watch(path: Path, console: typing.Any, *, plain: bool, quiet: bool) -> None:
    from ...page import PageEvent
    from ...report.progress import Progress
    from ..page.view import RichPageView
    from .display import TAI_MINUS_UTC, Display, choose_style
    from .follow import JournalFollower

    style = choose_style(console, plain=plain, quiet=quiet)
    begin = time.time() + TAI_MINUS_UTC
    root = path.parent.parent if is_page(path) else path.parent
    if is_page(path):
        view = RichPageView(
            console, None, scale=time_scale_of(path), journals=root, style=style, tell=True
        )

        def take(event: PageEvent, tai: float) -> None:
            view.display.apply_page(event, tai)
            if tai >= begin:
                view.show_lines(event)

        with view:
            for entry in _entries(path):
                take(entry.event, entry.tai)
        return
    display = Display(console, Progress(scale=time_scale_of(path)), style)
    follower = JournalFollower(display, root, tell=True)
    follower.follow_path(path)
    with display, follower.running():
        for _ in _entries(path):
            pass  # the follower gives them to the display


def _entries(path: Path) -> "Iterator[Entry[typing.Any]]":
    """Give the records of a journal, those to come as well, until its run is over."""
    from ...model import JournalError
    from ...page import read_page_entries
    from ...run import read_run_entries

    read: Callable[[Path], list[Entry[typing.Any]]]
    read = read_page_entries if is_page(path) else read_run_entries
    entries: list[Entry[typing.Any]] = []
    seen, size = 0, -1
    last = time.monotonic()
    while True:
        with contextlib.suppress(JournalError, OSError):  # half written: it is looked at again
            now = path.stat().st_size
            if now != size:
                entries = read(path)
                yield from entries[seen:]
                if len(entries) > seen:
                    last = time.monotonic()
                seen, size = len(entries), now
        if not _is_running(path, entries) and time.monotonic() - last > (0.0 if seen else GRACE):
            return
        time.sleep(INTERVAL)


def _is_running(path: Path, entries: "Sequence[Entry[typing.Any]]") -> bool:
    """Tell whether somebody carries a run out; cheap enough to be asked twice a second."""
    from ...journal.owner import holder_of
    from ...model import RunEnded
    from ...page import PageEnded
    from ...page.lock import LOCK_NAME

    if entries and isinstance(entries[-1].event, PageEnded | RunEnded):
        return False
    if not is_page(path):
        return holder_of(path.with_suffix(".lock")) is not None
    owner = holder_of(path.with_name(LOCK_NAME))
    return owner is not None and path.stem.endswith(f"-{owner.pid}")


def _watch_as_json(path: Path) -> int:
    from ...report.plain import event_line
    from ...report.times import iso_utc
    from ..output import print_json

    try:
        for entry in _entries(path):
            print_json(event_line(entry.event, utc=iso_utc(entry.tai), tai=entry.tai))
    except KeyboardInterrupt:
        return 0
    return 0
