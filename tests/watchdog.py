# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Find out whether something blocks the event loop of a test."""

__all__ = ["LONGEST_BLOCK", "Watchdog"]

import asyncio
import sys
import threading
import time
import traceback

LONGEST_BLOCK = 6.0
"""How long the event loop may be blocked, in seconds; generous, for loaded machines."""


class Watchdog:
    """Looks from a thread whether the loop still turns, and if not, what it is doing.

    Parameters
    ----------
    loop : `asyncio.AbstractEventLoop`
        The loop; it runs in the thread that makes the watchdog.
    longest : `float`
        How long it may be blocked, in seconds.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, longest: float = LONGEST_BLOCK) -> None:
        self.blocked = ""
        self._longest = longest
        self._loop = loop
        self._loop_thread = threading.get_ident()
        self._turned = time.monotonic()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def _beat(self) -> None:
        self._turned = time.monotonic()

    def __enter__(self) -> "Watchdog":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        # No timer of the loop's: a loop with a fake clock would run from one to the next.
        while not self._end.wait(self._longest / 24):
            self._loop.call_soon_threadsafe(self._beat)
            if time.monotonic() - self._turned > self._longest and not self.blocked:
                stack = traceback.extract_stack(sys._current_frames().get(self._loop_thread))
                if not _is_wait_for_events(stack) and not any(map(_is_start_of_salobj, stack)):
                    self.blocked = "".join(traceback.format_list(stack))


def _is_wait_for_events(stack: traceback.StackSummary) -> bool:
    """Tell whether the loop waits for something to do: it is the machine that lets it not run."""
    # By who calls it: what waits for the output of a process blocks the loop in a select as well.
    return [frame.name for frame in stack[-2:]] == ["_run_once", "select"]


def _is_start_of_salobj(frame: traceback.FrameSummary) -> bool:
    """Tell whether salobj makes a Remote or a CSC: it reads interfaces and opens topics at once."""
    return "lsst/ts/salobj/" in frame.filename and frame.name == "__init__"
