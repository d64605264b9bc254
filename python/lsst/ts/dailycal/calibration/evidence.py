# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The accept rule that looks at amplifiers, exposures and the set as a whole."""

__all__ = ["EvidenceCriteria", "decide_on_evidence"]

import collections
import dataclasses
import math
import statistics
from collections.abc import Collection, Iterable, Sequence

from ..model import Decision, ImageType, LeftOut, RunStatistics
from .accept import decide
from .evidence_text import describe_amplifiers, describe_exposures, describe_left_out
from .flaws import (
    EvidenceLimits,
    Flaw,
    FlawKind,
    Reference,
    find_flaws,
    find_repeated,
    noise_allowance,
)
from .trends import Trend, find_trend

_OF_THE_SET = (FlawKind.LEVEL, FlawKind.QUIET, FlawKind.REPEATED)
"""A healthy exposure has not one amplifier with any of these."""
_OF_NOISE = (FlawKind.NOISE, FlawKind.CR_NOISE)
"""What an exposure shows as well that is compared with a combination which it is no part of."""
_BY_GRAVITY = (
    FlawKind.REPEATED,
    FlawKind.PROCESSING,
    FlawKind.QUIET,
    FlawKind.LEVEL,
    FlawKind.SHIFT,
    FlawKind.MEAN,
    FlawKind.NOISE,
    FlawKind.CR_NOISE,
)
"""The worst first: it brings the others with it."""


@dataclasses.dataclass(frozen=True, slots=True)
class EvidenceCriteria:
    """What a set is held against."""

    failure_limit: int
    """On how many amplifiers a test of cp_verify must fail to make an exposure bad."""
    fewest: int
    """Fewest good exposures of which a calibration may be made."""
    reference: Reference
    """With what the exposures were compared."""
    left_out: tuple[LeftOut, ...] = ()
    """What combination left out of the reference by itself, if that is made of these exposures."""
    notes: tuple[str, ...] = ()
    """What else combination noted."""
    bias_exposures: int | None = None
    """Of how many exposures the bias was made that was subtracted from darks."""
    may_leave_out: bool = False
    """May bad exposures be left out, and the rest combined and verified once more?"""
    masked: tuple[tuple[str, str], ...] = ()
    """Names of amplifiers that are masked in the reference, and why: the others decide."""
    may_mask: int = 0
    """How many amplifiers may be masked, and the exposures combined and verified once more."""
    limits: EvidenceLimits = dataclasses.field(default_factory=EvidenceLimits)
    """From where on something counts."""


def decide_on_evidence(
    image_type: ImageType, found: RunStatistics, criteria: EvidenceCriteria
) -> Decision:
    """Decide whether a calibration made of verified exposures may be used.

    An amplifier is bad that fails one test in more than half of the exposures. An exposure is bad
    in which a test of cp_verify fails on ``failure_limit`` of the other amplifiers, or the level or
    the noise of one of them is off by what no healthy exposure shows, or that repeats another one.
    The set is accepted if no amplifier is bad, enough exposures are good, none that is bad is among
    those that were combined, and no level drifts or jumps. Bad amplifiers that may be masked, and
    those that are, have no part in that.

    Parameters
    ----------
    image_type : `ImageType`
        Which exposures.
    found : `RunStatistics`
        Their verification.
    criteria : `EvidenceCriteria`
        What they are held against.

    Returns
    -------
    decision : `Decision`
        With reasons in words. ``left_out`` names the exposures without which the rest is to be
        combined and verified once more, ``to_mask`` the amplifiers that are to be masked in that.
    """
    found = found.without({name for name, _ in criteria.masked})
    flaws = find_flaws(found, criteria.reference, criteria.bias_exposures, criteria.limits)
    flaws += _of_repeated(found)
    bad_amplifiers = _bad_amplifiers(flaws, len(found.exposures))
    names = {name for by_name in bad_amplifiers.values() for name in by_name}
    bad = _bad_exposures([flaw for flaw in flaws if flaw.amplifier not in names], criteria)
    good = len(found.exposures) - len(bad)
    of_amplifiers = [_of_amplifiers(kind, found, its) for kind, its in bad_amplifiers.items()]
    may_mask = len(names) <= criteria.may_mask
    whole = [] if may_mask else list(of_amplifiers)
    if names and criteria.may_mask and not may_mask:
        whole.append(f"no more than {criteria.may_mask} may be masked")
    grave, slight = _trends(found, names, bad, criteria.limits)
    whole += grave
    if good < criteria.fewest:
        whole.append(f"{good} of {len(found.exposures)} are good, {criteria.fewest} are needed")
    leave_out = bool(bad) and not whole and criteria.may_leave_out
    to_mask = [] if whole else [(n, str(kind)) for kind, its in bad_amplifiers.items() for n in its]
    # Who is compared with something else than their own combination harms nothing.
    harmless = not bad or not criteria.reference.is_own
    reasons = (of_amplifiers if to_mask else []) + whole
    reasons += _of_exposures(flaws, bad, names, criteria.left_out)
    told = describe_left_out(item for item in criteria.left_out if item.exposure not in bad)
    remarks = [*_of_masked(criteria), *slight, *told, *criteria.notes]
    base = decide(image_type, found, failure_limit=criteria.failure_limit)
    return dataclasses.replace(
        base,
        accepted=not whole and harmless and not to_mask,
        bad_exposures=tuple(sorted(bad)),
        bad_exposure_limit=max(1, len(found.exposures) - criteria.fewest + 1),
        left_out=tuple(sorted(bad)) if leave_out else (),
        bad_amplifiers=tuple(sorted(names)),
        reasons=tuple(reasons),
        remarks=(*remarks, *_remarks(image_type, found, criteria)),
        to_mask=tuple(sorted(to_mask)),
        masked=criteria.masked,
    )


