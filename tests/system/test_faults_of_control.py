# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Stops, pauses, silent processes and a second resume, through real processes."""

import asyncio
import signal

import pytest
from fault_rig import IMAGES, QUICK, observatory

from lsst.ts.dailycal.model import ExposureAsked, ExposureTaken, ImageType, JobAbandoned, Resumed
from lsst.ts.dailycal.sim.programs import LATISS
from lsst.ts.dailycal.testing.observatory import TIME_SCALE

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(580),
    pytest.mark.usefixtures("scripts_end"),
]

LONG = 2.5 * TIME_SCALE
"""An exposure of two and a half real seconds."""


@pytest.fixture(scope="module")
def rig(tmp_path_factory, template):
    groups = (("ATCamera",), ("ATOODS",), tuple(set(LATISS) - {"ATCamera", "ATOODS"}))
    directory = tmp_path_factory.mktemp("control")
    with observatory(directory, template, groups=groups) as rig:
        yield rig


@pytest.fixture
def collection(request):
    """A calibration collection for each test, so that none is in the way of another."""
    return f"LATISS/calib/{request.node.name}"


def fresh(rig, before: int) -> int:
    return len(rig.raw_files()) - before


async def test_a_stop_at_a_checkpoint_while_paused_and_in_an_exposure_is_gone_on_from(
    rig, collection
):
    before = len(rig.raw_files())
    config = {**QUICK, "calib_collection": collection, "exp_times_dark": [LONG, LONG, 5]}

    result = await rig.start(config, stop="BIAS 3/4").end()
    assert (result.exit_code, result.state) == (0, "STOPPED"), result.text
    assert rig.outcome.stopped
    resume = {**config, "resume": rig.journal().stem}

    script = rig.start(resume, pause="BIAS 4/4")
    assert await script.until_state("PAUSED")
    script.driver.interrupt()
    result = await script.end()
    assert (result.exit_code, result.state) == (0, "STOPPED"), result.text

    script = rig.start(resume)
    assert await script.until(
        lambda: any(
            event.planned.image_type is ImageType.DARK for event in rig.events(ExposureAsked)
        )
    )
    await asyncio.sleep(1.0)
    taken = len(rig.events(ExposureTaken))
    script.driver.interrupt()
    result = await script.end()
    assert (result.exit_code, result.state) == (0, "STOPPED"), result.text
    assert len(rig.events(ExposureTaken)) == taken + 1, "the exposure under way was not awaited"
    open_jobs = [job for job in rig.state.jobs.values() if not (job.result or job.abandoned)]
    assert not open_jobs

    result = await rig.start(resume).end()
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    rig.check_accounts(exposures=IMAGES)
    assert fresh(rig, before) == IMAGES
    assert await rig.certifications(collection) == {"bias": 1, "dark": 1}


async def test_components_that_hang_for_seconds_cost_seconds_and_no_frame(rig, collection):
    before = len(rig.raw_files())
    config = {**QUICK, "calib_collection": collection, "generate_calibrations": False}
    script = rig.start(config)
    for name, checkpoint in (("ATCamera", "BIAS 3/4"), ("ATOODS", "DARK 2/3")):
        assert await script.until_checkpoint(checkpoint)
        process = rig.component(name)
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(2.5)
        process.send_signal(signal.SIGCONT)
    result = await script.end()
    assert (result.exit_code, result.state) == (0, "DONE"), result.text
    rig.check_accounts(exposures=IMAGES)
    assert fresh(rig, before) == IMAGES


async def test_a_run_that_is_under_way_cannot_be_resumed(rig, collection):
    config = {**QUICK, "calib_collection": collection}
    script = rig.start(config, pause="BIAS 2/4")
    assert await script.until_state("PAUSED")
    run, pid = rig.journal().stem, script.process().pid
    second = await rig.start({**config, "resume": run}).end()
    assert second.exit_code == 1
    assert f"Run {run} is being carried out by" in second.text, second
    assert f"process {pid}" in second.text
    assert "since 20" in second.text
    assert not rig.events(Resumed), "the second one wrote into the journal"
    script.driver.interrupt()
    assert (await script.end()).state == "STOPPED"
    assert not rig.events(JobAbandoned)
