# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A page that is stopped in a dark, with the queue's limit as long as that of each real one."""

import asyncio
import dataclasses
import pathlib
import re

import lsst.ts.salobj as salobj
import pytest
import yaml
from fault_rig import QUICK, observatory

from lsst.ts.dailycal.journal import MemoryStorage
from lsst.ts.dailycal.model import ExposureAsked, ImageType, ScriptRequest, ScriptState
from lsst.ts.dailycal.page import BIAS_DARK, PageJournal, PageTimes, StepStatus
from lsst.ts.dailycal.page.follower import ScriptFollower, judge_end
from lsst.ts.dailycal.sal.clock import SalClock
from lsst.ts.dailycal.sal.queue.port import SalQueue
from lsst.ts.dailycal.sim.queue.csc import SimScriptQueue

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

STEP = next(step for step in BIAS_DARK.steps if step.name == "calibrations")
LIMITS = {"2.14.1": 11.6, "2.9.0": 5.2}
"""When the queue of a version of ts_scriptqueue gives up on `stopScripts`, in seconds."""
DISCARDED = 1
"""Biases that are taken and thrown away before the others."""
LONGER = 6.0
"""How much longer than that the dark takes, in seconds."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory, small_repository):
    with observatory(tmp_path_factory.mktemp("stopped"), small_repository) as rig:
        yield rig


class Refusals:
    """The port, and what the queue refused."""

    def __init__(self, port: SalQueue) -> None:
        self._port = port
        self.said: list[str] = []

    async def next_update(self, *args):
        return await self._port.next_update(*args)

    async def stop(self, *args):
        try:
            await self._port.stop(*args)
        except Exception as error:
            self.said.append(str(error))
            raise


def in_a_dark(rig, known: set[pathlib.Path]) -> bool:
    """Does a script that has begun a journal since then expose a dark?"""
    if set(rig.journals.glob("*.jsonl")) <= known:
        return False
    return any(event.planned.image_type is ImageType.DARK for event in rig.events(ExposureAsked))


@pytest.mark.parametrize("version", LIMITS)
async def test_a_page_that_is_stopped_in_a_dark_follows_it_although_the_queue_gives_up(
    rig, tmp_path, version
):
    limit = LIMITS[version]
    settings = rig.observatory.config
    config = dataclasses.replace(settings, root=tmp_path, queue_stop_timeout=limit, faults=())
    dark = (limit + LONGER) * settings.time_scale
    configuration = {**QUICK, "generate_calibrations": False, "exp_times_dark": dark}
    stopping = asyncio.Event()
    before, known = len(rig.raw_files()), set(rig.journals.glob("*.jsonl"))
    async with SimScriptQueue(config) as queue, salobj.Domain() as domain:
        port = SalQueue.make(domain)
        await port.start()
        refusals = Refusals(port)
        journal = PageJournal(MemoryStorage(), SalClock())
        follower = ScriptFollower(STEP, refusals, journal, PageTimes(), stopping.is_set)
        index = await port.add(
            ScriptRequest(STEP.script, yaml.safe_dump(configuration), "a test"), PageTimes().add
        )
        following = asyncio.create_task(follower.follow(index))
        while not in_a_dark(rig, known):
            assert not following.done(), queue.scripts[index].state
            await asyncio.sleep(0.05)
        stopping.set()
        last, note = await following
    assert len(refusals.said) == 1
    assert re.search("refused command stopScripts: .*Timeout", refusals.said[0])
    assert last.state is ScriptState.STOPPED
    assert judge_end(last, note, stopped=True)[0] is StepStatus.STOPPED
    assert rig.outcome.stopped
    # What was begun is read out, and nothing is begun after it.
    assert len(rig.raw_files()) == before + QUICK["n_bias"] + DISCARDED + 1
