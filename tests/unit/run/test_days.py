# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The observing day ends during a run."""

import pytest
from fault_matrix import DAYS, Case
from rigs import Rig, carry_out, certified, make_rig, statuses

from lsst.ts.dailycal.model import Certified, ExposureTaken, ImageType
from lsst.ts.dailycal.run import RunState
from lsst.ts.dailycal.sim.clock import day_obs
from lsst.ts.dailycal.testing.loop import run_fast

EXPECTED = {
    "before the first bias": ({20261123}, {20261123}),
    "among the biases": ({20261122, 20261123}, {20261123}),
    "between biases and darks": ({20261122}, {20261123}),
    "among the darks": ({20261122}, {20261122, 20261123}),
    "while jobs run": ({20261122}, {20261122}),
}


async def _carry_out(case: Case) -> Rig:
    rig = make_rig(start=case.start)
    async with rig.observatory:
        outcome = await carry_out(rig)
    assert statuses(outcome) == case.statuses
    assert all(item.kept == item.wanted for item in outcome.calibrations)
    return rig


@pytest.mark.parametrize("case", DAYS, ids=lambda case: case.fault)
def test_what_is_certified_is_valid_on_the_days_of_its_exposures(case, record_property):
    rig = run_fast(_carry_out(case))
    when = next(when for when in EXPECTED if case.fault.endswith(when))
    state = RunState(rig.events)
    for kind, days in zip((ImageType.BIAS, ImageType.DARK), EXPECTED[when], strict=True):
        assert {name.day_obs for name in state.usable(kind)} <= days
        assert {
            event.image.name.day_obs
            for event in rig.of(ExposureTaken)
            if event.image.planned.image_type is kind
        } == days
        begin, end = certified(rig)[kind.dataset_type]
        used = {name.day_obs for name in state.usable(kind)}
        assert day_obs(begin) == min(used)
        assert day_obs(end - 1) == max(used)
    assert len(rig.of(Certified)) == 2
    record_property("fault", [case.fault, ""])
