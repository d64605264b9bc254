# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few forked processes for what threads hinder each other in.

A frame is a thousand short steps of numpy, and after each the threads of a process wait for the
same interpreter: two of them measure hardly more frames than one.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Any, TypeVar

from ..parent_death import tie_to_parent
from .threads import as_they_come, be_one_of_many, keep_busy, workers_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")

_functions: list[Callable[[Any], Any]] = []
"""What a forked process is there for: one, and none in any other process."""


def in_processes(function: Callable[[T], R], items: Iterable[T], pixels: int) -> Iterator[R]:
    """Apply a function to large items in forked processes, and give the results in order.

    For programs without threads of their own, such as a job. Only as many items are under way, or
    done and not yet asked for, as there are processes and one more.

    Parameters
    ----------
    function : callable
        Called once with each item, in a process that knows what this one knows now.
    items : iterable
        The items, which are pickled, as are the results.
    pixels : `int`
        Pixels that are handled in all; a small frame is quicker without processes.

    Yields
    ------
    result
        Of each item. The first exception is raised.

    Raises
    ------
    ChildProcessError
        If a process was ended from outside, for instance for want of memory.
    """
    workers = workers_for(pixels)
    may_fork = "fork" in multiprocessing.get_all_start_methods()
    # A process that must not have children is one of several already.
    if workers == 1 or not may_fork or multiprocessing.current_process().daemon:
        yield from as_they_come(function, items, pixels)
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(workers, context, _begin, (os.getpid(), function)) as pool:
        try:
            yield from keep_busy(pool, _call, items, workers)
        except BrokenProcessPool as error:
            message = "a process that measured frames was ended; was there enough memory?"
            raise ChildProcessError(message) from error


def _begin(parent: int, function: Callable[[Any], Any]) -> None:
    _functions.append(function)
    be_one_of_many()
    tie_to_parent(parent, signal.SIGKILL)
    # Connections of the parent are none of this process's business, and must not be closed here.
    gc.freeze()


def _call(item: Any) -> Any:
    return _functions[-1](item)
