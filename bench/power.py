# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the decisions see of what can be wrong, as a page: from which strength on, and what is left.

Frames are those of the simulated detector with its faults, from fixed seeds; the pixels of an
amplifier are fewer than at full size, so that all takes minutes. Another kind of trouble is another
row of `KINDS`.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import functools
import os
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeVar

from power_drawn import Verified, drawn_sets, verify_healthy
from power_frames import BIASES, DARKS, Bench, Found
from power_healthy import (
    FULL,
    SETS_OF_A_DETECTOR,
    SMALL,
    USUAL,
    against_references,
    bench,
    healthy_day,
    measure_scatter,
    set_days,
    table_of_scatters,
    table_of_sets,
)
from power_kept import keep
from power_kinds import BIAS, KINDS, Kind

from lsst.ts.dailycal.model import ImageType
from lsst.ts.dailycal.pipelines.image import CalibImage

T = TypeVar("T")
DAY = 20260903
"""Day of the frames with a trouble."""
REFERENCE_SETS = 20
"""Sets that are verified against references of few frames."""


@functools.cache
def clean(image_type: ImageType) -> CalibImage:
    """Combine those frames as they are without trouble."""
    return bench().combine(image_type, bench().frames(image_type, DAY))


def harm(combined: CalibImage | None, image_type: ImageType) -> float:
    """Take the mean of the worst amplifier, against the frames without the trouble (electron)."""
    if combined is None:
        return 0.0
    difference = combined.pixels - clean(image_type).pixels
    means = [
        difference[s.y0 : s.y1, s.x0 : s.x1].mean()
        for s in (amplifier.section for amplifier in combined.amplifiers)
    ]
    return float(max(map(abs, means))) * (1.0 if image_type is BIAS else 30.0)


def kind_row(kind: Kind) -> str:
    """Make the row of one kind: from which strength on each sees it, and what is left below."""
    looks: list[tuple[float, Found, float]] = []
    for strength in kind.strengths:
        frames = bench().frames(kind.image_type, DAY, kind, strength)
        found = bench().look(kind.image_type, frames)
        looks.append((strength, found, harm(found.combined, kind.image_type)))

    def since(what: str) -> str:
        first = None
        for strength, found, _ in reversed(looks):
            if not getattr(found, what):
                break
            first = strength
        return "never" if first is None else f"{first:g}"

    passed = [(strength, left) for strength, found, left in looks if not found.stopped]
    left = f"{passed[-1][1]:.2f} at {passed[-1][0]:g}" if passed else "none passes"
    today = [left for _, found, left in looks if not found.today]
    return (
        f"| {kind.title} | {looks[0][0]:g} to {looks[-1][0]:g} {kind.unit} | {since('today')} "
        f"| {since('frames')} | {since('ends')} | {since('evidence')} | {since('gate')} | {left} "
        f"| {max(today, default=0.0):.2f} |"
    )


def page(sets: int, drawn: int, processes: int, kept: Path | None) -> str:
    """Make the page (`str`), in some processes that each have frames of their own."""
    few = [day for _, day in set_days(REFERENCE_SETS)]
    with concurrent.futures.ProcessPoolExecutor(processes) as pool:
        # A detector is made once, by the process that has all of its sets.
        days = functools.partial(pool.map, healthy_day, chunksize=SETS_OF_A_DETECTOR)
        healthy = list(_watched("days", sets, keep(kept, set_days(sets), days)))
        against = list(_watched("references", len(few), pool.map(against_references, few)))
        scatters = list(pool.map(measure_scatter, (SMALL, USUAL, FULL)))
        rows = list(_watched("kinds", len(KINDS), pool.map(kind_row, KINDS)))
    verified = verify_healthy(Bench(SMALL), few)
    lines = [
        *_introduction(sets),
        *table_of_sets(healthy, against, (drawn, drawn_sets(drawn, verified))),
        *_of_sets(verified),
        *table_of_scatters(scatters),
        *_of_troubles(),
        *rows,
        "",
        "A bias level that drifted before the darks is no harm to the dark, whose intercept is",
        "fitted; it is told (decision 0029).",
    ]
    return "\n".join(lines) + "\n"


