# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every frame is measured as it comes: bad ones are taken again, or end the acquisition."""

import dataclasses

import pytest

from lsst.ts.dailycal.model import (
    ExposureTaken,
    FrameVerdict,
    ImageMeasured,
    ImageType,
    MeasurementError,
    TroubleKind,
)
from lsst.ts.dailycal.sim.direct.reference import add_reference

QUICK = {
    "script_mode": "BIAS_DARK",
    "n_bias": 4,
    "n_dark": 6,
    "exp_times_dark": 5,
    "do_verify": False,
}


def verdicts(rig, verdict):
    """Labels of the frames of which that was said last, with the kinds of trouble."""
    state = rig.state
    return {
        state.planned[name].label: {trouble.kind for trouble in event.troubles}
        for name, event in state.measured.items()
        if event.verdict is verdict
    }


async def run(rig, **given):
    async with rig.observatory:
        return await rig.make(**{**QUICK, **given}).execute()


async def test_every_frame_of_a_healthy_run_is_measured_and_good(make_rig):
    rig = make_rig()
    outcome = await run(rig)
    assert outcome.failure is None
    names = [event.image.name for event in rig.events(ExposureTaken)]
    assert sorted(rig.state.measured) == sorted(names)
    assert verdicts(rig, FrameVerdict.BAD) == {}
    assert verdicts(rig, FrameVerdict.SETTLING) == {}
    assert all(event.measurement for event in rig.events(ImageMeasured))


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("glow@BIAS/4", TroubleKind.LIGHT),
        ("noise_burst@BIAS/4", TroubleKind.BURST),
        ("frame_identical@BIAS/3-4", TroubleKind.IDENTICAL),
    ],
)
async def test_a_bad_frame_is_taken_again_at_once_and_kept_out(make_rig, fault, kind):
    rig = make_rig(fault)
    outcome = await run(rig, script_mode="BIAS")
    (bias,) = outcome.calibrations
    assert (bias.kept, bias.wanted) == (4, 4)
    found = verdicts(rig, FrameVerdict.BAD)
    assert set(found) == {"BIAS 4/5"}
    assert kind in found["BIAS 4/5"]
    (bad,) = rig.state.rejected(ImageType.BIAS)
    assert bad.name in rig.state.all_images
    assert bad.name not in rig.state.usable(ImageType.BIAS)
    assert len(rig.events(ExposureTaken)) == 6
    there = {raw.exposure.name for raw in rig.observatory.store.raws}
    assert bad.name in there


async def test_a_bad_frame_that_is_not_to_be_taken_again_is_named_and_kept(make_rig):
    rig = make_rig("glow@BIAS/4")
    outcome = await run(rig, script_mode="BIAS", retake_bad=False)
    assert outcome.calibrations[0].kept == 4
    assert set(verdicts(rig, FrameVerdict.BAD)) == {"BIAS 4/5"}
    assert len(rig.events(ExposureTaken)) == 5


async def test_an_amplifier_that_dies_ends_the_acquisition_after_three_frames(make_rig):
    rig = make_rig("amplifier_dead@DARK/4-:amplifier=C13")
    outcome = await run(rig)
    bias, dark = outcome.calibrations
    assert bias.kept == 4
    assert outcome.failure is not None
    assert "C13" in outcome.failure.reason
    assert "dead" in outcome.failure.reason
    assert "resume" in outcome.failure.remedy
    bad = verdicts(rig, FrameVerdict.BAD)
    assert all(kinds == {TroubleKind.DEAD} for kinds in bad.values())
    darks = [e for e in rig.events(ExposureTaken) if e.image.planned.image_type is ImageType.DARK]
    # Three that are good, three that are not, and at most the one that was under way.
    assert 6 <= len(darks) <= 7
    assert dark.kept == 2


async def test_a_run_that_ended_on_bad_frames_is_resumed_when_that_is_repaired(make_rig):
    rig = make_rig("amplifier_dead@DARK/4-7")
    async with rig.observatory:
        outcome = await rig.make(**QUICK).execute()
        assert outcome.failure is not None
        outcome = await rig.make(**QUICK).execute()
    assert outcome.failure is None
    assert [item.kept for item in outcome.calibrations] == [4, 6]


