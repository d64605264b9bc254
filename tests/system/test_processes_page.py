# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The page that ``make test-slow`` writes."""

import datetime

from fault_outcomes import FaultOutcome
from processes_page import render

DAY = datetime.date(2026, 11, 25)


def test_the_page_has_a_row_for_each_fault_and_a_line_for_each_signal():
    outcomes = [
        FaultOutcome("file_nan", "DONE", 0, "", ""),
        FaultOutcome("camera_fault@DARK 2", "FAILED", 1, "ATCamera is FAULT.\nmore", "DONE"),
    ]
    page = render(outcomes, ["SIGTERM: 46 records", "SIGKILL: 44 records"], DAY)
    assert "on 2026-11-25;" in page
    assert "* SIGKILL: 44 records\n* SIGTERM: 46 records\n" in page
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [
        "| `camera_fault@DARK 2` | FAILED | 1 | DONE | ATCamera is FAULT. |",
        "| `file_nan` | DONE | 0 |  |  |",
    ]


def test_a_reason_cannot_break_the_table():
    page = render([FaultOutcome("job_error", "FAILED", 1, "a | b <i> " + 300 * "x", "")], [], DAY)
    (row,) = [line for line in page.splitlines() if line.startswith("| `")]
    assert "a \\| b \\<i>" in row
    assert row.endswith("x… |")