def _of_masked(criteria: EvidenceCriteria) -> list[str]:
    by_reason: dict[str, list[str]] = {}
    for name, why in criteria.masked:
        by_reason.setdefault(why, []).append(name)
    return [f"{describe_amplifiers(names)} masked BAD ({why})" for why, names in by_reason.items()]


def _of_repeated(found: RunStatistics) -> list[Flaw]:
    return [Flaw(FlawKind.REPEATED, exposure_id, "") for exposure_id in find_repeated(found)]


def _bad_amplifiers(flaws: Sequence[Flaw], exposures: int) -> dict[FlawKind, list[str]]:
    """Find the amplifiers in which one and the same is wrong in most exposures; name the worst."""
    counts = collections.Counter((flaw.kind, flaw.amplifier) for flaw in flaws if flaw.amplifier)
    worst: dict[str, FlawKind] = {}
    for kind in reversed(_BY_GRAVITY):
        for amplifier in sorted({flaw.amplifier for flaw in flaws if flaw.kind is kind}):
            if counts[kind, amplifier] > exposures // 2:
                worst[amplifier] = kind
    return {
        kind: [amplifier for amplifier, its in worst.items() if its is kind]
        for kind in _BY_GRAVITY
        if kind in worst.values()
    }


def _bad_exposures(flaws: Iterable[Flaw], criteria: EvidenceCriteria) -> set[int]:
    counts = collections.Counter((flaw.exposure_id, flaw.kind) for flaw in flaws)
    return {
        exposure_id
        for (exposure_id, kind), number in counts.items()
        if kind in _OF_THE_SET or number >= criteria.failure_limit
    }


def _of_amplifiers(kind: FlawKind, found: RunStatistics, amplifiers: Sequence[str]) -> str:
    return (
        f"{describe_amplifiers(amplifiers)}: {kind} in most of {len(found.exposures)} exposures "
        f"({kind.advice})"
    )


def _of_exposures(
    flaws: Sequence[Flaw],
    bad: Collection[int],
    bad_amplifiers: Collection[str],
    left_out: Sequence[LeftOut],
) -> list[str]:
    """Say of the bad exposures what is worst in each, and why they were not combined."""
    uncombined = {item.exposure for item in left_out}
    flaws = [f for f in flaws if f.exposure_id not in uncombined or f.kind not in _OF_NOISE]
    worst: dict[int, FlawKind] = {}
    for flaw in flaws:
        if flaw.exposure_id in bad and flaw.amplifier not in bad_amplifiers:
            known = worst.setdefault(flaw.exposure_id, flaw.kind)
            worst[flaw.exposure_id] = min(known, flaw.kind, key=_BY_GRAVITY.index)
    lines = []
    for kind in sorted(set(worst.values()), key=_BY_GRAVITY.index):
        exposures = [exposure_id for exposure_id, its in worst.items() if its is kind]
        amplifiers = {
            flaw.amplifier for flaw in flaws if flaw.kind is kind and flaw.exposure_id in exposures
        } - {"", *bad_amplifiers}
        where = f" on {describe_amplifiers(amplifiers)}" if amplifiers else ""
        lines.append(f"{describe_exposures(exposures)}: {kind}{where} ({kind.advice})")
    return lines + describe_left_out(item for item in left_out if item.exposure in bad)


