# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Processes are killed, or told to end, at any record of the journal: nothing is done twice."""

import asyncio
import pathlib
import signal
import subprocess
import sys

import psutil
import pytest
from fault_outcomes import KILLS
from fault_reaper import Reaper, fact
from fault_rig import IMAGES, QUICK, SCRIPT, observatory, observing

from lsst.ts.dailycal.model import (
    Certified,
    ExposureTaken,
    JobAbandoned,
    JobFinished,
    JobSubmitted,
)
from lsst.ts.dailycal.sim.programs import LATISS

pytestmark = [
    pytest.mark.system,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.usefixtures("scripts_end"),
]

PROGRAM = [sys.executable, "-c", "from lsst.ts.dailycal.cli.script.command import main; main()"]
FEWEST = 25
"""Records of a run without faults; there are more, and how many depends on the messages."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory, template):
    with observatory(tmp_path_factory.mktemp("kill"), template) as rig:
        yield rig


@pytest.fixture
def config(request):
    """A configuration with a calibration collection of its own."""
    return {**QUICK, "calib_collection": f"LATISS/calib/{request.node.callspec.id}"}


async def check_nothing_was_done_twice(rig, before: list[str], collection: str) -> None:
    rig.check_accounts(exposures=IMAGES)
    assert rig.statuses() == ["certified", "certified"]
    fresh = sorted(set(rig.raw_files()) - set(before))
    assert len(fresh) == IMAGES, "a frame was taken again"
    assert await rig.certifications(collection) == {"bias": 1, "dark": 1}
    assert len(rig.events(Certified)) == 2
    finished = [event.key for event in rig.events(JobFinished) if event.result.succeeded]
    assert len(finished) == len(set(finished)) == 4
    taken = [event.image.name for event in rig.events(ExposureTaken)]
    assert sorted(map(str, taken)) == fresh


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda item: item.name)
async def test_a_kill_after_every_record_retakes_nothing_and_certifies_nothing_twice(
    rig, config, number, record_property, capsys
):
    before = rig.raw_files()
    known: set[str] = set()
    kills = exact = 0
    script = rig.start(config)
    while True:
        with Reaper(script, number, known) as reaper:
            result = await script.end()
        facts = set(filter(None, map(fact, rig.events())))
        if not reaper.struck:
            break
        # The last state may have been heard when the signal was sent a moment too late.
        assert result.exit_code == 128 + number or result.state == "DONE", result.text
        kills += 1
        exact += len(facts - known) == 1
        known = facts
        script = rig.start({**config, "resume": rig.journal().stem})
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    await check_nothing_was_done_twice(rig, before, config["calib_collection"])
    retaken = len(rig.raw_files()) - len(before) - IMAGES
    twice = len(rig.events(Certified)) - 2
    line = (
        f"{number.name}: {len(facts)} records, {kills} kills, {exact} of them before the next "
        f"record, {retaken} frames retaken, {twice} double certifications"
    )
    record_property("kills", line)
    KILLS.append(line)
    with capsys.disabled():
        sys.stdout.write(f"\n{line}\n")
    assert retaken == twice == 0
    assert len(facts) >= FEWEST
    # Records that follow each other at once may both be there before the signal is.
    assert kills >= 0.8 * len(facts)


def ended(processes: list[psutil.Process], timeout: float) -> bool:
    """Wait until processes have ended."""
    _, alive = psutil.wait_procs(processes, timeout)
    return not [item for item in alive if item.status() != psutil.STATUS_ZOMBIE]


async def until(predicate, timeout: float = 90.0) -> None:
    async with asyncio.timeout(timeout):
        while not predicate():  # noqa: ASYNC110 - a file and a process have no event
            await asyncio.sleep(0.02)


def run_script(path: pathlib.Path, *properties: str) -> subprocess.Popen[bytes]:
    given = [word for item in properties for word in ("-p", item)]
    return subprocess.Popen(
        [*PROGRAM, str(path), "--json", *given],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda item: item.name)
async def test_a_script_ends_with_the_run_script_that_started_it_and_can_be_resumed(
    rig, config, number
):
    before, journals = rig.raw_files(), set(rig.journals.glob("*.jsonl"))
    collection = f"{config['calib_collection']}/run_script"
    config = {**config, "calib_collection": collection}
    program = run_script(SCRIPT, *(f"{name}={value}" for name, value in config.items()))
    try:
        await until(
            lambda: set(rig.journals.glob("*.jsonl")) - journals and rig.events(ExposureTaken)
        )
        script = psutil.Process(program.pid).children(recursive=True)
        assert script
        program.send_signal(number)
        code = await asyncio.to_thread(program.wait, 60)
        assert await asyncio.to_thread(ended, script, 10), "the script goes on alone"
    finally:
        program.kill()
        program.wait()
    # A signal that run_script can hear is a wish to stop; the other one leaves no time for that.
    assert code == (0 if number == signal.SIGTERM else -signal.SIGKILL)
    assert (rig.state.outcome is not None) == (number == signal.SIGTERM)
    result = await rig.resume(config)
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    await check_nothing_was_done_twice(rig, before, collection)


OCPS = "OCPS:1"


async def start_another_ocps() -> asyncio.subprocess.Process:
    """Start an OCPS that knows nothing of the one before, and wait until it beats."""
    program = ("-m", "lsst.ts.dailycal.sim.programs", OCPS, "--state", "enabled")
    process = await asyncio.create_subprocess_exec(
        sys.executable, *program, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        assert await process.stdout.readline() == f"READY {OCPS}\n".encode()
    return process


async def test_a_job_that_died_with_its_service_is_submitted_again_at_once(tmp_path, template):
    groups = (tuple(name for name in LATISS if name != OCPS), (OCPS,))
    # Longer than this test may take: whoever waits for it fails here.
    config = {**QUICK, "job_timeout": 3600}
    async with observing(tmp_path, template, groups=groups) as rig:
        script = rig.start(config)
        assert await script.until(lambda: script.has_journal() and rig.events(JobSubmitted))
        script.send(signal.SIGKILL)
        await script.end()
        [lost] = rig.events(JobSubmitted)
        assert not rig.events(JobFinished), "the job was over before"
        rig.component(OCPS).terminate()
        another = await start_another_ocps()
        try:
            result = await rig.resume(config)
        finally:
            another.terminate()
            await another.wait()
        assert (result.exit_code, result.state) == (0, "DONE"), result.text
        assert f"after job {lost.job_id} was submitted, and has lost it" in result.log
        [abandoned] = rig.events(JobAbandoned)
        assert abandoned.job_id == lost.job_id
        rig.check_accounts(exposures=IMAGES)
        assert await rig.certifications() == {"bias": 1, "dark": 1}
