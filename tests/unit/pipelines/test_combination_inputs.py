# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames are combined, and what is seen in the levels of darks."""

from __future__ import annotations

import dataclasses
import math
import threading

import numpy as np
import pytest

from lsst.ts.dailycal.model.dark_fit import AmplifierLine, DarkFit
from lsst.ts.dailycal.model.errors import StatisticsError
from lsst.ts.dailycal.pipelines.combine import combine_bias, combine_dark
from lsst.ts.dailycal.pipelines.image import Mask
from lsst.ts.dailycal.pipelines.inputs import InputError, InputFacts, select_inputs
from lsst.ts.dailycal.pipelines.isr import correct_frame
from lsst.ts.dailycal.pipelines.lines import fit_line, sure_intercept
from lsst.ts.dailycal.pipelines.metrics import measure_exposure
from lsst.ts.dailycal.pipelines.raw.group import FrameGroup
from lsst.ts.dailycal.pipelines.threads import as_they_come, in_threads
from lsst.ts.dailycal.pipelines.verify import stats_of_run

TIMES = [5.0] * 4 + [15.0] * 2 + [30.0] * 16
SETTINGS = {
    "detector": "ITL-3800C-068",
    "sequencer_name": "latiss.seq",
    "sequencer_file": "latiss.seq",
    "sequencer_checksum": "1234",
    "set_point": -104.0,
}


def facts(number, image_type="BIAS", exposure_time=0.0, **settings):
    group = FrameGroup(image_type, exposure_time, **(SETTINGS | settings))
    return InputFacts(number, image_type, exposure_time, "2026-11-23T12:00:00.000", group.settings)


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        (facts(9, image_type="DARK"), "image type is DARK"),
        (facts(9, exposure_time=2.0), "exposure time is 2 s"),
        (facts(9, sequencer_name="new.seq"), "SEQNAME is new.seq, that of the others latiss.seq"),
        (facts(9, sequencer_file="new.seq"), "SEQFILE is new.seq"),
        (facts(9, sequencer_checksum="99"), "SEQCKSUM is 99"),
        (facts(9, set_point=-90.0), "TEMP_SET is -90.00"),
        (facts(9, detector="E2V-1"), "LSST_NUM is E2V-1"),
        (facts(9, odp="x"), "ODP is x, that of the others missing"),
        (facts(9, ap0_rc="x"), "AP0_RC is x, that of the others missing"),
        (facts(9, sequencer_name=None), "SEQNAME is missing, that of the others latiss.seq"),
    ],
)
def test_a_frame_that_does_not_belong_is_left_out_or_refused_by_name(odd, said):
    rest = [facts(number) for number in range(1, 5)]
    selection = select_inputs([*rest, odd], "BIAS")
    assert selection.kept == (0, 1, 2, 3)
    (left,) = selection.left_out
    assert left.exposure == 9
    assert said in left.reason
    with pytest.raises(InputError, match=f"exposure 9: .*{said.split()[0]}"):
        select_inputs([*rest[:2], odd], "BIAS")


def test_darks_of_several_exposure_times_belong_together():
    darks = [facts(n, image_type="DARK", exposure_time=t) for n, t in enumerate(TIMES)]
    assert len(select_inputs(darks, "DARK").kept) == len(TIMES)


def test_a_dark_among_biases_is_not_combined(maker):
    frames = maker.frames(8)
    odd = maker.frame(extra=300.0, dark_time=30.0)
    bias = combine_bias([*frames, odd])
    assert bias.inputs == tuple(frame.exposure for frame in frames)
    assert [left.exposure for left in bias.provenance.left_out] == [odd.exposure]
    assert np.array_equal(bias.pixels, combine_bias(frames).pixels)


@pytest.mark.parametrize("dark_time", [0.0, 20.0])
def test_frames_with_a_faint_glow_are_left_out(maker, dark_time):
    y, x = np.mgrid[0 : maker.geometry.height, 0 : maker.geometry.width]
    glow = 60.0 * np.exp(-((x - 800) ** 2 + (y - 60) ** 2) / 2 / 90.0**2)
    frames = maker.frames(10, dark_time=dark_time)
    glowing = maker.frames(3, dark_time=dark_time, extra=glow)
    given = [*frames[:5], *glowing, *frames[5:]]
    image = combine_dark(given, None) if dark_time else combine_bias(given)
    assert image.inputs == tuple(frame.exposure for frame in frames)
    assert {left.exposure for left in image.provenance.left_out} == {
        frame.exposure for frame in glowing
    }


