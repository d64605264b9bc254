# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Indices, finished futures and the environment."""

from __future__ import annotations

__all__ = ["index_generator", "make_done_future", "modify_environ"]

import asyncio
import contextlib
import os
from collections.abc import Generator, Iterator
from typing import Any
from unittest import mock

MAX_SAL_INDEX = (1 << 31) - 1
"""Largest index of a SAL component, and largest sequence number."""


def index_generator(
    imin: int = 1, imax: int = MAX_SAL_INDEX, i0: int | None = None
) -> Generator[int, None, None]:
    """Return numbers that go round and round.

    Parameters
    ----------
    imin : `int`, optional
        Smallest number.
    imax : `int`, optional
        Largest number, which `imin` follows.
    i0 : `int`, optional
        First number; `imin` by default.

    Returns
    -------
    numbers : generator of `int`
        It never ends.

    Raises
    ------
    ValueError
        If ``imin`` is not below ``imax``, or ``i0`` is not between them. Raised by the call
        and not by the first ``next``.
    """
    low, high = int(imin), int(imax)
    first = low if i0 is None else int(i0)
    if low >= high:
        raise ValueError(f"imin={low} must be less than imax={high}")
    if not low <= first <= high:
        raise ValueError(f"i0={first} must be from imin={low} to imax={high}")

    def numbers() -> Generator[int, None, None]:
        number = first
        while True:
            yield number
            number = low if number >= high else number + 1

    return numbers()


def make_done_future() -> asyncio.Future[None]:
    """Return a future that is done, with the result `None`."""
    future: asyncio.Future[None] = asyncio.Future()
    future.set_result(None)
    return future


@contextlib.contextmanager
def modify_environ(**kwargs: Any) -> Iterator[None]:
    """Change environment variables for the time of a block.

    Parameters
    ----------
    **kwargs
        Name and new value of each variable. `None` removes it, whether or not it is there.

    Raises
    ------
    RuntimeError
        If a value is neither a string nor `None`.
    """
    wrong = [name for name, value in kwargs.items() if not isinstance(value, str | None)]
    if wrong:
        raise RuntimeError(f"values must be strings or None; these are not: {', '.join(wrong)}")
    with mock.patch.dict(os.environ):
        for name, value in kwargs.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        yield
