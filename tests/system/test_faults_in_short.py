# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One fault of each sort through real processes, in one observatory: for every `make test`.

The others take minutes, most of which is waiting for deadlines: `make test-slow`.
"""

import signal

import pytest
from fault_mounts import mounted
from fault_rig import QUICK, observatory

from lsst.ts.dailycal.model import ExposureTaken, ImageLost
from lsst.ts.dailycal.run import read_journal

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(240),
    pytest.mark.usefixtures("scripts_end"),
]

FRAME, JOB = "ingest_error@BIAS/3", "job_error@1"
CONFIG = {**QUICK, "script_mode": "BIAS", "generate_calibrations": False}
TAKEN = 4


@pytest.fixture(scope="module")
def rig(tmp_path_factory, template):
    with observatory(tmp_path_factory.mktemp("short"), template, FRAME, JOB) as rig:
        yield rig


async def let_faults_strike(rig):
    """Make sure that the faults are over, whichever tests are chosen."""
    try:
        rig.assert_struck(FRAME, JOB)
    except AssertionError:
        await rig.run(CONFIG)
        await rig.resume(CONFIG)


@pytest.mark.prevents("D5", "D6")
async def test_a_lost_frame_is_taken_again_and_a_failed_job_is_repeated_by_resume(rig):
    failed = await rig.run(CONFIG)
    assert (failed.exit_code, failed.state) == (1, "FAILED"), failed.text
    assert "exit code 1" in failed.reason
    assert rig.journal().stem in failed.reason, "the way to go on is named"
    result = await rig.resume(CONFIG)
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    assert rig.statuses() == ["verified"]
    assert len(rig.events(ImageLost)) == 1
    rig.check_accounts(exposures=TAKEN + 1)
    rig.note(FRAME, failed, result)
    rig.note(JOB, failed, result)


async def test_a_script_that_is_killed_is_finished_by_resume_and_no_frame_is_taken_again(rig):
    await let_faults_strike(rig)
    before = len(rig.raw_files())
    script = rig.start(CONFIG)
    assert await script.until(script.has_journal)
    # On a loaded machine, more than one exposure passes between two looks.
    assert await script.until(lambda: len(rig.events(ExposureTaken)) >= 2)
    script.send(signal.SIGKILL)
    killed = await script.end()
    assert killed.exit_code == 128 + signal.SIGKILL, killed.text
    result = await rig.resume(CONFIG)
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    rig.check_accounts(exposures=TAKEN)
    assert len(rig.raw_files()) - before == TAKEN


async def test_a_disk_without_room_for_the_journal_is_told_with_what_to_do(
    rig, tmp_path, monkeypatch
):
    with mounted(tmp_path / "journal", "-t", "tmpfs", "-o", "size=4k", "tmpfs"):
        monkeypatch.setenv("DAILYCAL_JOURNAL_DIR", str(tmp_path / "journal"))
        result = await rig.run(CONFIG)
        assert (result.exit_code, result.state) == (1, "FAILED"), result.text
        assert "No space left on device" in result.reason
        assert "DAILYCAL_JOURNAL_DIR" in result.reason, "what to do is said"
        for path in (tmp_path / "journal").glob("*.jsonl"):
            assert not path.stat().st_size or read_journal(path)