def test_frames_that_differ_in_nothing_but_noise_and_row_levels_all_stay(maker):
    assert combine_bias(maker.frames(20, wander=3.0)).provenance.left_out == ()


def test_if_half_of_the_frames_differ_none_is_left_out_and_it_is_said(maker):
    frames = [*maker.frames(4), *maker.frames(4, extra=40.0)]
    bias = combine_bias(frames)
    assert len(bias.inputs) == 8
    (note,) = bias.provenance.notes
    assert "of 8 frames differ" in note


def test_a_level_that_does_not_grow_with_time_is_no_dark_current(maker):
    bias = combine_bias(maker.frames(20))
    darks = [maker.frame(rate=0.5, dark_time=time, extra=5.0) for time in TIMES]
    dark = combine_dark(darks, bias)
    for line in dark.provenance.dark_fit.amplifiers.values():
        assert line.intercept == pytest.approx(5.0, abs=5 * line.intercept_error)
        assert line.rate == pytest.approx(0.5, abs=5 * line.rate_error)
        assert line.intercept_error < 0.5
    assert dark.pixels.mean() == pytest.approx(0.5, abs=0.01)
    measured = [measure_exposure(correct_frame(frame, bias, dark)) for frame in darks]
    lines = DarkFit.find(stats_of_run(measured, with_corner=False)).amplifiers.values()
    assert np.mean([line.intercept for line in lines]) == pytest.approx(5.0, abs=0.2)
    assert np.mean([line.excess for line in lines]) == pytest.approx(0.0, abs=0.01)
    assert np.mean([line.rate for line in lines]) == pytest.approx(0.5, abs=0.02)


def test_darks_without_dark_current_and_a_light_leak_are_seen_against_the_certified_dark(maker):
    bias = combine_bias(maker.frames(20))
    certified = combine_dark([maker.frame(rate=0.5, dark_time=30.0) for _ in range(20)], bias)
    for rate, excess in ((0.0, -0.5), (0.8, 0.3)):
        frames = [maker.frame(rate=rate, dark_time=time) for time in TIMES]
        measured = [measure_exposure(correct_frame(frame, bias, certified)) for frame in frames]
        lines = DarkFit.find(stats_of_run(measured, with_corner=False)).amplifiers.values()
        assert np.mean([line.excess for line in lines]) == pytest.approx(excess, abs=0.02)
        assert np.mean([line.rate for line in lines]) == pytest.approx(rate, abs=0.02)
        assert all(abs(line.intercept) < 5 * line.intercept_error for line in lines)
        assert all(abs(line.excess) > 10 * line.rate_error for line in lines)


def test_a_signal_that_does_not_follow_the_line_is_seen(maker):
    frames = [
        maker.frame(dark_time=time, rate=0.5, extra=4.0 if time == 15.0 else 0.0) for time in TIMES
    ]
    lines = combine_dark(frames, None).provenance.dark_fit.amplifiers.values()
    assert np.mean([line.nonlinearity for line in lines]) > 3.0


@pytest.mark.parametrize(
    ("first", "noise", "sure"),
    [(1.2, 0.02, True), (1.2, 1.0, False), (-1.0, 0.02, False)],
    ids=["on a line", "in much noise", "off the line"],
)
def test_an_intercept_is_one_only_if_the_levels_are_on_a_line(first, noise, sure):
    """Those of 15 and 30 s have one of 1.5 electron; those of 5 s know of it or not."""
    times = np.repeat([5.0, 15.0, 30.0], [2, 6, 12])
    levels = np.select([times == 5.0, times == 15.0], [first, 0.6], -0.3)
    levels += np.random.default_rng(4).normal(0.0, noise, len(times))
    line = fit_line(times, levels, np.full(len(times), noise**2))
    assert sure_intercept(line) == (line.intercept if sure else 0.0)
    assert not sure or line.intercept == pytest.approx(1.5, abs=0.1)
    # Off the line, it is as significant as on it.
    assert noise == 1.0 or abs(line.intercept) > 6.0 * line.intercept_error


