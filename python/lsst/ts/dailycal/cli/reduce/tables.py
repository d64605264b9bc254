# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What people read of a decision, and of files that were left out."""

__all__ = ["print_decision", "print_left_out", "print_reduced"]

import typing
from collections.abc import Iterable, Sequence

from ...model import Decision
from ...report.table import styled_table

if typing.TYPE_CHECKING:
    from rich.console import Console

    from .calibrate import Reduced
    from .files import LeftOutFile


def print_decision(console: "Console", decision: Decision) -> None:
    """Print what was decided, and the tests that failed."""
    from rich.text import Text

    word, style = ("accepted", "green") if decision.accepted else ("rejected", "bold yellow")
    console.print(
        Text.assemble(
            (f"{decision.image_type} {word}", style),
            f": {len(decision.bad_exposures)} of {decision.exposures} exposures are bad; "
            f"rejected from {decision.bad_exposure_limit}, an exposure is bad when a test "
            f"fails on {decision.failure_limit} amplifiers",
        ),
        soft_wrap=True,
    )
    for line in (*decision.reasons, *decision.remarks):
        console.print(f"  {line}", soft_wrap=True, markup=False)
    if not decision.failures:
        return
    tests = sorted({test for _, test, _ in decision.failures})
    table = styled_table("Exposure", *tests, "")
    for exposure in sorted({exposure for exposure, _, _ in decision.failures}):
        counts = {test: number for e, test, number in decision.failures if e == exposure}
        table.add_row(
            str(exposure),
            *(str(counts.get(test, "-")) for test in tests),
            "bad" if exposure in decision.bad_exposures else "",
        )
    console.print(table)
    if ignored := sorted(set(tests) & set(decision.not_counted)):
        console.print(f"Amplifiers on which a test failed; not counted: {', '.join(ignored)}.")
    else:
        console.print("Amplifiers on which a test failed.")


def print_reduced(console: "Console", results: "Iterable[Reduced]") -> None:
    """Print what was made, one line for each image type, and the decisions."""
    from rich.text import Text

    for reduced in results:
        used = ", ".join(f"{kind} {name}" for kind, name in reduced.verified_with.items())
        print_decision(console, reduced.decision)
        text = f"  {len(reduced.combined.inputs)} combined; verified with {used}"
        console.print(Text(text), soft_wrap=True)
        for note in reduced.notes:
            console.print(Text(f"  Note: {note}", "yellow"), soft_wrap=True)


def print_left_out(console: "Console", left_out: "Sequence[LeftOutFile]") -> None:
    """Print what was left out, and why; what has the same reason together."""
    from rich.text import Text

    if not left_out:
        return
    console.print(Text(f"Left out: {len(left_out)}", "bold"))
    for reason, verified in dict.fromkeys((left.reason, left.verified) for left in left_out):
        names = [left.path.name for left in left_out if left.reason == reason]
        after = " (verified, not combined)" if verified else ""
        console.print(Text(f"  {_shorten(names)}: {reason}{after}"), soft_wrap=True)


def _shorten(names: Iterable[str], most: int = 3) -> str:
    names = list(names)
    if len(names) <= most + 1:
        return ", ".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
