# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wrong with which amplifier of which exposure, from the measurements of verification."""

__all__ = [
    "EvidenceLimits",
    "Flaw",
    "FlawKind",
    "Reference",
    "find_flaws",
    "find_repeated",
    "noise_allowance",
]

import collections
import dataclasses
import enum
import math
import statistics
from collections.abc import Iterable, Iterator, Sequence

from ..model import AmplifierStatistics, RunStatistics
from .trends import scatter


@dataclasses.dataclass(frozen=True, slots=True)
class EvidenceLimits:
    """From where on something counts."""

    noise_above: float = 0.05
    """How far noise may be above what is expected (share of the read noise)."""
    noise_below: float = 0.10
    """How far it may be below (share of the read noise)."""
    level: float = 0.25
    """How far a level may differ from the others, or from the reference (read noises)."""
    scatters: float = 6.0
    """How far anything must be off, in units of the usual scatter among the exposures."""
    false_alarm: float = 1e-3
    """Probability of a drift or a step found in a set that has none."""
    few_exposures: int = 10
    """Of so many or fewer, the noise of a combination alone makes NOISE fail in later frames."""


DEFAULT_LIMITS = EvidenceLimits()


@dataclasses.dataclass(frozen=True, slots=True)
class Reference:
    """With which calibration the exposures were compared when they were verified."""

    exposures: int | None
    """How many exposures it was made of; `None` if that is not known."""
    is_own: bool
    """Was it made of these same exposures?"""


class FlawKind(enum.StrEnum):
    """What is wrong; the names of cp_verify's tests where it is one of them."""

    NOISE = "NOISE"
    QUIET = "NOISE too low"
    LEVEL = "LEVEL differs from that of the others"
    SHIFT = "LEVEL differs from the calibration's"
    MEAN = "MEAN"
    CR_NOISE = "CR_NOISE"
    PROCESSING = "PROCESSING"
    REPEATED = "identical to an earlier exposure"

    @property
    def advice(self) -> str:
        """What to look at (`str`)."""
        return _ADVICE[self]


_ADVICE = {
    FlawKind.NOISE: "look for interference, and at the temperature of the readout",
    FlawKind.QUIET: "look at the raw frames: dead amplifiers, lost gain or an old buffer",
    FlawKind.LEVEL: "look at these frames for light, glow, or a bias that settles",
    FlawKind.SHIFT: "look at sequencer, voltages and temperature, and for light",
    FlawKind.MEAN: "look at these frames for light, glow, or a bias that settles",
    FlawKind.CR_NOISE: "look at these frames for cosmic rays and bad columns",
    FlawKind.PROCESSING: "look at these frames for saturation and light",
    FlawKind.REPEATED: "look at the camera's data acquisition: a buffer was read twice",
}
_FROM_VERIFICATION = (FlawKind.MEAN, FlawKind.CR_NOISE, FlawKind.PROCESSING)


@dataclasses.dataclass(frozen=True, slots=True)
class Flaw:
    """Something is wrong with one amplifier of one exposure."""

    kind: FlawKind
    """What."""
    exposure_id: int
    """In which exposure."""
    amplifier: str
    """In which amplifier."""


def noise_allowance(reference: Reference) -> float:
    """Tell by which factor subtraction of the reference changes the noise of an exposure.

    Returns
    -------
    factor : `float`
        sqrt(1 + 1/N) for a mean of N other exposures. sqrt(1 - 1/N) for one that the exposure is
        part of; 1 if N is not known.
    """
    if not reference.exposures:
        return 1.0
    share = 1.0 / reference.exposures
    return math.sqrt(max(0.0, 1.0 - share) if reference.is_own else 1.0 + share)


