# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Frames that are there and bad, and days that change: through real processes."""

import pytest
from fault_rig import QUICK, observatory

from lsst.ts.dailycal.model import Certified, Decided

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(400),
    pytest.mark.usefixtures("scripts_end"),
]

NOON = 1_795_521_637.0
"""A start of the observatory at 2026-11-24T12:00:00 TAI, when an observing day begins."""
DAY = 20261125
DONE, FAILED = (0, "DONE"), (1, "FAILED")
BAD_FRAMES = {
    "shutter_stuck@DARK/2": (DONE, ["certified", "rejected"]),
    "file_nan@BIAS/6": (FAILED, ["rejected", "not attempted"]),
    "file_saturated@BIAS/10": (FAILED, ["rejected", "not attempted"]),
}
"""Each in a run of its own, with 4 biases and 3 darks, the first ones discarded.

A rejection is a result and no failure; but without the bias that was asked for there is no dark.
"""
STEP, SEQUENCER = "clock_step@2s:seconds=86400", f"new_sequencer:day_obs={DAY}"
FAULTS = [*BAD_FRAMES, STEP, SEQUENCER]


@pytest.fixture
def rig(tmp_path, template):
    with observatory(tmp_path, template, *BAD_FRAMES) as rig:
        yield rig


async def test_bad_frames_are_rejected_and_nothing_is_certified_with_them(rig):
    for number, (fault, (end, statuses)) in enumerate(BAD_FRAMES.items()):
        collection = f"LATISS/calib/{number}"
        config = {**QUICK, "calib_collection": collection}
        result = await rig.run(config)
        assert (result.exit_code, result.state) == end, f"{fault}: {result.text}"
        assert rig.statuses() == statuses, f"{fault}: {result.text}"
        certified = {str(event.image_type).lower(): 1 for event in rig.events(Certified)}
        assert await rig.certifications(collection) == {"bias": 0, "dark": 0} | certified
        # What was decided stands; only other frames can be accepted.
        again = await rig.resume(config)
        assert (again.exit_code, again.state) == end, f"{fault}: {again.text}"
        assert rig.statuses() == statuses
        rig.note(fault, result, again)


async def test_another_sequencer_file_and_a_new_day_in_the_middle_are_seen_in_the_frames(
    tmp_path, template
):
    with observatory(tmp_path, template, STEP, SEQUENCER, start_tai=NOON) as rig:
        result = await rig.run(script_mode="BIAS")
        assert (result.exit_code, result.state) == DONE, result.text
        assert rig.statuses() == ["rejected"]
        assert {name[5:13] for name in rig.raw_files()} == {str(DAY)}
        assert not rig.events(Decided)[0].decision.accepted
        rig.note(STEP, result)
        rig.note(SEQUENCER, result)
