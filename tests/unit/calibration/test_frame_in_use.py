# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Frames are held against the bias and the dark in use."""

import pytest

from lsst.ts.dailycal.calibration import InUse, differs_from_what_is_in_use
from lsst.ts.dailycal.model import (
    AmplifierFacts,
    AmplifierMeasurement,
    CalibrationFacts,
    ImageMeasurement,
    ImageName,
    ImageType,
    TroubleKind,
)
from lsst.ts.dailycal.model.detector import LATISS_AMPLIFIERS

BIAS, DARK = ImageType.BIAS, ImageType.DARK
COMPARISONS = 50_000
RATE = 0.02
PARALLEL = 4.0


COLUMNS = (1.0, -2.0, 0.5, 1.5, -1.0, -0.5, 2.5, -2.0, 0.0, 1.0, 2.0, -1.5, 0.5, -3.0, 1.0)


def facts(kind, level, *, masked=(), setup=(("SEQFILE", "a.seq"), ("SEQCKSUM", "1"))):
    patches = tuple(level + 0.1 * number for number in range(16))
    return CalibrationFacts(
        kind,
        "run",
        "electron",
        20,
        tuple(
            AmplifierFacts(a.name, patches, (0.001,) * 16, 1.8, 0, COLUMNS, 0.05)
            for a in LATISS_AMPLIFIERS
        ),
        setup=setup,
        masked=masked,
    )


IN_USE = InUse(facts("bias", 30.0), facts("dark", RATE))


def frame(add=None, *, time=0.0, sequencer="a.seq 1", noise=8.0, columns=()):
    """A frame as the calibrations foretell it, with some electrons in some amplifiers."""
    amplifiers = []
    for item in LATISS_AMPLIFIERS:
        electrons = (add or {}).get(item.name, 0.0)
        levels = tuple(
            (30.0 + 0.1 * n + (RATE + 0.1 * n) * time + electrons) / item.gain + PARALLEL
            for n in range(16)
        )
        amplifiers.append(
            AmplifierMeasurement(
                item.name,
                40.0,
                25e3,
                0.5,
                noise,
                noise,
                1.1,
                0,
                0,
                0,
                0,
                0,
                1_018_000,
                128,
                928,
                0.04,
                0.1,
                0.002,
                levels,
                (PARALLEL,) * 4,
                tuple(level / item.gain + PARALLEL for level in columns),
                0.2,
            )
        )
    name = ImageName(20261123, 7)
    return ImageMeasurement(
        name, name.exposure_id, "", time, time, sequencer, (4, 4), tuple(amplifiers), "ab", 0.2
    )


def look(measured, image_type=BIAS, in_use=IN_USE, masked=()):
    return differs_from_what_is_in_use(image_type, measured, in_use, COMPARISONS, masked)


@pytest.mark.parametrize(("image_type", "time"), [(BIAS, 0.0), (DARK, 5.0), (DARK, 30.0)])
def test_what_is_foretold_does_not_differ(image_type, time):
    assert look(frame(time=time), image_type) is None


def test_brighter_and_darker_regions_are_told_apart_and_named():
    found = look(frame({"C10": 20.0, "C11": 12.0, "C00": -9.0}))
    assert (found.kind, found.amplifiers) == (TroubleKind.LIGHT, ("C10", "C11"))
    assert found.text == (
        "C10, C11: regions up to 20.0 electron brighter than with the bias in use"
    )
    assert look(frame({"C10": -20.0})).kind is TroubleKind.LEVEL


def test_a_dark_may_have_another_dark_current_within_the_limits_of_the_gate():
    everywhere = dict.fromkeys((item.name for item in LATISS_AMPLIFIERS), 0.08 * 30.0)
    assert look(frame(everywhere, time=30.0), DARK) is None
    light = dict.fromkeys(everywhere, 0.4 * 30.0)
    assert look(frame(light, time=30.0), DARK).kind is TroubleKind.LIGHT


@pytest.mark.parametrize(("image_type", "time"), [(BIAS, 0.0), (DARK, 30.0)])
def test_columns_that_come_late_are_told_if_no_level_is_another(image_type, time):
    late = (0.0, *COLUMNS[:-1])
    assert look(frame(columns=COLUMNS, time=time), image_type) is None
    found = look(frame(columns=late, time=time), image_type)
    assert (found.kind, found.amplifiers) == (TroubleKind.SHIFTED, ())
    assert found.text == (
        "pixels come 1 column too late in their rows, held against the bias in use"
    )
    assert look(frame(columns=late, sequencer="b.seq 2", time=time), image_type) is None


def test_masked_and_dead_amplifiers_are_not_looked_at():
    bad = frame({"C10": 500.0})
    assert look(bad, masked={"C10"}) is None
    assert look(bad, in_use=InUse(facts("bias", 30.0, masked=("C10",)))) is None
    assert look(frame({"C10": 500.0}, noise=0.2)) is None


def test_another_sequencer_or_no_dark_or_an_old_record_is_compared_with_nothing():
    bright = {"C10": 500.0}
    assert look(frame(bright, sequencer="b.seq 2")) is None
    assert look(frame(bright, sequencer="")) is not None, "not known to be another one"
    assert look(frame(bright, time=5.0), DARK, InUse(IN_USE.bias)) is None
    odd_grid = InUse(CalibrationFacts("bias", "run", "electron", 20, (
        AmplifierFacts("C10", (0.0,) * 9, (0.1,) * 9, 1.0, 0),
    )))  # fmt: skip
    assert look(frame(bright), in_use=odd_grid) is None
