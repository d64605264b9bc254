# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""run_script drives a real script process over real SAL."""

import contextlib
import json
import os
import pathlib
import pty
import select
import signal
import subprocess
import sys
import time
import uuid

import dds
import pytest

from alone import DOMAIN

pytestmark = [pytest.mark.system, pytest.mark.timeout(120)]

TOY = pathlib.Path(__file__).parent / "scripts" / "toy.py"
PROGRAM = [sys.executable, "-c", "from lsst.ts.dailycal.cli.script.command import main; main()"]


@pytest.fixture(scope="module")
def environment():
    partition = {"LSST_DDS_PARTITION_PREFIX": f"test-{uuid.uuid4().hex}"}
    return {**os.environ, **partition, DOMAIN: str(dds.free_domain())}


@pytest.fixture
def start(environment):
    """Start run_script; what is still there at the end is killed."""
    with contextlib.ExitStack() as stack:

        def start(*args, script=TOY, ask=("--yes",), **kwargs) -> subprocess.Popen[str]:
            options = {
                "env": environment,
                "text": True,
                "stdin": subprocess.DEVNULL,
                "stdout": subprocess.PIPE,
                "stderr": subprocess.PIPE,
            }
            child = subprocess.Popen([*PROGRAM, str(script), *ask, *args], **{**options, **kwargs})
            stack.enter_context(child)
            stack.callback(child.kill)
            return child

        yield start


def finish(child) -> tuple[int, str]:
    output, errors = child.communicate(timeout=90)
    return child.returncode, output + errors


def wait_for_line(child, text: str) -> None:
    for line in child.stdout:
        if text in line:
            return
    raise AssertionError(f"{text!r} never came")


def test_without_a_terminal_nothing_is_started_unasked(start):
    code, output = finish(start("-p", "steps=3", ask=()))
    assert code == 64
    assert "no terminal to ask at. To start it: --yes." in output
    assert "UNCONFIGURED" not in output


def test_a_script_that_is_done_is_followed_from_state_to_state(start):
    code, output = finish(start("-p", "steps=3"))
    assert code == 0
    words = [line.partition("  ")[2] for line in output.splitlines()]
    order = ("UNCONFIGURED", "CONFIGURED", "RUNNING", "[1/3] step 1", "[3/3] step 3", "ENDING")
    positions = [words.index(word) for word in order]
    assert positions == sorted(positions)
    assert "Doing step 2" in words
    assert words[-1].startswith("DONE after")


def test_a_failed_script_gives_its_exit_code_and_its_reason(start):
    code, output = finish(start("-p", "fail=run"))
    assert code == 1
    last = output.splitlines()[-1]
    assert "FAILED" in last
    assert "no luck today" in last


def test_a_script_that_cannot_be_configured_is_not_a_success(start):
    code, output = finish(start("-p", "fail=configure"))
    assert code == 1
    assert "configure was refused, so nothing was run: this cannot be done" in output
    assert "RUNNING" not in output


def test_a_script_that_a_signal_ended_gives_128_and_its_number(start):
    code, output = finish(start("-p", "fail=crash"))
    assert code == 128 + signal.SIGKILL
    assert "The script was killed (signal 9)" in output


def test_a_script_that_does_not_come_up_is_told_with_what_it_printed(start, tmp_path):
    script = tmp_path / "broken.py"
    script.write_text(
        "#!/usr/bin/env python\nimport sys\n"
        "sys.exit(0) if '--schema' in sys.argv else sys.exit('there is no such module')\n",
        encoding="utf-8",
    )
    script.chmod(0o755)
    code, output = finish(start(script=script))
    assert code == 1
    assert "there is no such module" in output


def test_a_process_that_says_nothing_of_its_script_is_no_success(start, tmp_path):
    script = tmp_path / "silent.py"
    script.write_text("#!/bin/sh\nexit 0\n", encoding="utf-8")
    script.chmod(0o755)
    code, output = finish(start(script=script))
    assert code == 69
    assert "without a word" in output


