# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames that are combined, one amplifier and some rows at a time."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from ..model.dark_fit import AmplifierLine
from .clip import ClipOptions, clipped_slope
from .image import CalibImage, ImageAmplifier, Mask
from .isr import IsrOptions, correct_rows
from .lines import fit_line
from .overscan import parallel_levels
from .repair import fill_from_neighbours
from .survey import AmplifierSurvey, SurveyOptions, survey_amplifier
from .threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from .raw.frame import RawAmplifier, RawFrame

# Values of all frames that one strip of rows holds; bounds the memory.
_STRIP = 4_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class HotPixelOptions:
    """What becomes of pixels with much dark current."""

    hit_fraction: float = 0.2
    """A pixel that is hit in this part of the frames, and in two at least, is hot, and was hit by
    no cosmic ray: its values are used."""
    bad_rate: float = 5.0
    """A pixel with a higher rate is BAD (electron/s). 5 electron/s is what acceptance tests of
    the observatory's sensors call a bright pixel."""


@dataclasses.dataclass(frozen=True, slots=True)
class HowToCombine:
    """How frames are combined."""

    bias: CalibImage | None
    """Is subtracted."""
    isr: IsrOptions
    clip: ClipOptions
    survey: SurveyOptions
    hot: HotPixelOptions
    masked: frozenset[str] = frozenset()
    """Amplifiers whose pixels are marked BAD, and that have no say in which frames fit."""


class HitsByRow:
    """Sparse pixels of an assembled image, found again by amplifier and row."""

    def __init__(self, flat: NDArray[np.intp], shape: tuple[int, int]) -> None:
        self._flat = np.sort(flat)
        self._width = shape[1]

    def blank(self, out: NDArray[np.float32], raw: RawAmplifier, y0: int, y1: int) -> None:
        """Set the pixels in data rows y0 to y1 (readout order) to NaN."""
        place = raw.detector
        low, high = (
            (place.y1 - y1, place.y1 - y0) if place.flip_y else (place.y0 + y0, place.y0 + y1)
        )
        first, last = np.searchsorted(self._flat, (low * self._width, high * self._width))
        y, x = np.divmod(self._flat[first:last], self._width)
        inside = (x >= place.x0) & (x < place.x1)
        y, x = y[inside], x[inside]
        rows = (place.y1 - 1 - y if place.flip_y else y - place.y0) - y0
        out[rows, place.x1 - 1 - x if place.flip_x else x - place.x0] = np.nan


