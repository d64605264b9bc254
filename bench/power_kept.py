# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results that took long, kept in a file: a run that was ended goes on where it was."""

from __future__ import annotations

import functools
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

Item = tuple[int, int]
Judge = Callable[[Iterable[Item]], Iterator[Any]]


@functools.cache
def program() -> str:
    """Tell the program from another one, by the text of all modules of ours (`str`)."""
    digest = hashlib.blake2b(digest_size=8)
    for name, module in sorted(sys.modules.items()):
        path = getattr(module, "__file__", None)
        if path and (name.startswith("lsst.ts.dailycal") or name.startswith("power")):
            digest.update(Path(path).read_bytes())
    return digest.hexdigest()


def keep(path: Path | None, items: list[Item], judge: Judge) -> Iterator[Any]:
    """Give the result of each item, from the file or from whoever judges.

    Parameters
    ----------
    path : `pathlib.Path` or `None`
        The file, a line each; `None` for none.
    items : `list` of `tuple`
        What is judged.
    judge : callable
        Gives the results, which JSON can hold, of those that are left, in their order.
    """
    known = dict(_read(path)) if path is not None else {}
    yield from (known[item] for item in items if item in known)
    left = [item for item in items if item not in known]
    for item, result in zip(left, judge(left), strict=True):
        if path is not None:
            with path.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps([program(), item, result]) + "\n")
        yield result


def _read(path: Path) -> Iterator[tuple[Item, Any]]:
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        of, (seed, day), result = json.loads(line)
        if of == program():
            yield (seed, day), result