def test_a_fit_of_clean_levels_is_that_of_numpy():
    random = np.random.default_rng(2)
    times = np.array(TIMES)
    levels = 2.0 + 0.1 * times + random.normal(0, 0.1, len(times))
    line = fit_line(times, levels, np.full(len(times), 0.01))
    (slope, intercept), covariance = np.polyfit(times, levels, 1, w=np.full(22, 10.0), cov=True)
    assert line.rate == pytest.approx(slope, abs=0.5 * line.rate_error)
    assert line.intercept == pytest.approx(intercept, abs=0.5 * line.intercept_error)
    assert line.intercept_error == pytest.approx(np.sqrt(covariance[1, 1]), rel=0.35)


def test_a_quarter_of_wrong_levels_does_not_bend_the_line():
    times = np.array(TIMES)
    levels = 2.0 + 0.1 * times + np.random.default_rng(3).normal(0, 0.1, len(times))
    levels[-5:] += 50.0
    line = fit_line(times, levels, np.zeros(len(times)))
    assert line.intercept == pytest.approx(2.0, abs=5 * line.intercept_error)
    assert line.rate == pytest.approx(0.1, abs=5 * line.rate_error)


def test_darks_of_one_time_have_a_rate_and_no_intercept():
    line = fit_line(np.full(8, 30.0), np.full(8, 3.0), np.full(8, 0.01))
    assert line.rate == pytest.approx(0.1)
    assert math.isnan(line.intercept)
    assert math.isnan(line.nonlinearity)


def test_a_fit_comes_back_from_its_dictionary_and_what_is_none_is_refused():
    nan = math.nan
    fit = DarkFit({"C00": AmplifierLine(1.0, 0.1, 0.02, 0.001, nan, nan, 0.01)})
    stats = {"RUN": {"DARK_FIT": {"RXX_S00": fit.to_dict()}}, "SUCCESS": True}
    back = DarkFit.find(stats).amplifiers["C00"]
    assert (back.intercept, back.rate, back.excess) == (1.0, 0.02, pytest.approx(0.01))
    assert math.isnan(back.nonlinearity)
    assert DarkFit.find({"SUCCESS": True}) is None
    for wrong in ([], {"A": {}, "B": {}}, {"A": 3}, {"A": {"C00": {"RATE": "x"}}}):
        if wrong:
            with pytest.raises(StatisticsError):
                DarkFit.find({"RUN": {"DARK_FIT": wrong}})


def test_a_hot_pixel_keeps_its_rate_although_it_looks_like_a_cosmic_ray(maker):
    rate = np.zeros(maker.pattern.shape)
    rate[30, 40], rate[50, 60] = 40.0, 3.0
    darks = [maker.frame(rate=rate, dark_time=time) for time in TIMES]
    around = np.array(
        [(30 + dy) * maker.geometry.width + 40 + dx for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
    )
    hits = [around if time > 5 else np.empty(0, np.intp) for time in TIMES]
    dark = combine_dark(darks, None, hits)
    assert dark.pixels[30, 40] == pytest.approx(40.0, abs=1.5)
    assert dark.pixels[50, 60] == pytest.approx(3.0, abs=0.6)
    # Itself alone, and only above the limit.
    assert np.argwhere(dark.mask & Mask.BAD).tolist() == [[30, 40]]


def test_large_items_are_worked_on_a_few_at_a_time_and_come_in_order():
    lock, waiting, most = threading.Lock(), set(), []

    def work(number):
        with lock:
            waiting.add(number)
            most.append(len(waiting))
        # What is inside a thread starts no others.
        assert (
            in_threads(lambda _: threading.get_ident(), range(3), 10**9)
            == [threading.get_ident()] * 3
            or len(most) == 0
        )
        return number

    seen = []
    for number in as_they_come(work, range(20), 10**9):
        seen.append(number)
        with lock:
            waiting.discard(number)
    assert seen == list(range(20))
    assert max(most) <= 6
    with pytest.raises(ZeroDivisionError):
        list(as_they_come(lambda n: 1 // n, [1, 0, 2], 10**9))


def test_saturated_pixels_of_some_frames_leave_the_others(maker):
    frames = maker.frames(6)
    lit = np.zeros(maker.pattern.shape)
    lit[10, 10] = 200000.0
    bias = combine_bias([*frames, dataclasses.replace(maker.frame(extra=lit))])
    assert bias.mask[10, 10] == 0
    assert abs(bias.pixels[10, 10]) < 20
