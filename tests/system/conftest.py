# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import datetime
import os
import pathlib

import pytest
import pytest_asyncio
from fault_outcomes import KILLS, OUTCOMES
from fault_rig import UNDER_WAY, template
from processes_page import VARIABLE, WITNESS, render

__all__ = ["template"]

# Minutes each, most of it waiting for real deadlines: `make test-slow` runs them. A short one of
# each kind is in test_faults_in_short.py, for every `make test`.
SLOW = (
    "test_faults_of_components",
    "test_faults_of_control",
    "test_faults_of_disks",
    "test_faults_of_frames",
    "test_faults_of_images",
    "test_faults_of_jobs",
    "test_group_scripts_processes",
    "test_kill_page",
    "test_kill_processes",
)
LAST = "test_fault_matrix"


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem in SLOW:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: item.path.stem == LAST)


def pytest_terminal_summary(terminalreporter):
    """Tell what became of each fault."""
    if OUTCOMES:
        terminalreporter.section("faults through real processes")
    for outcome in OUTCOMES:
        terminalreporter.write_line(str(outcome))
    where = os.environ.get(VARIABLE)
    passed = [report.nodeid for report in terminalreporter.stats.get("passed", ())]
    whole = any(WITNESS in name for name in passed)
    if where and whole and KILLS and not terminalreporter.stats.get("failed"):
        page = render(OUTCOMES, KILLS, datetime.datetime.now(datetime.UTC).date())
        pathlib.Path(where).write_text(page, encoding="utf-8")


@pytest_asyncio.fixture
async def scripts_end():
    """End the scripts that a test which failed has left."""
    yield
    while UNDER_WAY:
        await UNDER_WAY.pop().give_up()
