# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold a frame against the median of others, amplifier by amplifier."""

__all__ = ["Comparison", "Pool"]

import dataclasses
import math
import statistics
import typing
from collections.abc import Callable, Iterator, Sequence

from ...model import AmplifierMeasurement, FrameTrouble, ImageMeasurement
from ...model.measurement import TroubleKind
from ..column_shift import ColumnLevels, find_shift, without_mean
from .flaws import is_dead, name_amplifiers, shift_trouble
from .limits import Reference, burst_limit, n_sigma, step_limit

Values = Callable[[AmplifierMeasurement], Sequence[float]]


@dataclasses.dataclass(frozen=True, slots=True)
class Quantity:
    """Something that is compared."""

    values: Values
    """Gives the values of an amplifier."""
    error: Callable[[AmplifierMeasurement], float]
    """Gives the standard error of each."""
    tolerance: float
    """What is allowed beyond chance (ADU)."""
    share: float
    """What is allowed beyond chance, as a share of the reference."""
    above: tuple[TroubleKind, str]
    """What it means if it is too large."""
    below: tuple[TroubleKind, str]
    """What it means if it is too small."""


LEVELS = (
    Quantity(
        lambda item: item.regions,
        lambda item: item.region_error,
        3.0,
        0.0,
        (TroubleKind.LIGHT, "regions up to {:.1f} ADU brighter"),
        (TroubleKind.LEVEL, "regions up to {:.1f} ADU darker"),
    ),
    Quantity(
        lambda item: (item.level,),
        lambda item: item.level_error,
        2.0,
        0.0,
        (TroubleKind.LIGHT, "{:.1f} ADU brighter"),
        (TroubleKind.LEVEL, "{:.1f} ADU darker"),
    ),
)
"""What dark current adds to: held against frames of the same exposure time."""
ELECTRONICS = (
    Quantity(
        lambda item: (item.overscan,),
        lambda item: item.level_error,
        # Ten times what it drifts from frame to frame.
        60.0,
        0.0,
        (TroubleKind.LEVEL, "overscan {:.0f} ADU higher"),
        (TroubleKind.LEVEL, "overscan {:.0f} ADU lower"),
    ),
    Quantity(
        lambda item: (item.overscan_noise,),
        lambda item: item.noise_error * item.overscan_noise,
        0.0,
        0.1,
        (TroubleKind.NOISE, "overscan noise {:.1f} ADU higher"),
        (TroubleKind.NOISE, "overscan noise {:.1f} ADU lower"),
    ),
    Quantity(
        lambda item: (item.data_noise,),
        lambda item: item.noise_error * item.data_noise,
        0.0,
        0.1,
        (TroubleKind.NOISE, "noise {:.1f} ADU higher"),
        (TroubleKind.NOISE, "noise {:.1f} ADU lower"),
    ),
)
"""What does not depend on the exposure time."""


@dataclasses.dataclass(frozen=True, slots=True)
class Pool:
    """What a frame is held against."""

    alike: tuple[ImageMeasurement, ...]
    """Frames that its levels are compared with; none if there are too few."""
    all: tuple[ImageMeasurement, ...]
    """Frames that everything else is compared with; none if there are too few."""
    any_type: tuple[ImageMeasurement, ...] = ()
    """Frames that the pattern of the columns is compared with, which is the same in biases and
    darks; none if there are too few."""
    above: float = 0.0
    """How much brighter dark current may make the frame (ADU)."""
    below: float = 0.0
    """How much darker it may be for less dark current (ADU)."""


class _Found(typing.NamedTuple):
    """A deviation of one amplifier."""

    kind: TroubleKind
    text: str
    name: str
    value: float


