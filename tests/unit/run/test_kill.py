# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A process may be killed at any moment: nothing is taken twice, nothing is certified twice."""

import asyncio

import pytest

from lsst.ts.dailycal.journal import MemoryStorage
from lsst.ts.dailycal.model import (
    Certified,
    ExposureTaken,
    JobAbandoned,
    JobAsked,
    JobFinished,
    JobSubmitted,
)

QUICK = {"n_bias": 3, "n_dark": 2, "exp_times_dark": 5, "generate_calibrations": True}


class KilledError(BaseException):
    """The process is gone."""


class MortalStorage(MemoryStorage):
    """Keeps a number of records; then the process is gone.

    It goes right after the last record, or only when the next thing that was done is to be
    recorded, so that it was done and nobody knows.
    """

    def __init__(self, lines, lives, *, at_once=True):
        super().__init__()
        self.lines = lines
        self.lives = lives
        self.at_once = at_once
        self.is_last = bool
        """Tells of what was kept last whether it is the last of all."""

    def append(self, line):
        if self.lives <= 0:
            raise KilledError
        self.lives -= 1
        super().append(line)
        if (self.lives == 0 and self.at_once) or self.is_last():
            raise KilledError


async def count_records(make_rig):
    rig = make_rig()
    async with rig.observatory:
        await rig.make(**QUICK).execute()
    return len(rig.storage.lines)


@pytest.mark.prevents("D18")
@pytest.mark.parametrize("at_once", [True, False], ids=["after a record", "before the next"])
@pytest.mark.parametrize("part", range(4))
async def test_a_kill_at_any_record_is_mended_by_resume(make_rig, part, at_once, record_property):
    records = await count_records(make_rig)
    kills = retaken = doubled = 0
    for lives in range(1 + part, records, 4):
        rig = make_rig()
        async with rig.observatory:
            rig.storage = MortalStorage([], lives, at_once=at_once)
            with pytest.raises(KilledError):
                await rig.make(**QUICK).execute()
            rig.storage = MortalStorage(rig.storage.lines, 10_000)
            outcome = await rig.make(**QUICK).execute()
        found = [item.status.value for item in outcome.calibrations]
        assert found == ["certified", "certified"], f"killed after record {lives}"
        taken = rig.events(ExposureTaken)
        kills += 1
        retaken += len(taken) - 7
        doubled += len(rig.events(Certified)) - 2
        assert len(taken) == 7, f"killed after record {lives}: a frame was taken again"
        assert len({event.image.name for event in taken}) == 7
        names_used = rig.observatory.world.names.next(taken[0].image.name.day_obs).seq_num - 1
        assert names_used == 7, f"killed after record {lives}: the camera took another frame"
        assert len(rig.events(Certified)) == 2
        finished = [event.key for event in rig.events(JobFinished)]
        assert len(finished) == len(set(finished)) == 4
        # A job whose submission was not recorded any more cannot be known, and is asked again.
        assert len(rig.events(JobAsked)) <= 5
    for name, count in (
        ("kills", kills),
        ("frames_retaken", retaken),
        ("double_certifications", doubled),
    ):
        record_property(name, count)
    if part == 0:
        record_property("records", records if at_once else 0)
        record_property("fault", [f"kill {'after' if at_once else 'before'} any record", ""])


@pytest.mark.parametrize("job", [0, 1, 2, 3], ids=["cpBias", "verifyBias", "cpDark", "verifyDark"])
async def test_a_job_that_a_restarted_service_has_forgotten_is_not_waited_for(make_rig, job):
    rig = make_rig(f"ocps_restarted@{job + 1}")
    loop = asyncio.get_running_loop()
    async with rig.observatory:
        rig.storage = MortalStorage([], 10_000)
        run = rig.make(**QUICK)
        rig.storage.is_last = lambda: len(rig.events(JobSubmitted)) == job + 1
        with pytest.raises(KilledError):
            await run.execute()
        lost = rig.events(JobSubmitted)[-1]
        await asyncio.sleep(20.5)  # it is ENABLED again, and the job is not done yet
        begin = loop.time()
        rig.storage = MortalStorage(rig.storage.lines, 10_000)
        outcome = await rig.make(**QUICK).execute()
        assert loop.time() - begin < rig.context.timeouts.job / 2
    assert [item.status.value for item in outcome.calibrations] == ["certified", "certified"]
    [abandoned] = rig.events(JobAbandoned)
    assert (abandoned.key, abandoned.job_id) == (lost.key, lost.job_id)
    assert "has lost it" in abandoned.reason
    assert len(rig.events(ExposureTaken)) == 7
    assert len(rig.events(Certified)) == 2
