# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new calibration against the one in use."""

__all__ = ["compare_calibrations"]

import dataclasses
import math
import statistics
import typing
from collections.abc import Mapping, Sequence

from ..model import (
    AmplifierFacts,
    CalibrationFacts,
    Comparison,
    ComparisonVerdict,
    ImageType,
)
from .column_shift import ColumnLevels, Shift, find_shift
from .evidence_text import describe_amplifiers
from .run_config import OnDifference


@dataclasses.dataclass(frozen=True, slots=True)
class ComparisonLimits:
    """By how much two healthy calibrations may differ."""

    level: float
    """Median of a patch (electron, or electron/s)."""
    setup_level: float
    """The same if sequencer, voltages or temperature are others."""
    noise: float = 1.25
    """Noise, as a multiple of what the numbers of exposures foretell."""
    setup_noise: float = 2.0
    """The same with another set-up: four times as long an integration halves it."""
    quiet: float = 0.5
    """Below this multiple an amplifier is dead, or has lost its gain; no set-up does that."""
    hot_share: float = 2.0
    """Hot pixels, as a multiple of those before."""
    hot_extra: int = 20
    """And so many more, in an amplifier."""
    dark_share: float = 0.5
    """Dark current of all amplifiers, as a share of that before, that is too little."""


_SIGNIFICANT = 6.0  # standard errors: one in 500 million patches
LIMITS = {
    ImageType.BIAS: ComparisonLimits(2.0, 200.0),
    ImageType.DARK: ComparisonLimits(0.1, 0.5),
}
"""A quarter of the read noise, and the same in a dark of 20 to 30 s (electron/s).

Clocks and voltages that change make patterns of up to a hundred electron, in all amplifiers.
"""


class _Difference(typing.NamedTuple):
    """One way in which two calibrations differ."""

    text: str
    by_setup: bool
    """Can another sequencer, voltage or temperature make it?"""


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
    found = _differences(new, old, LIMITS[image_type], changes_temperature="TEMP_SET" in changed)
    setup, worse = tuple(changed.values()), tuple(item.text for item in found)
    if found and changed and all(item.by_setup for item in found):
        # Another sequencer or voltage makes another pattern; that is what calibrations are for.
        verdict = ComparisonVerdict.OTHER_SETUP
        return Comparison(image_type, verdict, against, (*setup, *worse), accepted=True)
    if found:
        if changed:
            unexplained = "; ".join(item.text for item in found if not item.by_setup)
            explained = tuple(item.text for item in found if item.by_setup)
            worse = (f"no other set-up makes that {unexplained}", *explained, *setup)
        accepted = on_difference is not OnDifference.REFUSE
        return Comparison(image_type, ComparisonVerdict.WORSE, against, worse, accepted=accepted)
    better = _total(new) < 0.9 * _total(old) and math.isfinite(_total(new))
    verdict = ComparisonVerdict.BETTER if better else ComparisonVerdict.SAME
    return Comparison(image_type, verdict, against, setup, accepted=True)


def _names(facts: CalibrationFacts) -> tuple[tuple[str, int], ...]:
    return tuple((item.name, len(item.patches)) for item in facts.amplifiers)


def _why_not(new: CalibrationFacts | None, old: CalibrationFacts | None) -> tuple[str, ...]:
    if new is None:
        return ("the new one was not found",)
    if old is None:
        return ("there is none in use before it",)
    return (f"the one in use is in {old.unit}, and this one in {new.unit}",)


def _changed_setup(new: CalibrationFacts, old: CalibrationFacts) -> dict[str, str]:
    """Say in words what changed, by header key."""
    before = dict(old.setup)
    return {
        key: f"{key} was {before[key]} and is {value}"
        for key, value in new.setup
        if key in before and before[key] != value
    }


