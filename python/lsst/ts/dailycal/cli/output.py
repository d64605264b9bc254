# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where commands print: a rich console for people, JSON for programs."""

__all__ = ["close_broken_pipe", "error_console", "make_console", "print_json", "tell_report"]

import functools
import json
import os
import sys
import threading
import typing

if typing.TYPE_CHECKING:
    from rich.console import Console

_PRINTING = threading.Lock()


def make_console(*, stderr: bool = False) -> "Console":
    """Make a console: colours on a terminal only, and never when NO_COLOR is set.

    What goes to a file or a pipe is wide enough for every table not to be folded.
    """
    from rich.console import Console

    class LastingConsole(Console):
        """A console that cuts nothing, and says nothing more once nobody reads what it says."""

        def print(self, *objects: typing.Any, **options: typing.Any) -> None:
            """Print; what must not be folded, such as a command, is left to the terminal."""
            super().print(*objects, **{"crop": False, **options})

        def on_broken_pipe(self) -> None:
            """Go on in silence: rich would end the program, in the middle of a run."""
            close_broken_pipe()

    console = LastingConsole(stderr=stderr, highlight=False, soft_wrap=False, emoji=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 160
    return console


@functools.cache
def error_console() -> "Console":
    """Return the console on standard error."""
    return make_console(stderr=True)


def tell_report(path: str, why: str, *, as_json: bool) -> None:
    """Say where the report of a run is, or why there is none."""
    if as_json:
        print_json({"event": "Report", "path": path, "why": why})
        return
    text = f"Report:   {path}" if path else f"There is no report: {why}"
    make_console().print(text, soft_wrap=True, markup=False)


def print_json(value: object) -> None:
    """Print a value as one line of JSON, at once."""
    from ..report.plain import to_plain

    line = json.dumps(to_plain(value), ensure_ascii=False) + "\n"
    try:
        # Observers and announcers have threads of their own, and `print` ends a line separately.
        with _PRINTING:
            sys.stdout.write(line)
            sys.stdout.flush()
    except BrokenPipeError:
        close_broken_pipe()


def close_broken_pipe() -> None:
    """Give up standard output, whose reader is gone; what the program does goes on.

    A run of half an hour must not end because somebody closed a window or typed `| head`.
    """
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
