# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Frames that are there and bad, and days that change: through real processes."""

import pytest
from fault_rig import QUICK, observing

from lsst.ts.dailycal.model import Certified, Decided, ImageMeasured

pytestmark = [
    pytest.mark.system,
    pytest.mark.timeout(580),
    pytest.mark.usefixtures("scripts_end"),
]

NOON = 1_795_521_637.0
"""A start of the observatory at 2026-11-24T12:00:00 TAI, when an observing day begins."""
DAY = 20261125
DONE, FAILED = (0, "DONE"), (1, "FAILED")
REPLACED = (FAILED, ["not attempted", "certified"], DONE, ["certified", "certified"])
BAD_FRAMES = {
    "shutter_stuck@DARK/2": (FAILED, ["certified", "failed"], FAILED, ["certified", "failed"]),
    "file_nan@BIAS/6": REPLACED,
    "file_short@BIAS/11": REPLACED,
    "file_saturated@BIAS/16": (DONE, ["certified", "certified"], DONE, ["certified", "certified"]),
}
"""How each ends, and after resume; in a run of its own with 4 biases and 3 darks.

The light looks like cosmic rays, more than there can be, and the job says so every time. A file
that is cut short, or whose pixels are no numbers, cannot be read, and is taken again. Saturated
pixels are left out of the bias, and the frame counts as a bad one: one of three is no reason to
reject the others.
"""
ODD_FRAMES = (
    "frame_identical@BIAS/4-5",
    "glow@BIAS/7:strength=300",
    "light_leak@BIAS/9:light=30",
    "settling@BIAS/11",
    "level_step@BIAS/13:strength=200,amplifier=all",
    "amplifier_shifted@BIAS/15",
    "amplifier_noisy@BIAS/17",
    "noise_burst@BIAS/19",
    "gain_lost@BIAS/21",
    "stuck_bit@BIAS/23",
    "amplifier_dead@BIAS/25",
    "oscillation@BIAS/27:amplifier=all",
    "overscan_bleed@BIAS/29:amplifier=all",
    "readout_shifted@BIAS/31",
    "header_wrong@BIAS/33",
)
"""One frame each is odd, with good ones between them, and is taken again."""
UNSEEN_FRAMES = ("exposure_wrong@BIAS/10:seconds=5",)
"""Frames that are good as far as anybody can see."""
STEP, SEQUENCER = "clock_step@2s:seconds=86400", f"new_sequencer:day_obs={DAY}"
FAULTS = [*BAD_FRAMES, *ODD_FRAMES, *UNSEEN_FRAMES, STEP, SEQUENCER]


@pytest.fixture
async def rig(tmp_path, template):
    async with observing(tmp_path, template, *BAD_FRAMES) as rig:
        yield rig


async def test_bad_frames_are_told_and_nothing_is_made_of_them(rig):
    for number, (fault, expected) in enumerate(BAD_FRAMES.items()):
        collection = f"LATISS/calib/{number}"
        # What verification makes of them; measured, they would have been taken again.
        config = {**QUICK, "calib_collection": collection, "measure": False}
        result = await rig.run(config)
        seen = [(result.exit_code, result.state), rig.statuses()]
        certified = {str(event.image_type).lower(): 1 for event in rig.events(Certified)}
        assert await rig.certifications(collection) == {"bias": 0, "dark": 0} | certified
        again = await rig.resume(config)
        seen += [(again.exit_code, again.state), rig.statuses()]
        assert tuple(seen) == expected, f"{fault}: {result.text}\n{again.text}"
        rig.note(fault, result, again)
    (bias, dark) = (event.decision for event in rig.events(Decided))
    assert (len(bias.bad_exposures), len(dark.bad_exposures)) == (1, 0), "it was not noticed"


async def test_odd_frames_are_measured_and_taken_again_while_the_run_goes_on(tmp_path, template):
    async with observing(tmp_path, template, *ODD_FRAMES, *UNSEEN_FRAMES) as rig:
        # A frame that is taken again may be struck by one of the faults that come later.
        result = await rig.run(script_mode="BIAS", n_bias=20, do_verify=False, max_attempts=5)
        assert (result.exit_code, result.state) == DONE, result.text
        rejected = [event for event in rig.events(ImageMeasured) if event.rejected]
        assert len(rejected) == len(ODD_FRAMES), result.text
        for fault in (*ODD_FRAMES, *UNSEEN_FRAMES):
            rig.note(fault, result)


async def test_another_sequencer_file_and_a_new_day_in_the_middle_are_seen_in_the_frames(
    tmp_path, template
):
    async with observing(tmp_path, template, STEP, SEQUENCER, start_tai=NOON) as rig:
        # Verified against the reference: a combined bias of these frames has the same pattern.
        result = await rig.run(script_mode="BIAS", generate_calibrations=False)
        assert (result.exit_code, result.state) == DONE, result.text
        assert rig.statuses() == ["rejected"]
        assert {name[5:13] for name in rig.raw_files()} == {str(DAY)}
        assert not rig.events(Decided)[0].decision.accepted
        rig.note(STEP, result)
        rig.note(SEQUENCER, result)
