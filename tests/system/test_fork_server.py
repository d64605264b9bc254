# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs forked from a process that has imported them behave as if they had been started."""

import asyncio
import contextlib
import os
import signal
import subprocess

import psutil
import pytest

from lsst.ts.dailycal.pipelines.command import pipetask_argv
from lsst.ts.dailycal.pipelines.forked import ForkError, ForkServer

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

PATIENCE = 60.0
PIPELINE = "${CP_PIPE_DIR}/pipelines/LATISS/cpBias.yaml"


@pytest.fixture(scope="module")
def programs():
    with ForkServer() as server:
        yield server


def pipetask(program="pipetask", *options):
    (first, *_) = pipetask_argv(
        "/none", pipeline=PIPELINE, config="", data_query="", output="u/none"
    )
    return [os.path.join(os.path.dirname(first), program), *options]  # noqa: PTH118, PTH120


@pytest.mark.parametrize("program", ["pipetask", "butler"])
@pytest.mark.parametrize("options", [("--help",), ("--no-such-option",)])
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


async def test_what_is_forked_ends_with_its_context_and_is_told_by_its_signal(programs, tmp_path):
    # A named pipe as the pipeline: it would wait for ever to read it.
    os.mkfifo(tmp_path / "pipeline.yaml")
    argv = pipetask("pipetask", "build", "-p", str(tmp_path / "pipeline.yaml"))
    log = tmp_path / "log"
    async with programs.start(argv, directory=tmp_path, log=log) as program:
        assert os.getpgid(program.pid) == program.pid
        os.killpg(program.pid, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE):
            assert await program.wait() == -signal.SIGKILL
    async with programs.start(argv, directory=tmp_path, log=log) as program:
        process = psutil.Process(program.pid)
        assert program.exit_code is None
    await asyncio.to_thread(_wait, process)


def test_nothing_is_left_of_a_server_that_is_closed():
    before = _family()
    with ForkServer() as server:
        server.call(pipetask("butler", "--help"), PATIENCE)
        family = _family() - before
        assert family
    assert _gone(family)
    with pytest.raises(ForkError, match="closed"):
        server.call(pipetask("butler", "--help"), PATIENCE)


def test_a_server_that_was_killed_is_started_again():
    before = _family()
    with ForkServer() as server:
        server.call(pipetask("butler", "--help"), PATIENCE)
        family = _family() - before
        for process in family:
            process.kill()
        assert _gone(family)
        code, _ = server.call(pipetask("butler", "--help"), PATIENCE)
        assert code == 0


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