def _watched(what: str, count: int, items: Iterable[T]) -> Iterator[T]:
    """Say now and then how far it is."""
    begin = time.monotonic()
    for number, item in enumerate(items, start=1):
        if number == count or number % max(count // 40, 1) == 0:
            sys.stderr.write(f"{number} of {count} {what}, {time.monotonic() - begin:.0f} s\n")
            sys.stderr.flush()
        yield item


def _introduction(sets: int) -> list[str]:
    return [
        "# What the decisions see",
        "",
        f"Made by `make power SETS={sets}`: frames of the simulated detector with faults of",
        f"`dailycal faults`, from fixed seeds; {len(BIASES)} biases, or {len(DARKS)} darks of 5 to "
        "30 s.",
        "A real detector has other scatter than a simulated one.",
        "",
        "## Healthy sets that are refused",
        "",
        f"{sets} sets of biases and as many of darks, {SMALL[0]} by {SMALL[1]} pixels an "
        "amplifier,",
        f"of {len({seed for seed, _ in set_days(sets)})} detectors, each with a bias and a dark in "
        "use of its own. The references of few",
        f"frames are tried with {REFERENCE_SETS} sets of {USUAL[0]} by {USUAL[1]} pixels.",
        "",
    ]


def _of_sets(verified: Verified) -> list[str]:
    return [
        "",
        "A frame that is called bad is taken again, and refuses no set. The interval is that of",
        "Clopper and Pearson. Frames take time; few sets of them say no more than the interval.",
        "In the last row what verification measures is drawn with the scatter that it has in",
        f"frames, a standard deviation of {verified.level:.4f} read noises for levels and "
        f"{verified.noise:.4f} for noises, independent and",
        f"normal. As far as can be seen they are: the largest of {verified.values} in the frames "
        f"is {verified.worst:.1f} standard deviations off, of so",
        f"many normal values {verified.expected:.1f} is expected. A real detector may have longer "
        "tails.",
        "",
        "Limits of the rule for single frames are a tolerance and standard errors beyond it,",
        "which follow from the number of pixels. Those of decision and gate are a tolerance, or",
        "six times the scatter among exposures or the error of a patch where that is more, as it",
        "is in amplifiers of few pixels. That small amplifiers may stand for large ones: the",
        "scatter among twenty biases, over the error that the rule for single frames assumes for",
        "their size. It takes the scatter of the run itself where that is larger.",
        "",
    ]


def _of_troubles() -> list[str]:
    return [
        "",
        "## Troubles",
        "",
        "From which of the strengths that were tried each sees it, with all stronger ones: today's",
        "rule (`exposures`), the rule for single frames, three frames in a row that are wrong or",
        "differ from the one in use in the same way, so that the acquisition ends (with",
        "`on_difference: refuse`), the decision (`evidence`, which leaves exposures out or "
        "refuses),",
        "the gate against the one in use. Harm is the mean difference in the worst amplifier of "
        "the",
        "combination, in electron (a dark: in 30 s), of the strongest trouble that passes all of",
        "them; the last column is the greatest that passes today's rule.",
        "Combination itself leaves frames out (decision 0021). One set each, of "
        f"{USUAL[0]} by {USUAL[1]} pixels",
        "an amplifier.",
        "",
        "| Trouble | Strengths tried | Today | Frame | Ends | Decision | Gate | Harm that passes "
        "| With today's rule |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |",
    ]


def main() -> None:
    """Write the page, or print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, help="where to write it; printed otherwise")
    parser.add_argument("--sets", type=int, default=400, help="healthy sets of biases and of darks")
    parser.add_argument("--drawn", type=int, default=4000, help="healthy sets that are drawn")
    parser.add_argument("--kept", type=Path, help="file that keeps what is known of healthy sets")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    begin = time.monotonic()
    text = page(options.sets, options.drawn, options.processes, options.kept)
    if options.page is None:
        sys.stdout.write(text)
    else:
        options.page.write_text(text, encoding="utf-8")
    sys.stderr.write(f"{time.monotonic() - begin:.0f} s\n")


if __name__ == "__main__":
    main()
