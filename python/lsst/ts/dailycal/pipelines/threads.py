# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""A few threads for numpy, which lets go of the interpreter while it counts."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
R = TypeVar("R")

_MOST = 4
_WORTH_THREADS = 1_000_000


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
    workers = min(len(os.sched_getaffinity(0)), _MOST)
    if workers == 1 or pixels < _WORTH_THREADS:
        return [function(item) for item in items]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items))
