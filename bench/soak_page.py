# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the documentation with the figures of the last soak."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from growth import Growth, label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEAD = """\
# Many procedures in a row: does anything grow?

Written by `make soak`; not edited by hand.

Whole procedures carried out in one simulated observatory: {procedures}, in {minutes:.0f} min, on
{day}. {failed} Each one is what `dailycal run` does, with {frames} biases and {frames} darks,
verified, and a SAL domain of its own in *this process*.

*First*, *10th* and *last* are values after those procedures, and *slope* is the growth a procedure
over the later half, the median of all pairs. Memory is that in use (RSS); *this process* gives back
what is free before it is measured. Endpoints are DDS readers and writers.

| Process | Figure | First | 10th | Last | Slope | Limit | Verdict |
|---|---|---|---|---|---|---|---|
"""


def render(
    growths: Mapping[tuple[str, str], Growth],
    times: Sequence[float],
    *,
    frames: int,
    worked: bool,
    day: datetime.date,
) -> str:
    """Return the page.

    Parameters
    ----------
    growths : `~collections.abc.Mapping` [`tuple` [`str`, `str`], `Growth`]
        By process and figure.
    times : `~collections.abc.Sequence` [`float`]
        How long each procedure took (s).
    frames : `int`
        Biases, and darks, of each.
    worked : `bool`
        Did all succeed?
    day : `datetime.date`
        When.
    """
    rows = [
        f"| {name} | {label(figure)} | {item.first:.1f} | {item.tenth:.1f} | {item.last:.1f} "
        f"| {item.slope:.3f} | {item.limit:g} | {item.verdict} |\n"
        for (name, figure), item in growths.items()
    ]
    head = _HEAD.format(
        procedures=len(times), minutes=sum(times) / 60, frames=frames, day=day.isoformat(),
        failed="None failed." if worked else "**The next one failed.**",
    )  # fmt: skip
    return head + "".join(rows)
