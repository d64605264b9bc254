# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations and times of day have one form, in every view."""

import datetime
import io
import re

import pytest
from rich.console import Console

from lsst.ts.dailycal.model import format_duration, round_duration
from lsst.ts.dailycal.report.progress import Progress
from lsst.ts.dailycal.report.times import clock_utc


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0 s"), (4.8, "4.8 s"), (5, "5 s"), (9.96, "10 s"), (59.4, "59 s"), (59.6, "1 min"),
     (65, "1 min 05 s"), (723, "12 min 03 s"), (3600, "1 h"), (3700, "1 h 01 min")],
)  # fmt: skip
def test_durations_have_their_units(seconds, text):
    assert format_duration(seconds) == text


def test_an_announcement_tells_the_time_in_minutes():
    texts = [round_duration(item) for item in (20, 80, 1108)]
    assert texts == ["1 minute", "1 minute", "18 minutes"]


def test_a_stamp_is_the_time_of_now_and_names_its_zone():
    now = datetime.datetime.now(datetime.UTC)
    stamp = datetime.datetime.strptime(clock_utc(), "%H:%M:%S UTC").replace(
        year=now.year, month=now.month, day=now.day, tzinfo=datetime.UTC
    )
    assert abs((stamp - now).total_seconds()) % 86_400 < 60


def test_every_line_of_a_run_is_stamped_in_utc():
    from lsst.ts.dailycal.cli.watch.display import Display, Style

    stream = io.StringIO()
    Display(Console(file=stream, width=80), Progress(), Style.PLAIN).tell("Starting")
    assert re.fullmatch(r"\d\d:\d\d:\d\d UTC  Starting\n", stream.getvalue())