@dataclasses.dataclass(frozen=True, slots=True)
class FrameStack:
    """Frames that are combined, one amplifier and some rows at a time."""

    frames: Sequence[RawFrame]
    kind: str
    """BIAS or DARK."""
    how: HowToCombine
    hits: Sequence[NDArray[np.intp]]
    """Of each frame, or of none."""
    _prepared: dict[int, tuple[list[NDArray[np.float32]], HitsByRow | None]] = dataclasses.field(
        default_factory=dict
    )
    """By exposure: levels of the columns of each amplifier, and hits."""

    @property
    def times(self) -> NDArray[np.float32] | None:
        """Dark times (second); None for biases."""
        if self.kind == "BIAS":
            return None
        return np.array([frame.dark_time for frame in self.frames], np.float32)

    def only(self, numbers: Sequence[int]) -> FrameStack:
        """Leave all other frames out."""
        return dataclasses.replace(
            self,
            frames=[self.frames[n] for n in numbers],
            hits=[self.hits[n] for n in numbers] if self.hits else (),
        )

    def survey(self) -> list[AmplifierSurvey]:
        """Look at all amplifiers of all frames."""
        shape = self.frames[0].shape

        def prepare(number: int) -> None:
            frame = self.frames[number]
            levels = [parallel_levels(raw, self.how.isr.overscan) for raw in frame.amplifiers]
            hits = HitsByRow(self.hits[number], shape) if self.hits else None
            self._prepared[frame.exposure] = levels, hits

        def look(number: int) -> AmplifierSurvey:
            raw = self.frames[0].amplifiers[number]
            return survey_amplifier(
                raw.amplifier.name,
                raw.amplifier.read_noise,
                raw.data.height,
                lambda y0, y1: self._read(number, y0, y1),
                self.times,
            )

        pixels = len(self.frames) * shape[0] * shape[1]
        in_threads(prepare, range(len(self.frames)), pixels)
        return in_threads(look, range(len(self.frames[0].amplifiers)), pixels)

    def lines(self, surveys: Sequence[AmplifierSurvey]) -> tuple[AmplifierLine, ...]:
        """Fit the levels over the dark times."""
        times = np.array([frame.dark_time for frame in self.frames])
        return tuple(
            # A median has 1.57 times the variance of a mean.
            fit_line(times, s.levels, np.full(len(times), 1.57 * s.noise**2 / s.pixels))
            for s in surveys
        )

    def combine(self, noises: Sequence[float], offsets: Sequence[float]) -> CalibImage:
        """Combine all rows of all amplifiers, with offsets (electron) subtracted."""
        first = self.frames[0]
        pixels = np.empty(first.shape, np.float32)
        variance = np.empty(first.shape, np.float32)
        width = first.amplifiers[0].data.width
        rows = max(_STRIP // (width * len(self.frames)), 1)
        items = [
            (number, y0, min(y0 + rows, raw.data.height))
            for number, raw in enumerate(first.amplifiers)
            for y0 in range(0, raw.data.height, rows)
        ]

        def strip(item: tuple[int, int, int]) -> None:
            number, y0, y1 = item
            stack = self._read(number, y0, y1, offsets[number])
            flat = stack.reshape(len(stack), -1)
            result = clipped_slope(flat, self.times, self.how.clip, noises[number])
            raw = first.amplifiers[number]
            raw.oriented(pixels)[y0:y1] = result.slope.reshape(stack.shape[1:])
            raw.oriented(variance)[y0:y1] = result.variance.reshape(stack.shape[1:])

        in_threads(strip, items, pixels.size * len(self.frames))
        return self._image(pixels, variance)

    def _image(self, pixels: NDArray[np.float32], variance: NDArray[np.float32]) -> CalibImage:
        mask = np.zeros(pixels.shape, np.uint8)
        empty = np.flatnonzero(np.isnan(pixels))
        if len(empty):
            mask.ravel()[empty] = Mask.BAD.value | Mask.INTRP.value
            fill_from_neighbours(pixels, empty)
            # Nothing was measured, and no finite variance says that.
            variance.ravel()[empty] = np.inf
        is_dark = self.kind == "DARK"
        if is_dark:
            mask[pixels > self.how.hot.bad_rate] |= Mask.BAD.value
        if self.how.bias is not None:
            mask |= self.how.bias.mask & np.uint8(Mask.BAD)
        for raw in self.frames[0].amplifiers:
            if raw.amplifier.name in self.how.masked:
                raw.oriented(mask)[...] |= np.uint8(Mask.BAD)
        return CalibImage(
            pixels,
            mask,
            tuple(
                ImageAmplifier(
                    a.amplifier.name, a.detector, a.amplifier.gain, a.amplifier.read_noise, 0.0
                )
                for a in self.frames[0].amplifiers
            ),
            self.kind.lower(),
            "electron/s" if is_dark else "electron",
            1.0 if is_dark else 0.0,
            tuple(frame.exposure for frame in self.frames),
            variance,
        )

    def _read(self, number: int, y0: int, y1: int, offset: float = 0.0) -> NDArray[np.float32]:
        """Correct data rows y0 to y1 of one amplifier of all frames; NaN for what is not used."""
        raws: list[RawAmplifier] = [frame.amplifiers[number] for frame in self.frames]
        stack = np.empty((len(raws), y1 - y0, raws[0].data.width), np.float32)
        bias = None if self.how.bias is None else raws[0].oriented(self.how.bias.pixels)[y0:y1]
        for frame, raw, out in zip(self.frames, raws, stack, strict=True):
            levels, hits = self._prepared[frame.exposure]
            rows = raw.pixels.read(raw.data.y0 + y0, raw.data.y0 + y1)
            columns = levels[number]
            if offset:
                columns = columns + np.float32(offset / raw.amplifier.gain)
            saturated = correct_rows(rows, raw, columns, self.how.isr, out)
            if bias is not None:
                np.subtract(out, bias, out=out)
            if saturated is not None:
                out[saturated] = np.nan
            if hits is not None:
                hits.blank(out, raw, y0, y1)
        return stack
