# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run that is stopped at any moment ends soon, says so, and is finished by resume."""

import asyncio
import json

import pytest
from fault_matrix import STOPS, Case
from rigs import Rig, carry_out, certified, check_truth, make_rig, statuses

from lsst.ts.dailycal.model import ExposureTaken, JobAbandoned, JobAsked, Message, RunEnded
from lsst.ts.dailycal.report import summarize_run
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.testing.loop import run_fast

LONGEST = 120.0
"""How long everything after a stop may take, in seconds: as long as the script allows."""
CASES = {case.fault: case for case in STOPS}
PLANNED = 7


async def stop_and_resume(rig: Rig, stop) -> bool:
    """Carry out a run, stop it as told, clean up, resume; say whether the stop came in time."""
    run = rig.make()
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(run.execute())
    await stop(task)
    try:
        await task
    except asyncio.CancelledError:
        was_stopped = True
    else:
        was_stopped = False
    begin = loop.time()
    await run.clean_up()
    assert loop.time() - begin <= LONGEST
    check_stopped(rig, was_stopped)
    rig.checkpoint = pass_by
    rig.observatory.repair()
    if was_stopped:
        outcome = await carry_out(rig)
        check_truth(rig, outcome)
        assert statuses(outcome) == ("certified", "certified")
    assert set(certified(rig)) == {"bias", "dark"}
    taken = rig.of(ExposureTaken)
    assert len(taken) == PLANNED
    names_used = rig.observatory.world.names.next(taken[0].image.name.day_obs).seq_num - 1
    assert names_used == PLANNED, "a frame was taken again"
    assert len(rig.of(JobAsked)) - len(rig.of(JobAbandoned)) <= 4 + 1
    return was_stopped


async def pass_by(name: str) -> None:
    del name


def check_stopped(rig: Rig, was_stopped: bool) -> None:
    """The journal says how it ended, and nothing is left open."""
    (end,) = rig.of(RunEnded)
    assert end.outcome.stopped == was_stopped
    records = [RUN_CODEC.decode(line) for line in rig.storage.lines]
    assert summarize_run(records).status == ("stopped" if was_stopped else "done")
    left = [job for job in rig.state.jobs.values() if not (job.result or job.abandoned)]
    assert not left, "a job is left behind, and nobody knows"
    assert all(slot.asked is None for slot in rig.state.slots.values())
    check_truth_after_stop(rig)


def check_truth_after_stop(rig: Rig) -> None:
    there = {raw.exposure.name for raw in rig.observatory.store.raws}
    assert there <= {*rig.state.all_images}, "an image is in the Butler, and nobody accounts for it"


def at_checkpoint(rig: Rig, wanted: str, wait: float):
    """Stop at a checkpoint, at once or after a pause there."""
    reached = asyncio.Event()

    async def checkpoint(name: str) -> None:
        if name == wanted:
            reached.set()
            await asyncio.Event().wait()

    async def stop(task: asyncio.Task) -> None:
        await reached.wait()
        await asyncio.sleep(wait)
        task.cancel()

    rig.checkpoint = checkpoint
    return stop


async def _stop_at(wanted: str, wait: float) -> None:
    rig = make_rig()
    async with rig.observatory:
        assert await stop_and_resume(rig, at_checkpoint(rig, wanted, wait))


CHECKPOINTS = ["Setup", "BIAS 1/4", "BIAS 3/4", "DARK 1/3", "DARK 3/3", "Processing"]


@pytest.mark.parametrize("wanted", CHECKPOINTS)
@pytest.mark.parametrize("fault", ["stop at a checkpoint", "stop while paused"])
def test_a_stop_at_a_checkpoint_is_gone_on_from(wanted, fault, record_property):
    run_fast(_stop_at(wanted, 600.0 if "paused" in fault else 0.0))
    record_property("fault", [fault, ""])


async def _stop_after(moment: float, *faults: str) -> tuple[bool, Rig]:
    rig = make_rig(*faults)

    async def stop(task: asyncio.Task) -> None:
        await asyncio.sleep(moment)
        task.cancel()

    async with rig.observatory:
        return await stop_and_resume(rig, stop), rig


MOMENTS = [0.0, 0.1, 0.3, 1.0, 2.0, 2.4, 3.5, 7.1, 9.0, 9.4, 12.0, 14.0, 16.9, 17.1, 25.0, 30.0]
LATER = [31.0, 35.0, 44.0, 52.0, 60.0, 75.0, 88.0, 95.0, 100.0]


@pytest.mark.prevents("D18")
@pytest.mark.parametrize("moment", [*MOMENTS, *LATER])
def test_a_stop_at_any_moment_is_gone_on_from(moment, record_property):
    was_stopped, _ = run_fast(_stop_after(moment))
    assert was_stopped, "it was over before"
    record_property("fault", ["stop in the middle of an exposure or a job", ""])


async def _moments() -> list[float]:
    """Tell when each record of a run is made, in seconds since its start."""
    rig = make_rig()
    async with rig.observatory:
        await carry_out(rig)
        start = rig.observatory.clock.tai() - asyncio.get_running_loop().time()
    return sorted({round(json.loads(line)["tai"] - start, 9) for line in rig.storage.lines})


@pytest.mark.parametrize("shift", [0.0, -1e-6, 1e-6])
def test_a_stop_and_a_result_at_the_same_moment_agree(shift, record_property):
    moments = run_fast(_moments())
    stops = 0
    for moment in moments:
        was_stopped, _ = run_fast(_stop_after(max(0.0, moment + shift)))
        stops += was_stopped
    assert stops >= len(moments) - 3
    record_property("fault", ["stop and result at the same moment", ""])
    record_property("stops", stops)


@pytest.mark.prevents("D18")
@pytest.mark.parametrize("fault", ["abort_refused", "abort_silent"])
@pytest.mark.parametrize("moment", [20.0, 44.0, 60.0, 95.0])
def test_a_job_that_cannot_be_aborted_is_named_and_holds_nobody_up(moment, fault, record_property):
    case: Case = CASES[f"stop, with {fault}"]
    was_stopped, rig = run_fast(_stop_after(moment, f"{fault}@*"))
    assert was_stopped
    messages = "\n".join(event.text for event in rig.of(Message))
    assert case.says in messages
    record_property("fault", [case.fault, ""])


@pytest.mark.parametrize("moment", [2.0, 12.0, 30.0, 44.0, 60.0])
def test_a_run_that_is_stopped_without_its_components_ends_all_the_same(moment, record_property):
    faults = [f"leaves_enabled@{name}/{moment:g}s" for name in ("ATCamera", "OCPS:1")]

    async def scenario() -> None:
        rig = make_rig(*faults)

        async def stop(task: asyncio.Task) -> None:
            await asyncio.sleep(moment + 0.5)
            task.cancel()

        async with rig.observatory:
            run = rig.make()
            task = asyncio.create_task(run.execute())
            await stop(task)
            await asyncio.wait([task])
            begin = asyncio.get_running_loop().time()
            await run.clean_up()
            assert asyncio.get_running_loop().time() - begin <= LONGEST
            assert len(rig.of(RunEnded)) == 1
            check_truth_after_stop(rig)
            rig.observatory.repair()
            outcome = await carry_out(rig)
            assert statuses(outcome) == ("certified", "certified")

    run_fast(scenario())
    record_property("fault", ["stop, with camera and OCPS in FAULT", ""])
