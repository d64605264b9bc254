# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What verification calls bad is not in what is certified."""

from lsst.ts.dailycal.calibration import final_verdict
from lsst.ts.dailycal.model import (
    CalibrationStatus,
    Certified,
    Decided,
    ImageType,
    JobAsked,
    JobKey,
    JobStep,
)
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.testing.loop import pytest_asyncio_loop_factories

__all__ = ["pytest_asyncio_loop_factories"]

ONE_BAD = {
    "script_mode": "BIAS",
    "generate_calibrations": True,
    "n_bias": 6,
    "min_bias": 5,
    "measure": False,  # or the frame would be taken again before anybody verifies it
}
FAULT = "file_saturated@BIAS/4"
KEYS = [JobKey(step, ImageType.BIAS, attempt) for attempt in (1, 2) for step in JobStep]


async def test_a_bad_frame_is_left_out_and_the_rest_combined_and_verified_once_more(make_rig):
    rig = make_rig(FAULT)
    async with rig.observatory:
        outcome = await rig.make(**ONE_BAD).execute()
    first, second = (event.decision for event in rig.events(Decided))
    assert [event.key for event in rig.events(JobAsked)] == KEYS
    assert (first.accepted, second.accepted) == (False, True)
    (bad,) = first.left_out
    queries = [event.request.data_query for event in rig.events(JobAsked)]
    assert [str(bad) in query for query in queries] == [True, True, False, False]
    assert (second.exposures, second.bad_exposures) == (5, ())
    (bias,) = outcome.calibrations
    assert (bias.status, bias.kept) == (CalibrationStatus.CERTIFIED, 5)
    text = f"exposure {bad % 100000} of {bad // 100000}: PROCESSING on all 16 amplifiers"
    assert text in rig.messages
    (certified,) = rig.events(Certified)
    store = rig.observatory.store
    assert bad not in store.find([certified.certification.input_collection], "bias").inputs


async def test_a_run_that_was_killed_after_the_first_decision_goes_on_with_the_rest(make_rig):
    rig = make_rig(FAULT)
    async with rig.observatory:
        await rig.make(**ONE_BAD).execute()
        (certified,) = rig.events(Certified)
        rig.observatory.store.decertify(f"{certified.certification.input_collection}/run")
        lines = [RUN_CODEC.decode(line).event for line in rig.storage.lines]
        last = next(n for n, event in enumerate(lines) if isinstance(event, Decided))
        del rig.storage.lines[last + 1 :]
        outcome = await rig.make(**ONE_BAD).execute()
    assert [event.key for event in rig.events(JobAsked)] == KEYS, "nothing is done twice"
    assert outcome.calibrations[0].status is CalibrationStatus.CERTIFIED


async def test_below_the_minimum_nothing_is_certified_and_the_reason_says_why(make_rig):
    rig = make_rig(FAULT)
    async with rig.observatory:
        outcome = await rig.make(**{**ONE_BAD, "min_bias": 6}).execute()
    assert outcome.calibrations[0].status is CalibrationStatus.REJECTED
    assert not rig.events(Certified)
    reason = final_verdict(outcome).warnings[0]
    assert "5 of 6 are good, 6 are needed" in reason
    assert "PROCESSING on all 16 amplifiers" in reason


async def test_a_reference_of_three_frames_does_not_fail_a_healthy_night(make_rig):
    """Its noise is in every frame that is compared with it: 15 % more, and NOISE allows 5 %."""
    rig = make_rig()
    async with rig.observatory:
        made = {**ONE_BAD, "n_bias": 3, "min_bias": 3, "do_verify": False}
        await rig.make(**made, calib_collection="LATISS/calib/few").execute()
        rig.storage.lines.clear()
        night = {**ONE_BAD, "generate_calibrations": False}
        night["input_collections_verify_bias"] = "LATISS/calib/few"
        outcome = await rig.make(**night).execute()
        rig.storage.lines.clear()
        today = await rig.make(**night, accept_rule="exposures").execute()
    assert outcome.calibrations[0].status is CalibrationStatus.VERIFIED
    assert today.calibrations[0].status is CalibrationStatus.REJECTED
