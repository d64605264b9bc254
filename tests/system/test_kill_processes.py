# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script's process is killed, or told to end, at any record: nothing is done twice."""

import signal

import pytest
from fault_rig import IMAGES, QUICK, observatory

from lsst.ts.dailycal.model import Certified, ExposureAsked, ExposureTaken, JobFinished

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("scripts_end"),
]

SIGNALS = {2: signal.SIGKILL, 9: signal.SIGTERM, 20: signal.SIGKILL, 30: signal.SIGKILL}


async def kill_and_resume(rig, script, at, number=signal.SIGKILL) -> bool:
    """Let a script go on until its journal has so many records, and kill it there."""
    if not await script.until_records(at):
        return False
    script.send(number)
    result = await script.end()
    # The last state may have been heard when the signal was sent a moment too late.
    assert result.exit_code == 128 + number or result.state in ("DONE", "FAILED")
    return result.exit_code == 128 + number


async def check_nothing_was_done_twice(rig) -> None:
    rig.check_accounts(exposures=IMAGES)
    assert rig.statuses() == ["certified", "certified"]
    assert len(rig.raw_files()) == IMAGES, "a frame was taken again"
    assert await rig.certifications() == {"bias": 1, "dark": 1}
    assert len(rig.events(Certified)) == 2
    finished = [event.key for event in rig.events(JobFinished) if event.result.succeeded]
    assert len(finished) == len(set(finished)) == 4
    taken = [event.image.name for event in rig.events(ExposureTaken)]
    assert sorted(map(str, taken)) == rig.raw_files()


@pytest.fixture
def rig(tmp_path, template):
    with observatory(tmp_path, template) as rig:
        yield rig


async def test_a_script_that_is_killed_again_and_again_is_finished_by_resume(rig):
    script = rig.start(QUICK)
    for at, number in SIGNALS.items():
        assert await kill_and_resume(rig, script, at, number)
        script = rig.start({**QUICK, "resume": rig.journal().stem})
    result = await script.end()
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    await check_nothing_was_done_twice(rig)


@pytest.mark.slow
@pytest.mark.timeout(1800)
async def test_a_kill_at_every_record_of_the_journal_retakes_and_certifies_nothing_twice(
    rig, record_property
):
    kills, at = 0, 1
    script = rig.start(QUICK)
    while await kill_and_resume(rig, script, at):
        kills += 1
        at = len(rig.events()) + 1
        script = rig.start({**QUICK, "resume": rig.journal().stem})
    await check_nothing_was_done_twice(rig)
    record_property("records", len(rig.events()))
    record_property("kills", kills)
    record_property("retaken", len(rig.events(ExposureAsked)) - IMAGES)
    assert kills >= 20
