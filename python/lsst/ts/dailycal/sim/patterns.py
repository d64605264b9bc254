# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is the same in every frame of a detector: bias structure, dark current, hot pixels.

Structures are sums of a few products of a function of the row and a function of the column,
in readout order, so that a full-size detector takes kilobytes and not hundreds of megabytes.
"""

__all__ = ["AmplifierPattern", "FixedPattern", "make_pattern"]

import dataclasses
import functools
import math

import numpy as np
import numpy.typing as npt

from ..model.detector import Amplifier, DetectorGeometry

Floats = npt.NDArray[np.float32]

_HOT_FRACTION = 1e-4
_LOG_HOT_RATES = (math.log(0.5), math.log(20.0))  # of electron/s
_SEQUENCER_CHANGE = 20.0  # electron


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class AmplifierPattern:
    """What is the same in every frame of one amplifier. Readout order."""

    amplifier: Amplifier
    """Which one."""
    level: float
    """Bias level (electron)."""
    columns: Floats
    """Offset of each column of the raw amplifier, shape (raw_width,) (electron)."""
    bias_rows: Floats
    """Functions of the row of the smooth bias structure, shape (data_height, n)."""
    bias_columns: Floats
    """Functions of the column that go with them, shape (n, data_width) (electron)."""
    dark_rows: Floats
    """Functions of the row of the dark current, shape (data_height, n)."""
    dark_columns: Floats
    """Functions of the column that go with them, shape (n, data_width) (electron/s)."""
    hot_pixels: npt.NDArray[np.intp]
    """Flat indices of the hot pixels in the data section."""
    hot_rates: Floats
    """Their dark current (electron/s)."""
    saturation: float
    """Signal at which it saturates (ADU above the bias level)."""
    noise: float
    """Noise of one read of a pixel (electron)."""

    def bias_structure(self) -> Floats:
        """Bias structure of the data section, shape (data_height, data_width) (electron)."""
        return self.bias_rows @ self.bias_columns

    def dark_rate(self) -> Floats:
        """Dark current of the data section, shape (data_height, data_width) (electron/s)."""
        rate = self.dark_rows @ self.dark_columns
        rate.ravel()[self.hot_pixels] += self.hot_rates
        return rate


@dataclasses.dataclass(frozen=True, slots=True, eq=False)
class FixedPattern:
    """What is the same in every frame of a detector."""

    geometry: DetectorGeometry
    """Sizes of its parts."""
    amplifiers: tuple[AmplifierPattern, ...]
    """One an amplifier, in the order of the FITS extensions."""


@functools.lru_cache(maxsize=4)
def make_pattern(
    seed: int, geometry: DetectorGeometry, dark_current: float, sequencer_change: float = 0.0
) -> FixedPattern:
    """Make the pattern of a detector.

    Parameters
    ----------
    seed : `int`
        Which detector.
    geometry : `DetectorGeometry`
        Sizes of its parts.
    dark_current : `float`
        Mean dark current (electron/s).
    sequencer_change : `float`
        How much the bias structure differs from that of the usual sequencer file; 1 is
        20 electron. Everything else stays as it is.
    """
    return FixedPattern(
        geometry,
        tuple(
            _make_amplifier(amplifier, seed, geometry, dark_current, sequencer_change)
            for amplifier in geometry.amplifiers
        ),
    )


def _make_amplifier(
    amplifier: Amplifier, seed: int, geometry: DetectorGeometry, dark: float, change: float
) -> AmplifierPattern:
    generator = np.random.default_rng([seed, 0xB1A5, amplifier.hdu])
    height, width = geometry.data_height, geometry.data_width
    y = np.linspace(0.0, 1.0, height)  # 0 is read first
    x = np.linspace(0.0, 1.0, width)
    bias_rows, bias_columns = _bias_structure(generator, y, x)
    columns = generator.normal(0.0, 1.5, geometry.raw_width)
    columns[geometry.prescan + width :] = 0.0  # serial overscan is what all others refer to
    dark_rows = np.stack([np.ones(height), np.exp(-6.0 * y)], axis=1)
    factor = generator.lognormal(-0.005, 0.1, width)
    dark_columns = np.stack([dark * factor, dark * generator.uniform(0.5, 2.0) * np.exp(-6.0 * x)])
    hot_count = int(generator.poisson(_HOT_FRACTION * width * height))
    hot_pixels = np.sort(generator.choice(width * height, hot_count, replace=False))
    hot_rates = np.exp(generator.uniform(_LOG_HOT_RATES[0], _LOG_HOT_RATES[1], hot_count))
    # The last draws, so that a change of the sequencer moves nothing else.
    level = generator.uniform(22_000.0, 28_000.0)
    saturation = generator.uniform(120_000.0, 142_857.0)
    phase = generator.uniform(0.0, 2.0 * np.pi)
    if change:
        ramp = _SEQUENCER_CHANGE * change * np.cos(2.0 * np.pi * x + phase)
        bias_rows = np.concatenate([bias_rows, (0.5 + y)[:, np.newaxis]], axis=1)
        bias_columns = np.concatenate([bias_columns, (60.0 * change + ramp)[np.newaxis]])
    return AmplifierPattern(
        amplifier=amplifier,
        level=level,
        columns=columns.astype(np.float32),
        bias_rows=bias_rows.astype(np.float32),
        bias_columns=bias_columns.astype(np.float32),
        dark_rows=dark_rows.astype(np.float32),
        dark_columns=dark_columns.astype(np.float32),
        hot_pixels=hot_pixels.astype(np.intp),
        hot_rates=hot_rates.astype(np.float32),
        saturation=saturation,
        noise=amplifier.read_noise / overscan_factor(geometry),
    )


def _bias_structure(
    generator: np.random.Generator, y: npt.NDArray[np.float64], x: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Glow at the readout corner, a settling of the first columns, and gentle waves.

    The glow is far brighter in the corner that is read first than in the other three, and its
    strength differs between amplifiers: a flip or a swap cannot go unseen.
    """
    glow = generator.uniform(15.0, 40.0)
    settling = generator.uniform(3.0, 8.0)
    wave, turns = generator.uniform(0.5, 2.0), generator.uniform(0.5, 2.0)
    phases = generator.uniform(0.0, 2.0 * np.pi, 2)
    rows = [np.exp(-8.0 * y), 1.0 - 0.5 * y, np.cos(2.0 * np.pi * turns * y + phases[0])]
    columns = [
        glow * np.exp(-5.0 * x),
        settling * np.exp(-40.0 * x),
        wave * np.cos(2.0 * np.pi * turns * x + phases[1]),
    ]
    return np.stack(rows, axis=1), np.stack(columns)


def overscan_factor(geometry: DetectorGeometry, skip: int = 3) -> float:
    """By how much the usual overscan correction increases the noise of a pixel.

    The read noise of an amplifier is measured on corrected frames. What is subtracted is the
    median of each row of serial overscan; the variance of a median of n values is pi/2n of
    theirs. The noise of one read is smaller by this factor, so that a corrected frame shows
    the catalogue's read noise. (The levels of parallel overscan are smoothed over columns,
    and their noise does not count.)

    Parameters
    ----------
    geometry : `DetectorGeometry`
        Sizes of the overscans.
    skip : `int`
        Columns left out at either end of the overscan.
    """
    return float(np.sqrt(1.0 + np.pi / 2.0 / (geometry.serial_overscan - 2 * skip)))
