# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs forked from a process that has imported them behave as if they had been started."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE

import psutil
import pytest

from lsst.ts.dailycal.forking import (
    SERVER_VARIABLE,
    ForkedProgram,
    ForkError,
    ForkServer,
    run_program,
    start_program,
)
from lsst.ts.dailycal.pipelines.command import pipetask_argv
from lsst.ts.dailycal.pipelines.forked import pipeline_server

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

PATIENCE = 60.0
PIPELINE = "${CP_PIPE_DIR}/pipelines/LATISS/cpBias.yaml"
SCRIPT = """#!/usr/bin/env python
import json, os, signal, sys
print(json.dumps([sys.argv, os.getcwd(), sys.path[0], os.environ.get("NIGHT"), __name__,
                  os.getppid()]))
print("said", sys.stdin.readline().strip(), flush=True)
sys.exit(3)
"""


@pytest.fixture(scope="module")
def programs():
    with pipeline_server() as server:
        yield server


@pytest.fixture
def quick(monkeypatch):
    """Serve programs that need nothing, as an observatory does."""
    with ForkServer(["json"]) as server:
        monkeypatch.setenv(SERVER_VARIABLE, server.address())
        yield server


@pytest.fixture
def script(tmp_path, monkeypatch):
    path = tmp_path / "tell.py"
    path.write_text(SCRIPT)
    path.chmod(0o755)
    python = os.path.dirname(sys.executable)  # noqa: PTH120 - not where its link leads
    monkeypatch.setenv("PATH", f"{tmp_path}:{python}:{os.environ['PATH']}")
    monkeypatch.setenv("NIGHT", "20261126")
    return path


def pipetask(program="pipetask", *options):
    (first, *_) = pipetask_argv(
        "/none", pipeline=PIPELINE, config="", data_query="", output="u/none"
    )
    return [os.path.join(os.path.dirname(first), program), *options]  # noqa: PTH118, PTH120


