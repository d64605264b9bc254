# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page of the documentation with what became of faults through real processes.

``make test-slow`` writes it, if all its tests have passed.
"""

import datetime
from collections.abc import Sequence

from fault_outcomes import FaultOutcome

VARIABLE = "DAILYCAL_PROCESSES_PAGE"
"""Environment variable that asks for the page to be written, where it says."""
WITNESS = "test_every_kind_of_fault_has_struck"
"""The test that passes only in a session with all faults."""
_LONGEST_REASON = 200
_HEAD = """\
# What comes of faults through real processes

Written by `make test-slow` on {day}; not edited by hand.

A real script, run by `run_script` or by the page, works with the components of a simulated
observatory, each in its process, with a real Butler repository and real pipelines. Every kind of
fault has struck at least once. [What goes wrong](../faults.md) has the same faults in memory, at
every step.

## Killed after every record of the journal

The script is killed by a signal as soon as its journal has a new record, and resumed, until nothing
is left to do. Some records follow each other faster than a signal can come.

{kills}

## Faults

| Fault | Script | Exit code | After `resume` | Reason |
|---|---|---|---|---|
"""


def render(outcomes: Sequence[FaultOutcome], kills: Sequence[str], day: datetime.date) -> str:
    """Return the page.

    Parameters
    ----------
    outcomes : `~collections.abc.Sequence` [`FaultOutcome`]
        What became of each fault.
    kills : `~collections.abc.Sequence` [`str`]
        A line for each signal.
    day : `datetime.date`
        When.
    """
    rows = sorted(
        f"| `{item.fault}` | {item.script_state} | {item.exit_code} | {item.after_resume} "
        f"| {_cell(item.reason)} |\n"
        for item in outcomes
    )
    lines = "\n".join(f"* {line}" for line in sorted(kills))
    return _HEAD.format(day=day.isoformat(), kills=lines) + "".join(rows)


def _cell(text: str) -> str:
    line = text.splitlines()[0] if text else ""
    if len(line) > _LONGEST_REASON:
        line = f"{line[:_LONGEST_REASON]}…"
    return line.replace("|", "\\|").replace("<", "\\<")
