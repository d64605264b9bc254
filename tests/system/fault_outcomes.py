# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What became of each fault that struck through real processes, for whoever wants to cite it.

The file that ``DAILYCAL_FAULT_OUTCOMES`` names gets one JSON object a line; the last lines of the
test run say the same.
"""

import dataclasses
import json
import os
import pathlib

VARIABLE = "DAILYCAL_FAULT_OUTCOMES"


@dataclasses.dataclass(frozen=True)
class FaultOutcome:
    """What a fault did."""

    fault: str
    script_state: str
    exit_code: int
    reason: str
    after_resume: str

    def __str__(self) -> str:
        after = f"; after resume {self.after_resume}" if self.after_resume else ""
        reason = f" {self.reason.splitlines()[0][:160]}" if self.reason else ""
        return f"{self.fault}: {self.script_state}, exit code {self.exit_code}{after}.{reason}"


OUTCOMES: list[FaultOutcome] = []
"""Everything that was noted in this process."""
KILLS: list[str] = []
"""A line for each signal that a script was killed with after every record."""
STRUCK: set[str] = set()
"""Names of the kinds of faults that a component says have struck."""


def note(fault: str, state: str, exit_code: int, reason: str = "", after_resume: str = "") -> None:
    """Note what a fault did, once a test has held it against what it should do."""
    outcome = FaultOutcome(fault, state, exit_code, reason, after_resume)
    OUTCOMES.append(outcome)
    path = os.environ.get(VARIABLE)
    if path:
        with pathlib.Path(path).open("a", encoding="utf-8") as file:
            file.write(json.dumps(dataclasses.asdict(outcome)) + "\n")