class Comparison:
    """Holds frames against a pool.

    Parameters
    ----------
    pool : `Pool`
        The others, and a frame itself if it is one of them.
    comparisons : `int`
        How many comparisons the run makes, from which the limits follow.
    """

    def __init__(self, pool: Pool, comparisons: int) -> None:
        self._pool = pool
        self._comparisons = comparisons
        self._sigmas = n_sigma(comparisons)
        self._levels = _references(LEVELS, pool.alike)
        self._electronics = _references(ELECTRONICS, pool.all)
        self._steps = _usual_steps(pool.all)
        self._columns = _usual_columns(pool.any_type)

    def troubles(self, frame: ImageMeasurement) -> tuple[FrameTrouble, ...]:
        """Find what is wrong with a frame (`tuple` [`FrameTrouble`])."""
        alive = [item for item in frame.amplifiers if not is_dead(item)]
        found: list[_Found] = []
        for item in alive:
            for quantity, references in zip(LEVELS, self._levels, strict=True):
                allowed = (self._pool.above, self._pool.below)
                found += self._deviations(item, quantity, references.get(item.name, ()), allowed)
            for quantity, references in zip(ELECTRONICS, self._electronics, strict=True):
                found += self._deviations(item, quantity, references.get(item.name, ()))
            found += self._rows(item)
        return (*_gather(found), *self._shift(alive))

    def _shift(self, alive: Sequence[AmplifierMeasurement]) -> Iterator[FrameTrouble]:
        """Look for pixels that come earlier or later in their rows."""
        columns = [
            ColumnLevels(
                item.name,
                item.columns,
                self._columns[item.name].levels,
                *self._columns[item.name].errors(item),
            )
            for item in alive
            if item.name in self._columns
        ]
        shift = find_shift(columns, self._sigmas)
        if shift is not None:
            yield shift_trouble(shift, "the other frames")

    def _deviations(
        self,
        amplifier: AmplifierMeasurement,
        quantity: Quantity,
        references: Sequence[Reference],
        allowed: tuple[float, float] = (0.0, 0.0),
    ) -> Iterator[_Found]:
        error = quantity.error(amplifier)
        highest = lowest = 0.0
        for value, reference in zip(quantity.values(amplifier), references, strict=False):
            tolerance = quantity.tolerance + quantity.share * abs(reference.high)
            margin = reference.margin(error, tolerance, self._sigmas)
            over, under = value - reference.high, reference.low - value
            if over > margin + allowed[0]:
                highest = max(highest, over)
            if under > margin + allowed[1]:
                lowest = max(lowest, under)
        if highest:
            yield _Found(*quantity.above, amplifier.name, highest)
        if lowest:
            yield _Found(*quantity.below, amplifier.name, lowest)

    def _rows(self, amplifier: AmplifierMeasurement) -> Iterator[_Found]:
        """Look for steps and bursts among the rows of an amplifier."""
        name, blocks = amplifier.name, amplifier.blocks
        usual = self._steps.get(name)
        if usual is not None:
            limit = step_limit(usual, blocks, self._comparisons)
            if amplifier.overscan_step > limit:
                text = "the overscan jumps by {:.0f} ADU between rows"
                yield _Found(TroubleKind.STEP, text, name, amplifier.overscan_step)
        if amplifier.burst > burst_limit(blocks, amplifier.block_pixels, self._comparisons):
            text = "noise of some rows {:.1f} times the usual"
            yield _Found(TroubleKind.BURST, text, name, amplifier.burst)


def _references(
    quantities: Sequence[Quantity], frames: Sequence[ImageMeasurement]
) -> list[dict[str, list[Reference]]]:
    """Make the references of each quantity, by amplifier."""
    return [
        {
            items[0].name: [
                Reference.of(values) for values in zip(*map(quantity.values, items), strict=True)
            ]
            for items in _by_amplifier(frames)
        }
        for quantity in quantities
    ]


def _usual_steps(frames: Sequence[ImageMeasurement]) -> dict[str, float]:
    """Find what steps are usual: those of the amplifier, or of all if those are larger."""
    if not frames:
        return {}
    of_all = statistics.median(item.overscan_step for one in frames for item in one.amplifiers)
    return {
        items[0].name: max(of_all, statistics.median(item.overscan_step for item in items))
        for items in _by_amplifier(frames)
    }


@dataclasses.dataclass(frozen=True, slots=True)
class _Columns:
    """What is usual of the columns of an amplifier."""

    levels: tuple[float, ...]
    """Medians of the frames; the mean of all columns is 0 (ADU)."""
    scatter: float
    """Scatter among frames of a column (ADU)."""
    count: int
    """How many frames."""

    def errors(self, item: AmplifierMeasurement) -> tuple[float, float]:
        """Return the standard errors of a frame's levels and of these (`tuple` [`float`])."""
        # The variance of a median of n values is pi/2n of theirs.
        own = max(item.column_error, self.scatter)
        return own, own * math.sqrt(math.pi / 2.0 / self.count)


def _usual_columns(frames: Sequence[ImageMeasurement]) -> dict[str, _Columns]:
    """Find the pattern of the columns of each amplifier; none of those that have no record."""
    found = {}
    for items in _by_amplifier(frames):
        rows = [item.columns for item in items]
        if not all(len(row) == len(rows[0]) > 0 for row in rows):
            continue
        flat = map(without_mean, rows)
        references = [Reference.of(values) for values in zip(*flat, strict=True)]
        found[items[0].name] = _Columns(
            tuple((item.low + item.high) / 2.0 for item in references),
            statistics.median(item.scatter for item in references),
            len(frames),
        )
    return found


def _by_amplifier(
    frames: Sequence[ImageMeasurement],
) -> Iterator[tuple[AmplifierMeasurement, ...]]:
    return zip(*(frame.amplifiers for frame in frames), strict=True)


def _gather(found: Sequence[_Found]) -> Iterator[FrameTrouble]:
    """Make one trouble of each kind, with the most telling of its texts."""
    for kind in dict.fromkeys(item.kind for item in found):
        same = [item for item in found if item.kind is kind]
        names = tuple(dict.fromkeys(item.name for item in same))
        worst = max(same, key=lambda item: item.value)
        text = f"{name_amplifiers(names)}: {worst.text.format(worst.value)}"
        yield FrameTrouble(kind, names, text)