def _trends(
    found: RunStatistics,
    bad_amplifiers: Collection[str],
    bad: Collection[int],
    limits: EvidenceLimits,
) -> tuple[list[str], list[str]]:
    """Look for drifts and steps of the levels; tell those that matter from those that are small."""
    used = [item for item in found.measurements if item.exposure_id not in bad]
    # Levels of darks depend on the dark time as well; only like is compared with like.
    times = collections.Counter(_rounded(item.dark_time) for item in used)
    used = [
        item
        for item in used
        if times and _rounded(item.dark_time) == max(times, key=times.__getitem__)
    ]
    trends: dict[bool, list[tuple[str, Trend]]] = {True: [], False: []}
    series: dict[str, list[float]] = collections.defaultdict(list)
    noises = {}
    for exposure in used:
        for item in exposure.amplifiers:
            if item.name not in bad_amplifiers:
                series[item.name].append(item.level)
                noises[item.name] = item.read_noise
    for name, levels in series.items():
        trend = find_trend(levels, len(series), limits.false_alarm)
        if trend is not None:
            trends[abs(trend.change) > limits.level * noises[name]].append((name, trend))
    ids = [item.exposure_id for item in used]
    return _of_trends(trends[True], ids), _of_trends(trends[False], ids)


def _rounded(dark_time: float) -> float:
    return round(dark_time, 1) if math.isfinite(dark_time) else 0.0


def _of_trends(trends: Sequence[tuple[str, Trend]], ids: Sequence[int]) -> list[str]:
    if not trends:
        return []
    name, worst = max(trends, key=lambda item: abs(item[1].change))
    when = (
        f"from {describe_exposures([ids[worst.start]])} on"
        if worst.start
        else f"from {describe_exposures([ids[0]])} to {describe_exposures([ids[-1]])}"
    )
    return [
        f"LEVEL of {describe_amplifiers([name for name, _ in trends])} changes {when}, by "
        f"{worst.change:+.1f} electron on {name} (look at temperature and voltages at that time)"
    ]


def _remarks(image_type: ImageType, found: RunStatistics, criteria: EvidenceCriteria) -> list[str]:
    remarks = []
    exposures = len(found.exposures)
    if not found.measurements:
        remarks.append("the measurements of verification were not found; only its verdicts count")
    elif len(found.measurements) < exposures:
        remarks.append(f"measurements of {len(found.measurements)} exposures only were found")
    combined = criteria.reference.exposures or exposures
    if criteria.reference.is_own and combined <= criteria.limits.few_exposures:
        more = noise_allowance(Reference(combined, is_own=False)) - 1.0
        remarks.append(
            f"it is made of {combined} exposures only: frames that are compared with it have "
            f"{100.0 * more:.1f} % more noise, and NOISE allows 5 %"
        )
    return remarks + _of_dark_fit(image_type, found, criteria.limits)


def _of_dark_fit(image_type: ImageType, found: RunStatistics, limits: EvidenceLimits) -> list[str]:
    if image_type is not ImageType.DARK or found.darks is None or not found.measurements:
        return []
    noises = {item.name: item.read_noise for item in found.measurements[0].amplifiers}
    drifted = {
        name: line.intercept
        for name, line in found.darks.amplifiers.items()
        if abs(line.intercept) > limits.level * noises.get(name, math.inf)
        and abs(line.intercept) > limits.scatters * line.intercept_error
    }
    if not drifted:
        return []
    middle = statistics.median(drifted.values())
    return [
        f"all darks differ from the bias by {middle:+.1f} electron on "
        f"{describe_amplifiers(drifted)}, whatever their exposure time: the bias level drifted "
        "between biases and darks (look at the temperature, and take biases again)"
    ]
