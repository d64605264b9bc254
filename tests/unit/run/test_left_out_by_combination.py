# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What combination leaves out by itself is told, written down and shown."""

import pytest

from lsst.ts.dailycal.calibration import final_verdict
from lsst.ts.dailycal.journal.codec import Entry
from lsst.ts.dailycal.model import (
    CalibrationStatus,
    CombinationNoted,
    Decided,
    JobAsked,
    JobStep,
    Message,
)
from lsst.ts.dailycal.report.compile import compile_report
from lsst.ts.dailycal.report.html import render_html
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.sim.direct.archive import DirectArchive
from lsst.ts.dailycal.testing.loop import pytest_asyncio_loop_factories

__all__ = ["pytest_asyncio_loop_factories"]

FAULT = "header_wrong@BIAS/4"
REASON = "image type is ENGTEST, not BIAS"
FEW = {
    "script_mode": "BIAS",
    "generate_calibrations": True,
    "n_bias": 6,
    "min_bias": 5,
    "measure": False,  # or the frame would be taken again before anybody combines it
}
MANY = {**FEW, "n_bias": 30, "min_bias": 20}
"""So many that a frame that is not among them has no more noise than verification allows."""


async def carry_out(make_rig, *faults, **given):
    rig = make_rig(*faults)
    async with rig.observatory:
        rig.outcome = await rig.make(**given).execute()
    return rig


def report_of(rig):
    return compile_report(records_of(rig), DirectArchive(rig.observatory.store))[0]


def records_of(rig, but_not=()):
    events = [event for event in rig.events() if not isinstance(event, but_not)]
    return [Entry(number, 1.8e9 + number, event) for number, event in enumerate(events)]


def told(rig):
    return [event.text for event in rig.events(Message) if "combination left out" in event.text]


async def test_a_frame_that_is_bad_as_well_is_named_with_the_reason_of_combination(make_rig):
    rig = await carry_out(make_rig, FAULT, **FEW)
    (noted,) = rig.events(CombinationNoted)
    ((exposure, reason),) = noted.reasons.items()
    assert (noted.key.attempt, reason) == (1, REASON)
    first, second = (event.decision for event in rig.events(Decided))
    line = f"combination left out exposure 4 of {exposure // 100000} ({REASON})"
    assert first.reasons == (line,), "and not NOISE, for which nobody need look"
    assert first.left_out == (exposure,)
    assert "it is made of 5 exposures only" in first.remarks[0]
    assert second.accepted
    assert told(rig)[0] == f"BIAS: {line}."
    assert f"once more: {line}." in told(rig)[1]
    (bias,) = rig.outcome.calibrations
    assert (bias.status, bias.kept) == (CalibrationStatus.CERTIFIED, 5)


async def test_a_frame_that_passes_stays_and_is_told_of(make_rig):
    rig = await carry_out(make_rig, FAULT, **MANY)
    (decided,) = rig.events(Decided)
    assert decided.decision.accepted
    assert not decided.decision.bad_exposures
    assert "combination left out exposure 4" in decided.decision.remarks[0]
    assert len(told(rig)) == 1
    queries = [event.request.data_query for event in rig.events(JobAsked)]
    (exposure,) = rig.events(CombinationNoted)[0].reasons
    assert len(queries) == 2
    assert all(str(exposure) in query for query in queries)
    assert "29 of 30 images: combination left out" in final_verdict(rig.outcome).reason


@pytest.mark.parametrize("given", [FEW, MANY], ids=["verified again", "stays"])
async def test_the_report_shows_it_where_exposures_are_listed(make_rig, given):
    rig = await carry_out(make_rig, FAULT, **given)
    report = report_of(rig)
    (odd,) = (item for item in report.exposures if item.fate == "left out")
    assert (odd.number, odd.reason) == (4, f"combination left it out: {REASON}")
    (bias,) = report.calibrations
    assert bias.kept == given["n_bias"] - 1 == bias.combined.exposures
    assert bias.combined.left_out == (
        () if given is FEW else rig.events(CombinationNoted)[0].left_out
    )
    assert f"left out</span>: combination left it out: {REASON}" in render_html(report, {})


async def test_a_journal_of_before_is_read_and_says_what_it_knew(make_rig):
    rig = await carry_out(make_rig, FAULT, **MANY)
    records = records_of(rig, but_not=CombinationNoted)
    lines = [RUN_CODEC.encode(item.event, number=item.number, tai=item.tai) for item in records]
    report, _ = compile_report([RUN_CODEC.decode(line) for line in lines])
    assert report.calibrations[0].kept == 30
    assert {item.fate for item in report.exposures} == {"discarded", "used"}


async def test_it_is_told_without_verification_and_by_other_rules_as_well(make_rig):
    for given in ({"do_verify": False}, {"accept_rule": "exposures"}):
        rig = await carry_out(make_rig, FAULT, **FEW, **given)
        assert len(told(rig)) == 1
        assert rig.outcome.calibrations[0].kept == 5


async def test_a_run_that_goes_on_tells_nothing_twice(make_rig):
    rig = make_rig(FAULT)
    async with rig.observatory:
        await rig.make(**FEW, calib_collection="LATISS/calib/first").execute()
        lines = rig.storage.lines
        kinds = [type(RUN_CODEC.decode(line).event) for line in lines]
        told_at = kinds.index(CombinationNoted)
        del lines[kinds.index(Message, told_at) + 1 :]
        outcome = await rig.make(**FEW).execute()
    assert len(rig.events(CombinationNoted)) == 1
    assert len(told(rig)) == 2, "by combination, and as the reason to combine the others again"
    assert outcome.calibrations[0].kept == 5


async def test_a_calibration_that_cannot_be_read_is_a_warning(make_rig):
    rig = await carry_out(make_rig, "repository_unreadable@combined_bias/1", FAULT, **FEW)
    assert (
        "BIAS: what combination left out is not known: combined_bias cannot be read" in rig.messages
    )
    assert rig.outcome.calibrations[0].status is CalibrationStatus.CERTIFIED


async def test_half_of_the_frames_differ_and_that_is_noted(make_rig):
    """Nobody can say which are right: combination leaves none out, and says so."""
    rig = await carry_out(
        make_rig, "amplifier_shifted@BIAS/6-10:amplifier=all", **{**FEW, "n_bias": 10}
    )
    (noted,) = rig.events(CombinationNoted)
    assert noted.key.step is JobStep.GENERATE
    assert not noted.left_out
    assert "of 10 frames differ, none is left out" in noted.notes[0]
    assert f"BIAS: {noted.notes[0]}." in rig.messages
    assert noted.notes[0] in rig.events(Decided)[0].decision.remarks
