# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Small frames of known physics."""

from __future__ import annotations

import numpy as np
import pytest

from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.raw.frame import RawFrame


class FrameMaker:
    """Makes raw frames: level + pattern + signal + read noise, as the converter gives them."""

    def __init__(self, width=128, height=128, seed=20261123):
        self.geometry = LATISS.resized(width, height)
        self.random = np.random.default_rng(seed)
        self.seq_num = 0
        self.pattern = np.zeros((self.geometry.height, self.geometry.width))
        """Electrons of the fixed pattern, assembled."""

    def section(self, number):
        return self.geometry.detector_section(self.geometry.amplifiers[number])

    def frame(self, *, rate=0.0, dark_time=0.0, extra=None, wander=0.0, noise=1.0):
        """Make a frame.

        rate (electron/s) and extra (electron) are scalars or assembled images; wander is the
        ADU by which rows go up and down in data and overscan alike.
        """
        geometry = self.geometry
        signal = self.pattern + np.asarray(rate) * dark_time
        if extra is not None:
            signal = signal + extra
        arrays = np.empty((16, geometry.raw_height, geometry.raw_width), np.int32)
        for number, amplifier in enumerate(geometry.amplifiers):
            shape = arrays[number].shape
            sigma = noise * amplifier.read_noise / amplifier.gain
            adu = self.random.normal(20000 + 100 * number, sigma, shape)
            adu += self.random.normal(0, wander, (shape[0], 1)) if wander else 0
            place, data = geometry.detector_section(amplifier), geometry.data_section
            part = signal[place.y0 : place.y1, place.x0 : place.x1]
            # Written out, and not with the code under test: upper amplifiers are read from the
            # top right, lower ones from the bottom right.
            part = part[::-1, ::-1] if amplifier.name.startswith("C1") else part[:, ::-1]
            adu[data.y0 : data.y1, data.x0 : data.x1] += part / amplifier.gain
            arrays[number] = np.clip(np.rint(adu), 0, geometry.adc_maximum)
        self.seq_num += 1
        return RawFrame.from_arrays(
            arrays,
            geometry,
            exposure=20261123 * 100000 + self.seq_num,
            image_type="DARK" if dark_time else "BIAS",
            exposure_time=dark_time,
            dark_time=dark_time,
        )

    def frames(self, count, **how):
        return [self.frame(**how) for _ in range(count)]


@pytest.fixture
def maker():
    return FrameMaker()


@pytest.fixture
def make_maker():
    return FrameMaker
