# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The display of a run, on a terminal and elsewhere."""

import io
import logging
import os
import pathlib
import pty
import subprocess
import sys
import termios

import pytest
from rich.console import Console

from lsst.ts.dailycal.cli.script.events import Ended
from lsst.ts.dailycal.cli.script.view import describe_end
from lsst.ts.dailycal.cli.watch.display import Display, Style, choose_style, is_worth_keeping
from lsst.ts.dailycal.cli.watch.follow import JournalFollower
from lsst.ts.dailycal.model import ImageTags, Resumed
from lsst.ts.dailycal.page import BIAS_DARK, PageOptions, PageStarted, StepStarted, make_page_plan
from lsst.ts.dailycal.report.outlook import look_ahead
from lsst.ts.dailycal.report.progress import Progress
from lsst.ts.dailycal.run.journal import RUN_CODEC, read_run_entries

JOURNALS = pathlib.Path(__file__).parents[2] / "data" / "journals"

NAMES = [step.name for step in BIAS_DARK.steps]
STARTED = PageStarted("page-1", "bias-dark", tuple((name, "") for name in NAMES), 1108.0, "0")


def console(*, terminal=False, encoding="utf-8") -> Console:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return Console(file=stream, width=80, force_terminal=terminal, color_system=None)


def printed(target: Console) -> str:
    target.file.flush()
    return target.file.buffer.getvalue().decode(target.encoding)


@pytest.mark.parametrize(
    ("terminal", "term", "options", "style"),
    [
        (True, "xterm", {}, Style.PANEL),
        (True, "dumb", {}, Style.PLAIN),
        (True, "xterm", {"plain": True}, Style.PLAIN),
        (True, "xterm", {"quiet": True}, Style.QUIET),
        (False, "xterm", {}, Style.PLAIN),
    ],
)
def test_a_display_stays_in_place_only_where_it_can(monkeypatch, terminal, term, options, style):
    monkeypatch.setenv("TERM", term)
    assert choose_style(console(terminal=terminal), **options) is style


@pytest.mark.parametrize(
    "text",
    [
        "Setting final state to <ScriptState.DONE: 8>",
        "Read historical data in 0.00 sec",
        "ATPtg is DISABLED.",
        "ATCamera: OFFLINE > STANDBY > DISABLED > ENABLED",
        "BIAS 1/21: AT_O_20261125_000001",
        "Job fd262fe90c4c41b6975795ff60e389ae: verify BIAS",
    ],
)
def test_what_the_display_counts_is_left_to_the_log(text):
    assert not is_worth_keeping(logging.INFO, text)
    assert is_worth_keeping(logging.WARNING, text)


def test_a_warning_is_printed_once_and_only_its_first_line():
    target = console()
    display = Display(target, Progress())
    table = "BIAS: rejected; 20 of 20 exposures bad.\n  exposure  test\n  1  NOISE"
    for _ in range(5):
        display.log(logging.WARNING, table)
        display.log(logging.ERROR, "Recover the camera.")
    lines = printed(target).splitlines()
    assert [line.partition("  ")[2] for line in lines] == [
        "BIAS: rejected; 20 of 20 exposures bad.",
        "Recover the camera.",
    ]


def test_quiet_is_what_is_wrong_and_nothing_else():
    target = console()
    display = Display(target, Progress(), Style.QUIET)
    display.tell("Starting the components")
    display.log(logging.INFO, "something")
    display.log(logging.ERROR, "no camera")
    display.tick()
    assert printed(target).split("  ")[1:] == ["no camera\n"]


def test_who_is_waited_for_is_said_once():
    target = console()
    display = Display(target, Progress())
    for missing in (15, 15, 15, 2):
        display.tell("Waiting for " + ", ".join(f"C{n}" for n in range(missing)))
    lines = [line.partition("  ")[2] for line in printed(target).splitlines()]
    assert lines == ["Waiting for 15 components", "Waiting for C0, C1"]


def test_without_a_terminal_a_line_now_and_then_says_how_far_it_is(monkeypatch):
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    target = console()
    display = Display(target, Progress(make_page_plan(BIAS_DARK, PageOptions())))
    display.apply_page(STARTED)
    display.apply_page(StepStarted("enable-atcs", "x.py", ""))
    for _ in range(100):
        now += 1.0
        display.tick()
    lines = printed(target).splitlines()
    assert 3 <= len(lines) <= 5
    assert all("1/6 enable-atcs" in line and "done about" in line for line in lines)


