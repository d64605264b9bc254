# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the timeline of a page says of each exposure, from the first record of a run to its last."""

import contextlib
import itertools
import re

import pytest

from lsst.ts.dailycal.model import ExposureAsked
from lsst.ts.dailycal.report.progress import Progress
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.run.lock import run_lock
from lsst.ts.dailycal.web.fragments import Renderer
from lsst.ts.dailycal.web.view import read_view
from recorded_runs import RecordedRun, record_run

RUN = "20261123T143000-200002"
RENDERER = Renderer()
CELL = re.compile(r'<(?:span|a) class="cell (\w+)"[^>]*? title="([^"]*)"[^>]*>([^<]*)<')


@pytest.fixture(scope="module")
def failed() -> RecordedRun:
    """A run that the camera ended."""
    return record_run(RUN, "camera_fault@DARK/3", n_bias=3, n_dark=3)


@pytest.fixture(scope="module")
def repeated() -> RecordedRun:
    """A run in which the camera refused an exposure, and an image never reached the Butler."""
    return record_run(RUN, "camera_refuses@DARK/2", "header_silent@BIAS/3", n_bias=3, n_dark=2)


def cells(run: RecordedRun, directory, count=None, *, running=False):
    """Return colour, title and sign of each exposure, as the page has them after some records."""
    path = run.write_journal(directory, count)
    with run_lock(path).hold("a test") if running else contextlib.nullcontext():
        html = RENDERER.parts(read_view(path), {}, pictures=True)["timeline"]
    return CELL.findall(html)


def history(run: RecordedRun, directory) -> dict[str, list[str]]:
    """Return what stood for each exposure, one after the other, while the run went on."""
    found: dict[str, list[str]] = {}
    for count in range(1, len(run.lines) + 1):
        shown: dict[str, str] = {}
        for _, title, sign in cells(run, directory, count, running=True):
            label = title.partition(",")[0]
            shown[label] = shown.get(label, "") + sign
        for label, signs in shown.items():
            found.setdefault(label, []).append(signs)
    return {label: [sign for sign, _ in itertools.groupby(signs)] for label, signs in found.items()}


def test_an_exposure_goes_through_its_states_and_one_that_failed_is_not_to_come(failed, tmp_path):
    seen = history(failed, tmp_path)
    assert seen["BIAS 2"] == ["·", "▶", "◔", "◑", "✓"]
    assert seen["DARK 3"] == ["·", "▶", "✗"]
    assert seen["DARK 4"] == ["·"]
    colour, title, sign = next(c for c in cells(failed, tmp_path) if c[1].startswith("DARK 3,"))
    assert (colour, sign) == ("bad", "✗")
    assert "failed: DARK 3/4 could not be taken: ATCamera is not ENABLED" in title


def test_what_was_tried_again_is_seen_beside_what_came_of_it(repeated, tmp_path):
    seen = history(repeated, tmp_path)
    assert seen["DARK 2"] == ["·", "▶", "✗", "↻▶", "↻◔", "↻◑", "↻✓"]
    assert seen["BIAS 3"][-3:] == ["↻◔", "↻◑", "↻✓"]
    assert "✗▶" in seen["BIAS 3"]


def test_an_exposure_of_which_nothing_is_known_says_so_after_the_end(failed, tmp_path):
    asked = next(
        number
        for number, line in enumerate(failed.lines, start=1)
        if isinstance(RUN_CODEC.decode(line).event, ExposureAsked) and "DARK" in line
    )
    (found,) = (c for c in cells(failed, tmp_path, asked) if c[1].startswith("DARK 1,"))
    assert found[0] == "warning"
    assert found[2] == "?"
    assert "what became of it is not known" in found[1]


def test_every_sign_is_explained(failed, repeated, tmp_path):
    for run in (failed, repeated):
        for running in (True, False):
            path = run.write_journal(tmp_path)
            with run_lock(path).hold("a test") if running else contextlib.nullcontext():
                html = RENDERER.parts(read_view(path), {}, pictures=False)["timeline"]
            legend = html[html.index('class="legend"') :]
            assert {sign for *_, sign in CELL.findall(html)} <= set(legend)


def test_the_terminal_counts_what_failed(failed):
    progress = Progress()
    for line in failed.lines:
        record = RUN_CODEC.decode(line)
        progress.apply_run(record.event, record.tai)
    bias, dark = progress.counts()
    assert (bias.failed, dark.failed) == (0, 1)