@pytest.mark.parametrize(
    ("program", "options"), [("pipetask", ("--help",)), ("butler", ("--no-such-option",))]
)
def test_a_forked_program_says_and_returns_what_a_started_one_does(programs, program, options):
    argv = pipetask(program, *options)
    started = subprocess.run(
        argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert programs.call(argv, PATIENCE) == (started.returncode, started.stdout)


def test_one_that_fails_returns_what_failed(programs):
    argv = pipetask_argv("/no/such", pipeline=PIPELINE, config="", data_query="", output="u/none")
    code, said = programs.call(argv, PATIENCE)
    assert code == 1
    assert "/no/such" in said


def test_one_that_takes_too_long_is_ended(programs):
    programs.call(pipetask("butler", "--help"), PATIENCE)
    before = _family()
    with pytest.raises(TimeoutError):
        programs.call(pipetask("butler", "--help"), 1e-4)
    assert _gone(_family() - before)


async def test_what_is_forked_is_ended_in_bounded_time_and_told_by_its_signal(quick):
    sleeps = [sys.executable, "-m", "asyncio"]  # it waits for what is typed, for ever
    program = await start_program(sleeps, stdin=PIPE)
    assert isinstance(program, ForkedProgram)
    assert os.getpgid(program.pid) == program.pid
    os.killpg(program.pid, signal.SIGKILL)
    async with asyncio.timeout(PATIENCE):
        assert await program.wait() == -signal.SIGKILL
    program = await start_program(sleeps, stdin=PIPE)
    async with asyncio.timeout(PATIENCE):
        assert await program.end() == -signal.SIGTERM


async def test_one_whose_starter_closes_the_connection_is_ended(quick):
    program = await start_program([sys.executable, "-m", "asyncio"], stdin=PIPE)
    process = psutil.Process(program.pid)
    # What the list of processes shows is the program, not the server.
    async with asyncio.timeout(PATIENCE):
        while " ".join(_words(process)).split()[-2:] != ["-m", "asyncio"]:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    program.close()
    await asyncio.to_thread(_wait, process)
    assert not process.is_running()


@pytest.mark.parametrize("forked", [True, False])
async def test_a_script_is_the_same_program_forked_and_started(
    script, tmp_path, monkeypatch, quick, forked
):
    monkeypatch.chdir(tmp_path)
    if not forked:
        monkeypatch.delenv(SERVER_VARIABLE)
    program = await start_program([script.name, "7"], stdin=PIPE, stdout=PIPE)
    assert isinstance(program, ForkedProgram) == forked
    program.stdin.write(b"good night\n")
    async with asyncio.timeout(PATIENCE):
        argv, directory, first, night, name, _ = json.loads(await program.stdout.readline())
        assert await program.stdout.readline() == b"said good night\n"
        assert await program.wait() == 3
    assert argv[1:] == ["7"]
    assert (directory, first, night, name) == (
        str(tmp_path),
        str(tmp_path),
        "20261126",
        "__main__",
    )


@pytest.mark.parametrize("forked", [True, False])
def test_a_program_is_run_to_its_end_forked_and_started(script, monkeypatch, quick, forked):
    if not forked:
        monkeypatch.delenv(SERVER_VARIABLE)
    done = run_program([script.name, "7"], PATIENCE)
    first, second = done.stdout.decode().splitlines()
    argv, *_, night, name, parent = json.loads(first)
    assert (argv[1:], night, name, second) == (["7"], "20261126", "__main__", "said ")
    assert (done.returncode, done.stderr) == (3, b"")
    assert (parent == os.getpid()) != forked
    script.write_text("#!/usr/bin/env python\nimport time\ntime.sleep(100)\n")
    with pytest.raises(TimeoutError):
        run_program([script.name], 0.2)


async def test_what_is_no_program_of_this_python_is_started(quick, tmp_path, monkeypatch):
    shell = tmp_path / "shell.sh"
    shell.write_text("#!/bin/sh\nexit 4\n")
    shell.chmod(0o755)
    program = await start_program([str(shell)])
    assert not isinstance(program, ForkedProgram)
    assert await program.wait() == 4


async def test_a_server_that_has_gone_is_no_reason_not_to_start(script, monkeypatch, tmp_path):
    monkeypatch.setenv(SERVER_VARIABLE, str(tmp_path / "gone"))
    program = await start_program([script.name, "7"])
    assert not isinstance(program, ForkedProgram)
    assert await program.wait() == 3


def test_nothing_is_left_of_a_server_that_is_closed():
    before = _family()
    with pipeline_server() as server:
        server.call(pipetask("butler", "--help"), PATIENCE)
        family = _family() - before
        assert family
    assert _gone(family)
    with pytest.raises(ForkError, match="closed"):
        server.call(pipetask("butler", "--help"), PATIENCE)


def test_a_server_that_was_killed_is_started_again():
    before = _family()
    with ForkServer([]) as server:
        server.call([sys.executable, "-m", "this"], PATIENCE)
        family = _family() - before
        for process in family:
            process.kill()
        assert _gone(family)
        code, said = server.call([sys.executable, "-m", "this"], PATIENCE)
        assert code == 0
        assert "Zen" in said


def _family():
    """Find the servers of this process, and what they forked."""
    children = psutil.Process().children(recursive=True)
    return {child for child in children if any("fork_server" in word for word in _words(child))}


def _words(process):
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return ()


def _gone(processes):
    _, left = psutil.wait_procs(processes, timeout=10.0)
    return not [process for process in left if process.status() != psutil.STATUS_ZOMBIE]


def _wait(process):
    with contextlib.suppress(psutil.NoSuchProcess):
        process.wait(PATIENCE)


def test_what_is_called_after_the_imports_is_done_for_all_programs(tmp_path):
    (tmp_path / "prepared.py").write_text("DONE = []\n\ndef prepare():\n    DONE.append('once')\n")
    script = tmp_path / "look.py"
    script.write_text("import prepared\n\nprint(prepared.DONE)\n")
    with ForkServer(["prepared:prepare"], {"PYTHONPATH": str(tmp_path)}) as server:
        assert [server.call([str(script)], PATIENCE) for _ in range(2)] == [(0, "['once']\n")] * 2
