# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with a frame by itself: no other frame is needed to see it, or only one."""

__all__ = ["find_flaws", "name_amplifiers", "shift_trouble"]

import math
from collections.abc import Iterator, Sequence

from ...model import AmplifierMeasurement, FrameTrouble, ImageMeasurement, PlannedExposure
from ...model.detector import LATISS_AMPLIFIERS
from ...model.measurement import TroubleKind
from ..column_shift import Shift

DEAD_NOISE = 1.0
"""Noise below which an amplifier is dead (ADU); the quietest of LATISS has 7.5."""
ODD_FRACTION = 0.01
"""Share of pixels at an end of the scale from which a frame is bad.

Cosmic rays and hot pixels of a 30 s dark are less than a thousandth, and not saturated.
"""
NOISE_TOLERANCE = 0.2
"""Share by which the noise may be above or below that of the camera model.

Four times what verification allows: a model that is not quite right ends no acquisition.
"""
_TIME_TOLERANCE = 0.1  # seconds
_SIGMAS = 6.0  # standard errors of a noise, of few pixels
_MODEL = {item.name: item for item in LATISS_AMPLIFIERS}
_SHOWN = 4


def find_flaws(
    planned: PlannedExposure, frame: ImageMeasurement, before: Sequence[ImageMeasurement]
) -> tuple[FrameTrouble, ...]:
    """Find what is wrong with a frame by itself.

    Parameters
    ----------
    planned : `PlannedExposure`
        What was asked for.
    frame : `ImageMeasurement`
        What was measured.
    before : `~collections.abc.Sequence` [`ImageMeasurement`]
        The frames of the run before it, of every type.
    """
    return (
        *_header_flaws(planned, frame),
        *_copies(frame, before),
        *_sequencer_changes(frame, before),
        *_pixel_flaws(frame),
    )


def name_amplifiers(names: Sequence[str]) -> str:
    """Name amplifiers for a sentence, without filling a line with them (`str`)."""
    if len(names) <= _SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[: _SHOWN - 1])} and {len(names) - _SHOWN + 1} more"


def is_dead(amplifier: AmplifierMeasurement) -> bool:
    """Tell whether an amplifier gives a constant, or hardly any noise."""
    constant = 2 * amplifier.constant > amplifier.pixels
    return constant or amplifier.overscan_noise < DEAD_NOISE or amplifier.data_noise < DEAD_NOISE


def _header_flaws(planned: PlannedExposure, frame: ImageMeasurement) -> Iterator[FrameTrouble]:
    wanted = (
        ("exposure id", frame.exposure_id, frame.name.exposure_id),
        ("image type", frame.image_type.upper(), planned.image_type.value),
    )
    for what, seen, expected in wanted:
        if seen != expected:
            text = f"the header gives {what} {seen}, not {expected}"
            yield FrameTrouble(TroubleKind.HEADER, (), text)
    if abs(frame.exposure_time - planned.exposure_time) > _TIME_TOLERANCE:
        text = (
            f"the header gives an exposure time of {frame.exposure_time:g} s, "
            f"not {planned.exposure_time:g} s"
        )
        yield FrameTrouble(TroubleKind.HEADER, (), text)


def _copies(frame: ImageMeasurement, before: Sequence[ImageMeasurement]) -> Iterator[FrameTrouble]:
    for other in before:
        if other.digest == frame.digest:
            text = f"its pixels are those of {other.name}"
            yield FrameTrouble(TroubleKind.IDENTICAL, (), text)
            return


def _sequencer_changes(
    frame: ImageMeasurement, before: Sequence[ImageMeasurement]
) -> Iterator[FrameTrouble]:
    known = next((other.sequencer for other in before if other.sequencer), "")
    if known and frame.sequencer and frame.sequencer != known:
        text = f"read out with sequencer {frame.sequencer}, the run began with {known}"
        yield FrameTrouble(TroubleKind.SEQUENCER, (), text)


def _pixel_flaws(frame: ImageMeasurement) -> Iterator[FrameTrouble]:
    dead = [item for item in frame.amplifiers if is_dead(item)]
    alive = [item for item in frame.amplifiers if item not in dead]
    if dead:
        names = tuple(item.name for item in dead)
        text = f"{name_amplifiers(names)}: dead, noise {max(i.data_noise for i in dead):.1f} ADU"
        yield FrameTrouble(TroubleKind.DEAD, names, text)
    ends = [item for item in frame.amplifiers if _odd_share(item) > ODD_FRACTION]
    if ends:
        names = tuple(item.name for item in ends)
        share = 100.0 * max(map(_odd_share, ends))
        text = (
            f"{name_amplifiers(names)}: {share:.0f} % of the pixels saturated, near 0 or no number"
        )
        yield FrameTrouble(TroubleKind.SATURATED, names, text)
    yield from _noise_flaws(alive)
    stuck = [item for item in alive if item.stuck_bits]
    if stuck:
        names = tuple(item.name for item in stuck)
        bits = ", ".join(
            str(bit) for bit in range(18) if any(item.stuck_bits >> bit & 1 for item in stuck)
        )
        text = f"{name_amplifiers(names)}: bit {bits} the same in all pixels"
        yield FrameTrouble(TroubleKind.STUCK_BIT, names, text)


def _noise_flaws(alive: Sequence[AmplifierMeasurement]) -> Iterator[FrameTrouble]:
    """Hold noises against the camera model, for what is in all frames of a run."""
    shares = {item.name: _noise_share(item) for item in alive if item.name in _MODEL}
    play = {item.name: NOISE_TOLERANCE + _SIGMAS * item.noise_error for item in alive}
    for word, odd in (
        ("high", [name for name, share in shares.items() if share[0] > 1.0 + play[name]]),
        ("low", [name for name, share in shares.items() if share[1] < 1.0 - play[name]]),
    ):
        if odd:
            worst = max(odd, key=lambda name: abs(shares[name][1] - 1.0))
            text = (
                f"{name_amplifiers(odd)}: noise is {shares[worst][1]:.2f} times that of the camera "
                f"model, too {word}"
            )
            yield FrameTrouble(TroubleKind.NOISE, tuple(odd), text)


def _noise_share(item: AmplifierMeasurement) -> tuple[float, float]:
    """Return the noise over that of the model with and without the shot noise of its charge."""
    model = _MODEL[item.name]
    noise, charge = item.data_noise * model.gain, max(item.level * model.gain, 0.0)
    return noise / math.sqrt(model.read_noise**2 + charge), noise / model.read_noise


def _odd_share(amplifier: AmplifierMeasurement) -> float:
    odd = amplifier.saturated + amplifier.low + amplifier.not_a_number
    return odd / max(amplifier.pixels, 1)


def shift_trouble(shift: Shift, reference: str) -> FrameTrouble:
    """Say that pixels are shifted (`FrameTrouble`), and against what they were held."""
    where = f"{name_amplifiers(shift.amplifiers)}: " if shift.amplifiers else ""
    text = f"{where}{shift}, held against {reference}"
    return FrameTrouble(TroubleKind.SHIFTED, shift.amplifiers, text)
