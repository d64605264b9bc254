# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new calibration is compared with the one in use before it is certified."""

import dataclasses

from lsst.ts.dailycal.calibration import final_verdict
from lsst.ts.dailycal.model import CalibrationStatus, Certified, Compared, ComparisonVerdict
from lsst.ts.dailycal.testing.loop import pytest_asyncio_loop_factories

__all__ = ["pytest_asyncio_loop_factories"]

BIAS = {
    "script_mode": "BIAS",
    "generate_calibrations": True,
    "n_bias": 6,
    "do_verify": False,
    # Frames that differ from what is in use would end the acquisition before there is a gate.
    "measure": False,
}


def spoil_the_reference(store):
    """Put another level into what is certified, as if frames of today glowed."""
    run, image = store.find_in_use(["LATISS/calib"], "bias", 2e9, "")
    store.put(run, "bias", dataclasses.replace(image, pixels=image.pixels - 43.0))


async def test_the_same_detector_passes_even_without_verification(make_rig):
    rig = make_rig()
    async with rig.observatory:
        outcome = await rig.make(**BIAS, on_difference="refuse").execute()
    (event,) = rig.events(Compared)
    assert event.comparison.verdict is ComparisonVerdict.SAME
    assert outcome.calibrations[0].status is CalibrationStatus.CERTIFIED


async def test_what_differs_is_refused_without_verification_too(make_rig):
    rig = make_rig()
    async with rig.observatory:
        spoil_the_reference(rig.observatory.store)
        outcome = await rig.make(**BIAS, on_difference="refuse").execute()
    assert outcome.calibrations[0].status is CalibrationStatus.REJECTED
    assert not rig.events(Certified)
    assert "level of all 16 amplifiers differs" in final_verdict(outcome).warnings[0]


async def test_what_differs_is_certified_with_a_warning_unless_told_otherwise(make_rig):
    rig = make_rig()
    async with rig.observatory:
        spoil_the_reference(rig.observatory.store)
        outcome = await rig.make(**BIAS).execute()
    assert outcome.calibrations[0].status is CalibrationStatus.CERTIFIED
    assert "worse against" in final_verdict(outcome).reason
