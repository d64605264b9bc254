# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A readout that begins a column too late is told from light, noise and another pattern."""

import dataclasses

import numpy as np
import pytest

from lsst.ts.dailycal.calibration.column_shift import ColumnLevels, Shift, find_shift

NAMES = [f"C{number:02o}" for number in range(16)]
COLUMNS = 20
OFFSETS, ERROR, REFERENCE_ERROR = 1.5, 0.3, 0.1  # electron
SIGMAS = 5.5


class Detector:
    """Columns with offsets of their own, and frames of them."""

    def __init__(self, seed=1, offsets=OFFSETS):
        self.random = np.random.default_rng(seed)
        self.offsets = self.random.normal(0.0, offsets, (len(NAMES), COLUMNS + 20))

    def frame(self, shift=0, of=NAMES, add=0.0, error=ERROR):
        """Read some columns out, shifted in the amplifiers ``of``."""
        found = []
        for number, name in enumerate(NAMES):
            first = 10 - (shift if name in of else 0)
            values = self.offsets[number, first : first + COLUMNS] + add
            reference = self.offsets[number, 10 : 10 + COLUMNS]
            found.append(
                ColumnLevels(
                    name,
                    (values + self.random.normal(0.0, error, COLUMNS)).tolist(),
                    (reference + self.random.normal(0.0, REFERENCE_ERROR, COLUMNS)).tolist(),
                    error,
                    REFERENCE_ERROR,
                )
            )
        return found


@pytest.mark.parametrize("shift", [-5, -1, 1, 2, 5])
def test_a_shift_of_all_amplifiers_is_found_with_its_direction(shift):
    assert find_shift(Detector().frame(shift), SIGMAS) == Shift(shift, ())


def test_amplifiers_that_are_shifted_alone_are_named():
    found = find_shift(Detector().frame(1, of={"C03", "C14"}), SIGMAS)
    assert found == Shift(1, ("C03", "C14"))
    assert str(found) == "pixels come 1 column too late in their rows"
    assert str(Shift(-2, ())) == "pixels come 2 columns too early in their rows"


@pytest.mark.parametrize("error", [0.3, 1.5, 5.0])
@pytest.mark.parametrize("offsets", [0.0, 0.3, 1.5])
def test_frames_that_are_not_shifted_are_not_called_so(offsets, error):
    for seed in range(20):
        detector = Detector(seed, offsets)
        assert find_shift(detector.frame(error=error), SIGMAS) is None


@pytest.mark.parametrize(
    "add",
    [200.0, np.linspace(0.0, 20.0, COLUMNS), np.tile([3.0, -3.0], COLUMNS // 2)],
    ids=["light", "gradient", "another pattern"],
)
def test_what_a_shift_does_not_explain_is_none(add):
    assert find_shift(Detector().frame(add=add), SIGMAS) is None
    if np.isscalar(add):
        assert find_shift(Detector().frame(1, add=add), SIGMAS) == Shift(1, ())


def test_an_amplifier_with_fewer_columns_takes_part_with_those_that_it_has():
    frame = Detector().frame(2)
    few = [
        dataclasses.replace(item, values=item.values[:15], reference=item.reference[:15])
        for item in frame[:8]
    ]
    assert find_shift([*few, *frame[8:]], SIGMAS) == Shift(2, ())
    alone = Detector().frame(2, of={"C03"})
    alone[3] = dataclasses.replace(
        alone[3], values=alone[3].values[:15], reference=alone[3].reference[:15]
    )
    assert find_shift(alone, SIGMAS) == Shift(2, ("C03",))


def test_without_columns_of_both_nothing_is_looked_at():
    old = [ColumnLevels("C10", (), (1.0,) * COLUMNS, ERROR, REFERENCE_ERROR)]
    assert find_shift(old, SIGMAS) is None
    assert find_shift([], SIGMAS) is None
