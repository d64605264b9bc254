# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What faults do to the pixels: the same frame with and without them."""

import numpy as np
import pytest

from lsst.ts.dailycal.calibration.frames.rule import FrameRule, MeasuredFrame, judge
from lsst.ts.dailycal.model import FrameVerdict, ImageName, ImageType, PlannedExposure
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.measure import measure_frame
from lsst.ts.dailycal.pipelines.raw.frame import RawFrame
from lsst.ts.dailycal.sim.detector import FrameRequest, SimulatedDetector
from lsst.ts.dailycal.sim.frame_effects import FrameEffect

GEOMETRY = LATISS.resized(64, 64)
C10 = next(n for n, item in enumerate(GEOMETRY.amplifiers) if item.name == "C10")
GAIN = GEOMETRY.amplifiers[C10].gain
DETECTOR = SimulatedDetector(1, GEOMETRY, 0.5, 5.0)


def read(*effects, number=1, seconds=0.0):
    name = ImageName(day_obs=20261123, seq_num=number)
    return DETECTOR.read(FrameRequest(name, seconds, seconds + 0.02, effects=effects))


def difference(name, **values):
    """What a fault adds to the pixels of C10 (electron); to no other amplifier anything."""
    changed = read(FrameEffect(name, tuple(values.items()))).pixels - read().pixels
    assert not np.delete(changed, C10, axis=0).any()
    return changed[C10] * GAIN


def test_an_oscillation_runs_through_all_pixels_as_they_are_read():
    added = difference("oscillation", strength=30.0, period=40.0).ravel()
    spectrum = np.abs(np.fft.rfft(added))
    assert spectrum.argmax() == pytest.approx(added.size / 40.0, abs=1)
    # Half of the square of the amplitude, beside what the converter rounds.
    assert added.std() == pytest.approx(30.0 / np.sqrt(2.0), rel=0.02)


def test_the_charge_of_a_cosmic_ray_trails_through_data_and_overscan_of_its_rows():
    added = difference("overscan_bleed", strength=300.0, rows=2.0)
    rows = np.flatnonzero(added.any(axis=1))
    assert len(rows) == 2
    assert rows[1] == rows[0] + 1
    trail, first = added[rows[0]], GEOMETRY.serial_section.x0
    assert trail[first] == pytest.approx(300.0, abs=1.5 * GAIN)
    assert trail[first + GEOMETRY.serial_section.width - 1] == pytest.approx(300 / np.e, rel=0.05)
    assert trail[first - 10] > 300.0


def test_a_shifted_readout_has_each_pixel_a_column_later():
    shifted = read(FrameEffect("readout_shifted", (("columns", 1.0),))).pixels
    assert np.array_equal(shifted[..., 1:], read().pixels[..., :-1])


def test_a_dark_that_was_not_exposed_has_no_dark_current_and_the_header_says_nothing():
    levels = {}
    for what, effects in {"dark": (), "none": (FrameEffect("exposure_wrong"),)}.items():
        frame = read(*effects, seconds=30.0)
        assert frame.request.exposure_time == 30.0
        data = GEOMETRY.data_section
        levels[what] = frame.pixels[:, data.y0 : data.y1, data.x0 : data.x1].mean() * GAIN
    assert levels["dark"] - levels["none"] == pytest.approx(0.5 * 30.0, rel=0.3)
    assert read(seconds=30.0).cosmic_rays.count > read(effects[0], seconds=30.0).cosmic_rays.count


@pytest.mark.parametrize(("name", "kind"), [("oscillation", "noise"), ("overscan_bleed", "burst")])
def test_the_frame_rule_sees_it_at_its_usual_strength(name, kind):
    measured = []
    for number in range(1, 7):
        effects = (FrameEffect(name),) if number == 5 else ()
        frame = read(*effects, number=number)
        image = frame.request.name
        raw = RawFrame.from_arrays(
            frame.pixels,
            GEOMETRY,
            exposure=image.exposure_id,
            image_type="BIAS",
            exposure_time=0.0,
            dark_time=0.02,
        )
        planned = PlannedExposure(ImageType.BIAS, 0.0, number, 6, False)
        measured.append(MeasuredFrame(planned, measure_frame(raw, image)))
        found = judge(measured, image, FrameRule(44))
        if number == 5:
            assert found[image].verdict is FrameVerdict.BAD
            assert {trouble.amplifiers for trouble in found[image].troubles} == {("C10",)}
            assert kind in {trouble.kind for trouble in found[image].troubles}
            measured.pop()
        else:
            assert found[image].verdict is FrameVerdict.GOOD
