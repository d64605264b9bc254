# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few threads for numpy, which lets go of the interpreter while it counts."""

from __future__ import annotations

import collections
import itertools
import os
import threading
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")

_MOST = 4
_WORTH_THREADS = 1_000_000
_inside = threading.local()


def in_threads(function: Callable[[T], R], items: Iterable[T], pixels: int) -> list[R]:
    """Apply a function to items, in threads if there is enough to do.

    Parameters
    ----------
    function : callable
        Called once with each item.
    items : iterable
        The items.
    pixels : `int`
        Pixels that are handled in all; a small frame is quicker without threads.

    Returns
    -------
    results : `list`
        In the order of the items. The first exception is raised.
    """
    workers = workers_for(pixels)
    if workers == 1:
        return [function(item) for item in items]
    with ThreadPoolExecutor(workers, initializer=be_one_of_many) as pool:
        return list(pool.map(function, items))


def as_they_come(function: Callable[[T], R], items: Iterable[T], pixels: int) -> Iterator[R]:
    """Apply a function to large items in threads, and give the results in order.

    Only as many items are under way, or done and not yet asked for, as there are threads and one
    more: results may be large.

    Parameters
    ----------
    function, items, pixels
        As for `in_threads`. What `function` does with `in_threads` stays in its own thread.
    """
    workers = workers_for(pixels)
    if workers == 1:
        yield from map(function, items)
        return
    with ThreadPoolExecutor(workers, initializer=be_one_of_many) as pool:
        yield from keep_busy(pool, function, items, workers)


def keep_busy(
    pool: Executor, function: Callable[[T], R], items: Iterable[T], workers: int
) -> Iterator[R]:
    """Give a pool an item for each worker and one more, and yield the results in order."""
    left = iter(items)
    first = itertools.islice(left, workers + 1)
    under_way: collections.deque[Future[R]] = collections.deque(
        pool.submit(function, item) for item in first
    )
    try:
        while under_way:
            yield under_way.popleft().result()
            under_way.extend(pool.submit(function, i) for i in itertools.islice(left, 1))
    finally:
        for future in under_way:
            future.cancel()


def workers_for(pixels: int) -> int:
    """Tell how many threads or processes are worth their while for so many pixels (`int`)."""
    if pixels < _WORTH_THREADS or getattr(_inside, "a_thread", False):
        return 1
    return min(len(os.sched_getaffinity(0)), _MOST)


def be_one_of_many() -> None:
    """Mark this thread as one of several: it starts no others."""
    _inside.a_thread = True