async def test_the_first_frames_that_settle_are_discarded_and_use_up_no_attempt(make_rig):
    rig = make_rig("settling@BIAS/*:strength=300,frames=1")
    outcome = await run(rig, script_mode="BIAS", max_attempts=1, n_bias=6)
    (bias,) = outcome.calibrations
    assert (bias.kept, bias.wanted) == (6, 6)
    settling = verdicts(rig, FrameVerdict.SETTLING)
    assert "BIAS 1/7" in settling
    assert "BIAS 2/7" in settling
    assert len(settling) <= 5
    assert verdicts(rig, FrameVerdict.BAD) == {}


async def test_nothing_is_measured_if_that_is_not_wanted(make_rig):
    rig = make_rig("glow@BIAS/4")
    outcome = await run(rig, script_mode="BIAS", measure=False)
    assert outcome.calibrations[0].kept == 4
    assert rig.events(ImageMeasured) == []
    assert len(rig.events(ExposureTaken)) == 5


class Unreadable:
    """Measuring from where the files cannot be read."""

    asked = 0

    async def measure(self, name, timeout):
        self.asked += 1
        raise MeasurementError(f"{name} cannot be read from here: no such directory.")

    async def close(self):
        pass


async def test_frames_that_cannot_be_read_from_here_are_a_remark_and_no_failure(make_rig):
    rig = make_rig()
    measuring = Unreadable()
    async with rig.observatory:
        rig.make(**QUICK)
        ports = dataclasses.replace(rig.context.ports, measuring=measuring)
        context = dataclasses.replace(rig.context, ports=ports)
        outcome = await _run_of(context).execute()
    assert outcome.failure is None
    assert [item.kept for item in outcome.calibrations] == [4, 6]
    assert rig.messages.count("is not measured") == 2
    assert measuring.asked == 3, "after three it is not tried again"
    assert set(verdicts(rig, FrameVerdict.UNREADABLE)) == {
        item.label for item in rig.context.plan.exposures
    }


def _run_of(context):
    from lsst.ts.dailycal.run import Run

    return Run(context, "")


async def test_a_frame_that_was_not_measured_before_a_crash_is_measured_by_who_resumes(make_rig):
    rig = make_rig()
    given = {**QUICK, "script_mode": "BIAS"}
    async with rig.observatory:
        await rig.make(**given).execute()
        lost = ('"ImageMeasured"', '"RunEnded"')
        rig.storage.lines[:] = [
            line for line in rig.storage.lines if not any(event in line for event in lost)
        ]
        outcome = await rig.make(**given).execute()
    assert outcome.failure is None
    assert len(rig.events(ImageMeasured)) == 5


GLOW = "glow@BIAS/*:strength=100,width=0.6"
WITH_GATE = {"script_mode": "BIAS", "generate_calibrations": True, "n_bias": 7}


async def test_a_glow_in_all_frames_is_seen_against_what_is_in_use_and_ends_the_acquisition(
    make_rig,
):
    rig = make_rig(GLOW)
    outcome = await run(rig, **WITH_GATE, on_difference="refuse")
    assert verdicts(rig, FrameVerdict.BAD) == {}, "they are alike"
    assert "electron brighter than with the bias in use" in outcome.failure.reason
    assert "Look for light" in outcome.failure.remedy
    assert len(rig.events(ExposureTaken)) <= 5, "three, and what was under way"


async def test_what_would_be_certified_all_the_same_is_told_once(make_rig):
    rig = make_rig(GLOW)
    outcome = await run(rig, **WITH_GATE)
    assert outcome.failure is None
    assert rig.messages.count("three frames in a row differ in the same way") == 1
    assert outcome.calibrations[0].kept == 7


async def test_a_healthy_run_does_not_differ_from_what_is_in_use(make_rig):
    rig = make_rig()
    outcome = await run(rig, **{**WITH_GATE, "script_mode": "BIAS_DARK"}, on_difference="refuse")
    assert outcome.failure is None
    assert "differ in the same way" not in rig.messages


async def test_another_sequencer_is_not_held_against_what_is_in_use(make_rig):
    rig = make_rig("new_sequencer", reference=False)
    store = rig.observatory.store
    add_reference(store, rig.observatory.world)
    where, bias = store.find_in_use(["LATISS/calib"], "bias", 2e9, "")
    provenance = dataclasses.replace(bias.provenance, setup=(("SEQFILE", "of_before.seq"),))
    store.put(where, "bias", dataclasses.replace(bias, provenance=provenance))
    outcome = await run(rig, **WITH_GATE, on_difference="refuse")
    assert outcome.failure is None
    assert "differ in the same way" not in rig.messages
