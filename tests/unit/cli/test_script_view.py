# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import datetime
import io
import json
import logging

from rich.console import Console

from lsst.ts.dailycal.cli.script.events import Ended, LogLine, Metadata, Remark, StateChanged
from lsst.ts.dailycal.cli.script.view import JsonView, RichView


def shown(*events, terminal=False, level=logging.INFO, schedule=None) -> list[str]:
    stream = io.StringIO()
    console = Console(
        file=stream, width=100, force_terminal=terminal, color_system=None, highlight=False
    )
    with RichView(console, level, schedule) as view:
        for event in events:
            view.show(event)
    return [line.strip() for line in stream.getvalue().splitlines()]


def running(checkpoint="", number=0):
    return StateChanged("RUNNING", "", checkpoint, number)


def test_state_changes_checkpoints_and_log_lines_are_shown_as_they_come():
    lines = shown(
        StateChanged("UNCONFIGURED", "", "", 0),
        Metadata(750.0, 44, 46),
        running(),
        running("Setup", 1),
        LogLine(logging.INFO, "Journal: /x"),
        running("BIAS 1/21", 2),
        Ended(0, "DONE", "", 61.0),
    )
    texts = [line.partition("  ")[2] for line in lines]
    assert texts == [
        "UNCONFIGURED",
        "Configured: about 12 min 30 s, 44 images",
        "RUNNING",
        "[1/46] Setup",
        "Journal: /x",
        "[2/46] BIAS 1/21",
        "DONE after 1 min 01 s, exit code 0",
    ]


def test_a_traceback_is_for_those_who_ask_for_more():
    line = LogLine(logging.ERROR, "it failed", "Traceback: x")
    assert len(shown(line)) == 1
    assert shown(line, level=logging.DEBUG)[1] == "Traceback: x"


def test_a_state_that_is_repeated_is_shown_once():
    assert len(shown(running(), running(), running())) == 1


def test_lines_below_the_level_are_left_out():
    debug, warning = LogLine(logging.DEBUG, "small"), LogLine(logging.WARNING, "large")
    assert [line[-5:] for line in shown(debug, warning)] == ["large"]
    assert len(shown(debug, warning, level=logging.DEBUG)) == 2


def test_the_reason_of_a_failure_is_the_last_line():
    line = shown(Ended(1, "FAILED", "no camera", 3.0))[-1]
    assert line.endswith("FAILED after 3 s, exit code 1: no camera")


def test_a_script_that_said_nothing_is_told_as_such():
    assert "no state after" in shown(Remark(40, "not heard"), Ended(69, "", "", 60.0))[-1]


def test_texts_of_a_script_are_never_markup():
    assert shown(LogLine(logging.INFO, "[bold]a[/] [/x]"))[0].endswith("[bold]a[/] [/x]")


def test_long_lines_are_not_folded():
    assert len(shown(LogLine(logging.INFO, "x" * 500))) == 1


def test_on_a_terminal_a_paused_script_says_how_to_go_on():
    text = "\n".join(shown(StateChanged("PAUSED", "", "BIAS 3/21", 4), terminal=True))
    assert "PAUSED at BIAS 3/21. Press Enter to go on" in text


def test_on_a_terminal_the_bar_shows_the_checkpoint_and_what_is_left():
    text = "\n".join(shown(Metadata(100.0, 0, 4), running(), running("half way", 2), terminal=True))
    assert "half way" in text
    assert "left" in text


def test_events_for_programs_are_one_object_a_line(capsys):
    with JsonView() as view:
        view.show(running("Setup", 1))
        view.show(LogLine(30, "two\nlines"))
        view.show(Ended(0, "DONE", "", 1.5))
    first, second, last = map(json.loads, capsys.readouterr().out.splitlines())
    assert (first["event"], first["last_checkpoint"]) == ("StateChanged", "Setup")
    assert second["text"] == "two\nlines"
    assert (last["event"], last["exit_code"], last["state"]) == ("Ended", 0, "DONE")
    assert second["level"] == "WARNING"
    moments = [datetime.datetime.fromisoformat(line["utc"]) for line in (first, last)]
    assert all(moment.utcoffset() == datetime.timedelta(0) for moment in moments)
    assert moments[1] - moments[0] < datetime.timedelta(seconds=5)
