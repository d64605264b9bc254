# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new calibration against the one in use."""

__all__ = ["compare_calibrations"]

import dataclasses
import math
import statistics

from ..model import (
    AmplifierFacts,
    CalibrationFacts,
    Comparison,
    ComparisonVerdict,
    ImageType,
)
from .evidence_text import describe_amplifiers
from .run_config import OnDifference


@dataclasses.dataclass(frozen=True, slots=True)
class ComparisonLimits:
    """By how much two healthy calibrations may differ."""

    level: float
    """Median of a patch (electron, or electron/s)."""
    noise: float = 1.25
    """Noise, as a multiple of what the numbers of exposures foretell."""
    hot_share: float = 2.0
    """Hot pixels, as a multiple of those before."""
    hot_extra: int = 20
    """And so many more, in an amplifier."""


_SIGNIFICANT = 6.0  # standard errors: one in 500 million patches
LIMITS = {ImageType.BIAS: ComparisonLimits(2.0), ImageType.DARK: ComparisonLimits(0.1)}
"""A quarter of the read noise; and the same in a dark of 20 to 30 s (electron/s)."""


def compare_calibrations(
    image_type: ImageType,
    new: CalibrationFacts | None,
    old: CalibrationFacts | None,
    on_difference: OnDifference,
) -> Comparison:
    """Say whether a new calibration is better, the same or worse, and where.

    Parameters
    ----------
    image_type : `ImageType`
        Which calibration.
    new, old : `CalibrationFacts` or `None`
        What was made, and what is in use; `None` if there is none.
    on_difference : `OnDifference`
        Whether one that is worse may be certified.
    """
    against = old.run if old is not None else ""
    if new is None or old is None or new.unit != old.unit or _names(new) != _names(old):
        verdict, why = ComparisonVerdict.NOT_COMPARED, _why_not(new, old)
        return Comparison(image_type, verdict, against, why, accepted=True)
    changed = _changed_setup(new, old)
    worse = _differences(new, old, LIMITS[image_type])
    if worse and changed:
        # Another sequencer or voltage makes another pattern; that is what calibrations are for.
        verdict = ComparisonVerdict.OTHER_SETUP
        return Comparison(image_type, verdict, against, (*changed, *worse), accepted=True)
    if worse:
        accepted = on_difference is not OnDifference.REFUSE
        return Comparison(image_type, ComparisonVerdict.WORSE, against, worse, accepted=accepted)
    better = _total(new) < 0.9 * _total(old) and math.isfinite(_total(new))
    verdict = ComparisonVerdict.BETTER if better else ComparisonVerdict.SAME
    return Comparison(image_type, verdict, against, changed, accepted=True)


def _names(facts: CalibrationFacts) -> tuple[tuple[str, int], ...]:
    return tuple((item.name, len(item.patches)) for item in facts.amplifiers)


def _why_not(new: CalibrationFacts | None, old: CalibrationFacts | None) -> tuple[str, ...]:
    if new is None:
        return ("the new one was not found",)
    if old is None:
        return ("there is none in use before it",)
    return (f"the one in use is in {old.unit}, and this one in {new.unit}",)


def _changed_setup(new: CalibrationFacts, old: CalibrationFacts) -> tuple[str, ...]:
    before = dict(old.setup)
    return tuple(
        f"{key} was {before[key]} and is {value}"
        for key, value in new.setup
        if key in before and before[key] != value
    )


def _differences(
    new: CalibrationFacts, old: CalibrationFacts, limits: ComparisonLimits
) -> tuple[str, ...]:
    levels: dict[str, float] = {}
    noisy: dict[str, float] = {}
    hot: dict[str, int] = {}
    foretold = _foretold_noise(new, old)
    masked = {*new.masked, *old.masked}
    for mine, other in zip(new.amplifiers, old.amplifiers, strict=True):
        if mine.name in masked:
            continue
        worst = _worst_patch(mine, other)
        chance = _SIGNIFICANT * math.hypot(mine.patch_error, other.patch_error)
        if not abs(worst) <= max(limits.level, chance):  # NaN is a difference
            levels[mine.name] = worst
        if foretold < math.inf and not mine.noise <= limits.noise * foretold * other.noise:
            noisy[mine.name] = mine.noise / other.noise if other.noise else math.inf
        if mine.hot > limits.hot_share * other.hot + limits.hot_extra:
            hot[mine.name] = mine.hot - other.hot
    lines = []
    if levels:
        name = max(levels, key=lambda name: abs(levels[name]))
        lines.append(
            f"level of {describe_amplifiers(levels)} differs, at most {levels[name]:+.3g} "
            f"{new.unit} on {name} (look at both images for glow and light, and at voltages)"
        )
    if noisy:
        name = max(noisy, key=noisy.__getitem__)
        lines.append(
            f"noise of {describe_amplifiers(noisy)} is up to {noisy[name]:.2f} times as high"
        )
    if hot:
        name = max(hot, key=hot.__getitem__)
        lines.append(
            f"{describe_amplifiers(hot)} have more hot pixels, {name} {hot[name]} more "
            "(look at the temperature)"
        )
    return tuple(lines)


def _foretold_noise(new: CalibrationFacts, old: CalibrationFacts) -> float:
    """Tell how many times as noisy the new one should be; infinite if nobody can know."""
    if new.weight and old.weight:
        return math.sqrt(old.weight / new.weight)
    if new.dataset_type == "bias" and new.exposures and old.exposures:
        return math.sqrt(old.exposures / new.exposures)
    return math.inf


def _worst_patch(mine: AmplifierFacts, other: AmplifierFacts) -> float:
    return max((a - b for a, b in zip(mine.patches, other.patches, strict=True)), key=_size)


def _size(value: float) -> float:
    return math.inf if math.isnan(value) else abs(value)


def _total(facts: CalibrationFacts) -> float:
    return statistics.fmean(i.noise for i in facts.amplifiers if i.name not in facts.masked)