def _differences(
    new: CalibrationFacts,
    old: CalibrationFacts,
    limits: ComparisonLimits,
    *,
    changes_temperature: bool,
) -> list[_Difference]:
    levels: dict[str, float] = {}
    noises: dict[str, float] = {}
    hot: dict[str, int] = {}
    foretold = _foretold_noise(new, old)
    pairs = _pairs(new, old)
    for mine, other in pairs:
        if (worst := _worst_patch(mine, other, limits.level)) is not None:
            levels[mine.name] = worst
        if foretold < math.inf:
            noises[mine.name] = mine.noise / other.noise if other.noise else math.inf
        if mine.hot > limits.hot_share * other.hot + limits.hot_extra:
            hot[mine.name] = mine.hot - other.hot
    found = []
    if levels:
        name = max(levels, key=lambda name: _size(levels[name]))
        text = (
            f"level of {describe_amplifiers(levels)} differs, at most {levels[name]:+.3g} "
            f"{new.unit} on {name} (look at both images for glow and light, and at voltages)"
        )
        # What all amplifiers have in common shows in most of them.
        common = 2 * len(levels) > len(pairs)
        found.append(_Difference(text, common and _size(levels[name]) <= limits.setup_level))
    found += _noise_differences(noises, foretold, limits)
    if new.dataset_type == "bias" and (shift := _shift(pairs)) is not None:
        where = f" in {describe_amplifiers(shift.amplifiers)}" if shift.amplifiers else ""
        found.append(_Difference(f"{shift}{where} (look at the sequencer)", not shift.amplifiers))
    if hot:
        name = max(hot, key=hot.__getitem__)
        text = (
            f"more hot pixels in {describe_amplifiers(hot)}, {name} has {hot[name]} more "
            "(look at the temperature)"
        )
        # The pattern of a bias may have edges, which stand out as hot pixels do.
        found.append(_Difference(text, changes_temperature or new.dataset_type == "bias"))
    if new.dataset_type == "dark" and (share := _share_of_dark_current(pairs)) < limits.dark_share:
        text = (
            f"dark current is {share:.2f} times that of before (look at the exposure times: "
            "darks that were not exposed are biases)"
        )
        found.append(_Difference(text, changes_temperature))
    return found


def _pairs(
    new: CalibrationFacts, old: CalibrationFacts
) -> list[tuple[AmplifierFacts, AmplifierFacts]]:
    """Pair the amplifiers that are masked in neither."""
    masked = {*new.masked, *old.masked}
    pairs = zip(new.amplifiers, old.amplifiers, strict=True)
    return [pair for pair in pairs if pair[0].name not in masked]


def _shift(pairs: Sequence[tuple[AmplifierFacts, AmplifierFacts]]) -> Shift | None:
    columns = [
        ColumnLevels(mine.name, mine.columns, other.columns, mine.column_error, other.column_error)
        for mine, other in pairs
    ]
    return find_shift(columns, _SIGNIFICANT)


def _noise_differences(
    ratios: Mapping[str, float], foretold: float, limits: ComparisonLimits
) -> list[_Difference]:
    noisy = {name: ratio for name, ratio in ratios.items() if not ratio <= limits.noise * foretold}
    quiet = {name: ratio for name, ratio in ratios.items() if ratio < limits.quiet * foretold}
    found = []
    if noisy:
        worst = max(noisy.values(), key=_size)
        text = f"noise of {describe_amplifiers(noisy)} is up to {worst:.2f} times as high"
        found.append(_Difference(text, worst <= limits.setup_noise * foretold))
    if quiet:
        text = (
            f"noise of {describe_amplifiers(quiet)} is only {min(quiet.values()):.2f} times as "
            "high (look at the raw frames: dead amplifiers, lost gain)"
        )
        found.append(_Difference(text, by_setup=False))
    return found


def _share_of_dark_current(pairs: Sequence[tuple[AmplifierFacts, AmplifierFacts]]) -> float:
    """Tell what is left of the dark current; infinite if no loss is significant.

    The error is taken from the scatter among the amplifiers, which have more of it than noise:
    the bias level of each wanders, and its rate with it.
    """
    levels = [(statistics.fmean(a.patches), statistics.fmean(b.patches)) for a, b in pairs]
    if len(levels) < 2:
        return math.inf
    changes = [mine - other for mine, other in levels]
    change, before = statistics.median(changes), statistics.median(other for _, other in levels)
    # The variance of a median of n values is pi/2n of theirs.
    error = statistics.stdev(changes) * math.sqrt(math.pi / 2.0 / len(changes))
    if not (before > 0.0 and -change > _SIGNIFICANT * error):
        return math.inf
    return max(0.0, 1.0 + change / before)


def _foretold_noise(new: CalibrationFacts, old: CalibrationFacts) -> float:
    """Tell how many times as noisy the new one should be; infinite if nobody can know."""
    if new.weight and old.weight:
        return math.sqrt(old.weight / new.weight)
    if new.dataset_type == "bias" and new.exposures and old.exposures:
        return math.sqrt(old.exposures / new.exposures)
    return math.inf


def _worst_patch(mine: AmplifierFacts, other: AmplifierFacts, limit: float) -> float | None:
    """Find the largest difference that is beyond the limit and beyond chance; `None` if none is."""
    errors = map(math.hypot, mine.patch_errors, other.patch_errors)
    differences = zip(mine.patches, other.patches, errors, strict=True)
    beyond = [
        a - b
        for a, b, error in differences
        if not abs(a - b) <= max(limit, _SIGNIFICANT * error)  # NaN is a difference
    ]
    return max(beyond, key=_size, default=None)


def _size(value: float) -> float:
    return math.inf if math.isnan(value) else abs(value)


def _total(facts: CalibrationFacts) -> float:
    return statistics.fmean(i.noise for i in facts.amplifiers if i.name not in facts.masked)