def find_flaws(
    found: RunStatistics,
    reference: Reference,
    bias_exposures: int | None = None,
    limits: EvidenceLimits = DEFAULT_LIMITS,
) -> list[Flaw]:
    """Find what is wrong with single amplifiers of single exposures.

    Parameters
    ----------
    found : `RunStatistics`
        Verification of all exposures of a set.
    reference : `Reference`
        What was subtracted from them.
    bias_exposures : `int` or `None`
        Of how many exposures the bias was made that was subtracted from darks; `None` for biases.
    limits : `EvidenceLimits`
        From where on it counts.
    """
    flaws = [
        Flaw(FlawKind(failure.test), verdict.exposure_id, failure.amplifier)
        for verdict in found.exposures
        for failure in verdict.failures
        if failure.test in _FROM_VERIFICATION
        or (failure.test == FlawKind.NOISE and not found.measurements)
    ]
    by_name: dict[str, list[tuple[int, AmplifierStatistics]]] = collections.defaultdict(list)
    for exposure in found.measurements:
        for amplifier in exposure.amplifiers:
            by_name[amplifier.name].append((exposure.exposure_id, amplifier))
    noise_scatter = _pooled_scatter(
        [[item.noise / item.read_noise for _, item in series] for series in by_name.values()]
    )
    level_scatter = _level_scatter(found)
    low = noise_allowance(reference)
    # The noise of a dark's reference depends on the exposure times; its bias adds some in any case.
    high = max(low, math.sqrt(1.0 + 1.0 / bias_exposures)) if bias_exposures else low
    for name, series in by_name.items():
        for exposure_id, kind in _noise_flaws(series, low, high, noise_scatter, limits):
            flaws.append(Flaw(kind, exposure_id, name))
        for exposure_id, kind in _level_flaws(series, reference, level_scatter, limits):
            flaws.append(Flaw(kind, exposure_id, name))
    return flaws


def _level_scatter(found: RunStatistics) -> float:
    """Estimate how levels scatter beyond what the amplifiers of an exposure have in common.

    What is wrong with a frame is mostly in all of its amplifiers, and is no scatter.
    """
    series: dict[str, list[float]] = collections.defaultdict(list)
    for exposure in found.measurements:
        levels = {item.name: item.level / item.read_noise for item in exposure.amplifiers}
        finite = [level for level in levels.values() if math.isfinite(level)]
        for name, level in levels.items():
            series[name].append(level - statistics.median(finite) if finite else math.nan)
    return _pooled_scatter(series.values())


def _pooled_scatter(series: Iterable[Sequence[float]]) -> float:
    """Estimate the scatter that all series have around their medians."""
    distances = []
    for values in series:
        finite = [value for value in values if math.isfinite(value)]
        if finite:
            middle = statistics.median(finite)
            # One degree of freedom goes into the median.
            grow = math.sqrt(len(finite) / max(1, len(finite) - 1))
            distances += [grow * (value - middle) for value in finite]
    return scatter(distances) if distances else 0.0


def _noise_flaws(
    series: list[tuple[int, AmplifierStatistics]],
    low: float,
    high: float,
    noise_scatter: float,
    limits: EvidenceLimits,
) -> Iterator[tuple[int, FlawKind]]:
    play = limits.scatters * noise_scatter
    for exposure_id, item in series:
        ratio = item.noise / item.read_noise
        if not ratio <= high * (1.0 + max(limits.noise_above, play)):  # NaN is a flaw
            yield exposure_id, FlawKind.NOISE
        elif ratio < low * (1.0 - max(limits.noise_below, min(0.5, play))):
            yield exposure_id, FlawKind.QUIET


def _level_flaws(
    series: list[tuple[int, AmplifierStatistics]],
    reference: Reference,
    level_scatter: float,
    limits: EvidenceLimits,
) -> Iterator[tuple[int, FlawKind]]:
    levels = [item.level for _, item in series if math.isfinite(item.level)]
    if not levels:
        return
    middle, spread = statistics.median(levels), scatter(levels)
    for exposure_id, item in series:
        least = limits.level * item.read_noise
        # The scatter of one amplifier alone is known too badly: of few values it may come out low.
        usual = max(spread, level_scatter * item.read_noise)
        # Of three exposures nobody can say which is the odd one by their scatter.
        if len(levels) >= 5 and abs(item.level - middle) > max(least, limits.scatters * usual):
            yield exposure_id, FlawKind.LEVEL
        elif not reference.is_own and abs(middle) > max(least, spread):
            yield exposure_id, FlawKind.SHIFT


def find_repeated(found: RunStatistics) -> list[int]:
    """Find exposures whose measurements are, digit for digit, those of an earlier one.

    Noise makes each frame one of its own: two alike are one frame that was read twice.

    Returns
    -------
    repeated : `list` [`int`]
        Their ids.
    """
    seen: set[tuple[tuple[float, float, float], ...]] = set()
    repeated = []
    for exposure in found.measurements:
        print_ = tuple((item.level, item.noise, item.cr_noise) for item in exposure.amplifiers)
        if not any(item.noise > 0 for item in exposure.amplifiers):
            continue  # nothing but zeros is another trouble
        if print_ in seen:
            repeated.append(exposure.exposure_id)
        seen.add(print_)
    return repeated
