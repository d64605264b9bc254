# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How hypothesis searches in unit tests: the same examples every time.

``DAILYCAL_SEARCH=10 pytest tests/unit/properties tests/unit/fuzz`` takes new ones, and a hundred
times as many; `make test-slow` takes thirty times as many.
"""

import collections
import os
import pathlib
import re

import faults_page
import pytest
from hypothesis import HealthCheck, settings
from searching import IS_ASKED_FOR

settings.register_profile(
    "dailycal",
    derandomize=not IS_ASKED_FOR,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("dailycal")


_reasons: dict[str, str] = {}
_counts: collections.Counter[str] = collections.Counter(dict.fromkeys(faults_page.COUNTS, 0))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    """Gather what the tests report for the page of the faults."""
    report = yield
    if call.when == "call" and report.passed:
        for name, value in item.user_properties:
            if name == "fault":
                fault, reason = value
                _reasons.setdefault(fault, reason)
            elif name in faults_page.COUNTS:
                _counts[name] += value
        statistics = getattr(item, "hypothesis_statistics", "")
        _counts["examples"] += sum(map(int, re.findall(r"(\d+) passing", statistics)))
    return report


def pytest_sessionfinish(exitstatus: int) -> None:
    """Write the page, if that is asked for and everything has passed."""
    path = os.environ.get(faults_page.VARIABLE)
    if path and exitstatus == pytest.ExitCode.OK:
        text = faults_page.render(_reasons, _counts)
        pathlib.Path(path).write_text(text, encoding="utf-8")
