# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Hold a frame against the median of others, amplifier by amplifier."""

__all__ = ["Pool", "compare"]

import dataclasses
from collections.abc import Callable, Iterator, Sequence

from ..model import AmplifierMeasurement, FrameTrouble, ImageMeasurement
from ..model.measurement import TroubleKind
from .frame_flaws import is_dead, name_amplifiers
from .frame_limits import Reference, burst_limit, n_sigma, step_limit

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
    above: float = 0.0
    """How much brighter dark current may make the frame (ADU)."""
    below: float = 0.0
    """How much darker it may be for less dark current (ADU)."""


def compare(frame: ImageMeasurement, pool: Pool, comparisons: int) -> tuple[FrameTrouble, ...]:
    """Hold a frame against a pool.

    Parameters
    ----------
    frame : `ImageMeasurement`
        The frame.
    pool : `Pool`
        The others, and the frame itself if it is one of them.
    comparisons : `int`
        How many comparisons the run makes, from which the limits follow.
    """
    alive = [item for item in frame.amplifiers if not is_dead(item)]
    sigmas = n_sigma(comparisons)
    found: list[tuple[TroubleKind, str, str, float]] = []
    for amplifier in alive:
        for quantity in LEVELS if pool.alike else ():
            found += _deviations(amplifier, quantity, pool, sigmas)
        for quantity in ELECTRONICS if pool.all else ():
            found += _deviations(amplifier, quantity, Pool(pool.all, ()), sigmas)
    found += _steps(alive, pool.all, comparisons)
    found += _bursts(alive, comparisons)
    return tuple(_gather(found))


def _deviations(
    amplifier: AmplifierMeasurement, quantity: Quantity, pool: Pool, sigmas: float
) -> Iterator[tuple[TroubleKind, str, str, float]]:
    others = [quantity.values(item.amplifier(amplifier.name)) for item in pool.alike]
    error = quantity.error(amplifier)
    highest = lowest = 0.0
    for value, *rest in zip(quantity.values(amplifier), *others, strict=True):
        reference = Reference.of(rest)
        tolerance = quantity.tolerance + quantity.share * abs(reference.high)
        margin = reference.margin(error, tolerance, sigmas)
        over, under = value - reference.high, reference.low - value
        if over > margin + pool.above:
            highest = max(highest, over)
        if under > margin + pool.below:
            lowest = max(lowest, under)
    if highest:
        yield (*quantity.above, amplifier.name, highest)
    if lowest:
        yield (*quantity.below, amplifier.name, lowest)


def _steps(
    alive: Sequence[AmplifierMeasurement], others: Sequence[ImageMeasurement], comparisons: int
) -> Iterator[tuple[TroubleKind, str, str, float]]:
    if not others:
        return
    of_all = Reference.of([i.overscan_step for other in others for i in other.amplifiers]).high
    for item in alive:
        own = Reference.of([other.amplifier(item.name).overscan_step for other in others]).high
        if item.overscan_step > step_limit(max(own, of_all), item.blocks, comparisons):
            text = "the overscan jumps by {:.0f} ADU between rows"
            yield TroubleKind.STEP, text, item.name, item.overscan_step


def _bursts(
    alive: Sequence[AmplifierMeasurement], comparisons: int
) -> Iterator[tuple[TroubleKind, str, str, float]]:
    for item in alive:
        if item.burst > burst_limit(item.blocks, item.block_pixels, comparisons):
            yield (
                TroubleKind.BURST,
                "noise of some rows {:.1f} times the usual",
                item.name,
                item.burst,
            )


def _gather(found: Sequence[tuple[TroubleKind, str, str, float]]) -> Iterator[FrameTrouble]:
    """Make one trouble of each kind, with the most telling of its texts."""
    for kind in dict.fromkeys(item[0] for item in found):
        same = [item for item in found if item[0] is kind]
        names = tuple(dict.fromkeys(item[2] for item in same))
        _, text, _, worst = max(same, key=lambda item: item[3])
        yield FrameTrouble(kind, names, f"{name_amplifiers(names)}: {text.format(worst)}")
