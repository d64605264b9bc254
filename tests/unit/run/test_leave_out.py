# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What verification calls bad is not in what is certified."""

import pytest

from lsst.ts.dailycal.calibration import final_verdict, is_masking
from lsst.ts.dailycal.model import (
    AmplifiersGivenUp,
    CalibrationStatus,
    Certified,
    Decided,
    ImageType,
    JobAsked,
    JobKey,
    JobStep,
)
from lsst.ts.dailycal.pipelines.image import Mask
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


DEAD = "amplifier_dead@BIAS/*:amplifier=C13"
MASK = {**ONE_BAD, "n_bias": 6, "min_bias": 5, "on_bad_amplifiers": "mask"}


async def test_an_amplifier_that_is_bad_everywhere_is_refused_unless_told_otherwise(make_rig):
    rig = make_rig(DEAD)
    async with rig.observatory:
        outcome = await rig.make(**{**MASK, "on_bad_amplifiers": "refuse"}).execute()
    assert outcome.calibrations[0].status is CalibrationStatus.REJECTED
    assert "C13: NOISE too low in most of 6 exposures" in final_verdict(outcome).warnings[0]


async def test_a_bad_amplifier_is_masked_in_what_is_certified_and_everybody_is_told(make_rig):
    rig = make_rig(DEAD, FAULT)
    async with rig.observatory:
        outcome = await rig.make(**MASK).execute()
    first, second = (event.decision for event in rig.events(Decided))
    assert first.to_mask == (("C13", "NOISE too low"),)
    assert len(first.left_out) == 1, "what is bad otherwise is left out at the same time"
    assert second.accepted
    assert second.masked == first.to_mask
    options = [event.request.config for event in rig.events(JobAsked)]
    assert ["-c cpBias:badAmplifiers=C13" in text for text in options] == [
        False, False, True, False,
    ]  # fmt: skip
    (certified,) = rig.events(Certified)
    bias = rig.observatory.store.find([certified.certification.input_collection], "bias")
    flagged = {
        item.name
        for item in bias.amplifiers
        if (section := item.section)
        and (bias.mask[section.y0 : section.y1, section.x0 : section.x1] & Mask.BAD).any()
    }
    assert flagged == {"C13"}
    assert bias.provenance.masked == ("C13",)
    verdict = final_verdict(outcome)
    assert "C13 masked BAD (NOISE too low)" in verdict.reason
    assert verdict.warnings == ("BIAS: certified without amplifiers: C13 masked BAD",)
    assert is_masking(verdict.warnings[0])
    assert "1 left out, C13 masked, the other 5 exposures are combined" in rig.messages


async def test_more_bad_amplifiers_than_may_be_masked_are_refused(make_rig):
    rig = make_rig("amplifier_dead@BIAS/*:amplifier=C10+C13")
    async with rig.observatory:
        outcome = await rig.make(**MASK, max_masked=1).execute()
    assert outcome.calibrations[0].status is CalibrationStatus.REJECTED
    assert "no more than 1 may be masked" in final_verdict(outcome).warnings[0]


async def test_what_is_masked_in_the_bias_is_masked_in_the_dark_and_known_next_time(make_rig):
    rig = make_rig("amplifier_dead@*:amplifier=C13")
    both = {**MASK, "script_mode": "BIAS_DARK", "n_dark": 6, "exp_times_dark": 5}
    async with rig.observatory:
        outcome = await rig.make(**both).execute()
        rig.storage.lines.clear()
        # The next night looks at its frames with the calibrations of this one.
        night = {**both, "generate_calibrations": False}
        for kind in ("bias", "dark"):
            night[f"input_collections_verify_{kind}"] = "LATISS/calib/daily"
        later = await rig.make(**night).execute()
    assert [item.status for item in outcome.calibrations] == [CalibrationStatus.CERTIFIED] * 2
    assert [item.decision.masked[0][0] for item in outcome.calibrations] == ["C13", "C13"]
    store = rig.observatory.store
    _, dark = store.find_in_use(["LATISS/calib/daily"], "dark", 4e9, "")
    assert dark.provenance.masked == ("C13",)
    assert [item.status for item in later.calibrations] == [CalibrationStatus.VERIFIED] * 2
    assert [item.decision.masked for item in later.calibrations] == [
        (("C13", "as in the bias in use"),),
        (("C13", "as in the dark in use"),),
    ]


@pytest.mark.parametrize("most", [1, 4])
async def test_frames_are_not_bad_for_an_amplifier_that_is_masked(make_rig, most):
    names = "C13" if most == 4 else "C10+C13"
    rig = make_rig(f"amplifier_dead@*:amplifier={names}", FAULT.replace("BIAS/4", "DARK/5"))
    given = {**MASK, "measure": True, "max_masked": most, "do_verify": False}
    given |= {"script_mode": "BIAS_DARK", "n_dark": 6, "exp_times_dark": 5}
    async with rig.observatory:
        outcome = await rig.make(**given).execute()
    given_up = rig.events(AmplifiersGivenUp)
    if most == 1:
        assert not given_up
        assert outcome.failure is not None
        return
    assert outcome.failure is None
    assert [(event.image_type, event.amplifiers) for event in given_up] == [
        (ImageType.BIAS, ("C13",))
    ]
    bias, dark = outcome.calibrations
    assert (bias.kept, bias.status) == (6, CalibrationStatus.CERTIFIED)
    assert dark.kept == 6
    assert not rig.state.rejected(ImageType.BIAS), "what was bad for it alone is good again"
    (bad,) = rig.state.rejected(ImageType.DARK)
    assert "C13" not in bad.troubles[0].amplifiers
    store = rig.observatory.store
    assert store.find_in_use(["LATISS/calib/daily"], "bias", 4e9, "")[1].provenance.masked == (
        "C13",
    )
    assert "masked from here on, bad in three frames in a row: C13: dead" in rig.messages