def test_a_terminal_that_knows_ascii_only_gets_nothing_else():
    target = console(terminal=True, encoding="ascii")
    display = Display(target, Progress(make_page_plan(BIAS_DARK, PageOptions())), Style.PANEL)
    with display:
        display.apply_page(STARTED)
        display.apply_page(StepStarted("enable-atcs", "x.py", ""))
        display.line("CCD temperature: -98 °C")
    assert "CCD temperature: -98 ?C" in printed(target)
    assert "enable-atcs" in printed(target)


def test_a_run_that_is_gone_on_with_is_followed_from_where_it_goes_on(tmp_path):
    old = JOURNALS / "run_killed.jsonl"
    path = tmp_path / old.name
    path.write_bytes(old.read_bytes())
    os.utime(path, (1e9, 1e9))
    display = Display(Console(file=io.StringIO()), Progress(), Style.PLAIN)
    follower = JournalFollower(display, tmp_path)
    follower.expect(old.stem, 200001)
    follower.look()
    assert display.progress.run is None, "as long as components are started, nothing goes on"
    *_, last = read_run_entries(old)
    begin = last.tai + 3600.0
    event = Resumed(ImageTags("2026-11-26T07:00:00.000"))
    line = RUN_CODEC.encode(event, number=last.number + 1, tai=begin)
    path.write_text(f"{path.read_text('ascii')}{line}\n", encoding="ascii")
    follower.look()
    assert display.progress.began == begin
    outlook = look_ahead(display.progress, begin)
    assert outlook.fraction == 0.0
    assert outlook.left > 60.0


@pytest.mark.parametrize(
    ("event", "checkpoint", "text"),
    [
        (Ended(137, "RUNNING", "", 6.9), "B 2/9", "The script was killed (signal 9) at B 2/9."),
        (Ended(143, "RUNNING", "", 6.9), "", "The script was killed (signal 15)."),
        (Ended(1, "FAILED", "no camera", 3.0), "x", "FAILED after 3 s, exit code 1: no camera"),
        (Ended(0, "DONE", "", 3.0), "x", "DONE after 3 s, exit code 0"),
    ],
)  # fmt: skip
def test_a_script_that_was_killed_says_so(event, checkpoint, text):
    assert describe_end(event, checkpoint) == text


ON_A_TERMINAL = """
import time
from lsst.ts.dailycal.cli.output import make_console
from lsst.ts.dailycal.cli.watch.display import Display
from lsst.ts.dailycal.page import BIAS_DARK, PageOptions, PageStarted, StepStarted, make_page_plan
from lsst.ts.dailycal.report.progress import Progress

plan = make_page_plan(BIAS_DARK, PageOptions())
steps = tuple((step.name, "") for step in BIAS_DARK.steps)
with Display(make_console(), Progress(plan)) as display:
    display.apply_page(PageStarted("page-1", "bias-dark", steps, 1108.0, "0"))
    display.apply_page(StepStarted("enable-atcs", "x.py", ""))
    display.line("a line that is kept")
    time.sleep(1.2)
"""


def run_on_a_terminal(**environment: str) -> str:
    """Run the display in a pseudo-terminal of 60 columns and 20 lines; return what it wrote."""
    main, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (20, 60))
    given = {"TERM": "xterm", "LC_ALL": "C.UTF-8", **environment}
    names = ("PATH", "PYTHONPATH", "HOME", "VIRTUAL_ENV")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL], stdin=terminal, stdout=terminal, stderr=terminal,
        env=kept | given, close_fds=True,
    )  # fmt: skip
    os.close(terminal)
    text = b""
    try:
        while piece := os.read(main, 65536):
            text += piece
    except OSError:
        pass  # the other end is closed
    finally:
        os.close(main)
        assert process.wait(timeout=30) == 0, text
    return text.decode(errors="replace")


def test_on_a_real_terminal_it_is_drawn_again_in_its_place():
    text = run_on_a_terminal()
    assert "\x1b[1A" in text  # it goes up to draw again
    assert "\x1b[?25h" in text  # and the cursor is there in the end
    assert "a line that is kept" in text
    assert "page " in text


def test_no_color_and_an_ascii_locale_are_respected():
    text = run_on_a_terminal(NO_COLOR="1", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    assert "\x1b[1A" in text
    assert text.isascii()
    assert "\x1b[3" not in text.replace("\x1b[3A", "")  # no colour
    assert "#" in text or "-----" in text


def test_a_dumb_terminal_gets_plain_lines():
    text = run_on_a_terminal(TERM="dumb")
    assert "\x1b" not in text
    assert "a line that is kept" in text