def test_outside_of_any_observatory_it_is_told_what_to_do(start, environment):
    without = {key: value for key, value in environment.items() if not key.startswith("LSST_")}
    code, output = finish(start(env=without))
    assert code == 69
    assert "dailycal simulate" in output
    assert "Traceback" not in output


def test_ctrl_c_asks_the_script_to_stop(start):
    child = start("-p", "step_time=60")
    wait_for_line(child, "Doing step 1")
    child.send_signal(signal.SIGINT)
    code, output = finish(child)
    assert code == 0  # that of the script: a stop that was asked for is no failure
    assert "STOPPED" in output.splitlines()[-1] or "STOPPED after" in output


def test_a_second_ctrl_c_ends_a_script_that_does_not_stop(start):
    child = start("-p", "step_time=60", "-p", "fail=hang")
    wait_for_line(child, "Doing step 1")
    child.send_signal(signal.SIGINT)
    wait_for_line(child, "STOPPING")
    begin = time.monotonic()
    child.send_signal(signal.SIGINT)
    code, _ = finish(child)
    assert code == 128 + signal.SIGTERM
    assert time.monotonic() - begin < 30


def test_sigterm_stops_the_script_as_well(start):
    child = start("-p", "step_time=60")
    wait_for_line(child, "Doing step 1")
    child.terminate()
    code, output = finish(child)
    assert code == 0
    assert "STOPPED" in output


def test_a_stop_checkpoint_stops_there(start):
    code, output = finish(start("-p", "steps=9", "--stop-checkpoint", "step 2"))
    assert code == 0
    assert "STOPPED" in output
    assert "Doing step 1" in output
    assert "Doing step 2" not in output


def test_programs_get_one_json_object_a_line(start):
    child = start("--json", "-p", "steps=2")
    output, _ = child.communicate(timeout=90)
    events = [json.loads(line) for line in output.splitlines()]
    states = [item["state"] for item in events if item["event"] == "StateChanged"]
    assert list(dict.fromkeys(states)) == [
        *("UNCONFIGURED", "CONFIGURED", "RUNNING", "ENDING", "DONE")
    ]
    assert events[-1]["event"] == "Ended"
    assert (events[-1]["state"], events[-1]["exit_code"]) == ("DONE", 0)
    (metadata,) = (item for item in events if item["event"] == "Metadata")
    assert (metadata["checkpoints"], metadata["duration"]) == (2, pytest.approx(0.2))


def test_a_paused_script_goes_on_when_enter_is_pressed(start):
    parent, terminal = pty.openpty()
    try:
        options = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
        child = start("--yes", "-p", "steps=2", "--pause-checkpoint", "step 2", **options)
        os.close(terminal)
        seen = read_until(parent, b"PAUSED at step 2")
        os.write(parent, b"\n")
        seen += read_until(parent, b"DONE after")
        assert child.wait(timeout=30) == 0
        assert b"Press Enter" in seen
    finally:
        os.close(parent)


def test_at_a_terminal_it_is_asked_before_anything_starts(start):
    parent, terminal = pty.openpty()
    try:
        options = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
        child = start("-p", "steps=2", ask=(), **options)
        os.close(terminal)
        read_until(parent, b"[y/N]")
        os.write(parent, b"n\n")
        seen = read_until(parent, b"\n")
        assert child.wait(timeout=30) == 130
        assert b"UNCONFIGURED" not in seen
    finally:
        os.close(parent)


def read_until(descriptor: int, wanted: bytes, timeout: float = 60.0) -> bytes:
    seen = b""
    deadline = time.monotonic() + timeout
    while wanted not in seen:
        ready, _, _ = select.select([descriptor], [], [], max(deadline - time.monotonic(), 0))
        assert ready, f"{wanted!r} never came; seen {seen[-500:]!r}"
        seen += os.read(descriptor, 4096)
    return seen
