# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame rule: is a frame good, judged by what was measured on it and on the others?

What can be seen in the frame alone is looked at first (`find_flaws`). Then a frame is held
against the median of its pool: the frames of its type and exposure time, itself among them. Below
three frames there is no majority, and a dark is held against the frames of the nearest exposure
time, the biases among them: dark current only adds, and not more than `MAX_DARK_RATE`.
A frame may be judged again while its pool is small, for the first one may be the odd one.
"""

__all__ = [
    "MAX_DARK_RATE",
    "FrameRule",
    "Judgement",
    "MeasuredFrame",
    "common_trouble",
    "count_rule_comparisons",
    "judge",
]

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

from ...model import FrameTrouble, FrameVerdict, ImageMeasurement, ImageName, PlannedExposure
from ...model.measurement import TroubleKind
from .compare import Comparison, Pool
from .flaws import find_flaws
from .limits import JUDGEMENTS, count_comparisons, n_sigma
from .settling import count_settling

MAX_DARK_RATE = 0.3
"""Dark current that is no light (ADU/s): 10 ADU in 30 s is what processed darks may show."""
ENOUGH_FOR_MAJORITY = 3
"""Frames of which a majority can be told from an odd one."""
IN_A_ROW = 3
"""Frames in a row that are wrong in the same way end the acquisition."""
_SAME_TIME = 1e-3  # seconds
_OF_LEVELS = {TroubleKind.LIGHT, TroubleKind.LEVEL}


@dataclasses.dataclass(frozen=True, slots=True)
class FrameRule:
    """What the rule has to know of the run."""

    planned: int
    """Exposures of the plan, from which the number of comparisons follows."""
    max_settling: int = 5
    """How many of the first frames of a type may settle."""


@dataclasses.dataclass(frozen=True, slots=True)
class MeasuredFrame:
    """A frame of the run."""

    planned: PlannedExposure
    """The exposure that it answers."""
    measurement: ImageMeasurement
    """What was measured on it."""
    verdict: FrameVerdict | None = None
    """What the rule said of it before; `None` for a frame that was not judged yet."""

    @property
    def name(self) -> ImageName:
        """Name of the image (`ImageName`)."""
        return self.measurement.name

    @property
    def is_out(self) -> bool:
        """Has it been called bad? That is not taken back (`bool`)."""
        return self.verdict is FrameVerdict.BAD


@dataclasses.dataclass(frozen=True, slots=True)
class Judgement:
    """What the rule says of a frame."""

    verdict: FrameVerdict
    """Good, bad or settling."""
    troubles: tuple[FrameTrouble, ...] = ()
    """What is wrong with it."""


def judge(
    frames: Iterable[MeasuredFrame], newest: ImageName, rule: FrameRule
) -> Mapping[ImageName, Judgement]:
    """Judge the newest frame, and again those that it may show in another light.

    Parameters
    ----------
    frames : `~collections.abc.Iterable` [`MeasuredFrame`]
        All frames of the run that were measured, the replaced ones too.
    newest : `ImageName`
        The one that was measured last.
    rule : `FrameRule`
        What is known of the run.

    Returns
    -------
    judgements : `~collections.abc.Mapping` [`ImageName`, `Judgement`]
        One of the newest frame, and of each other whose judgement could differ now.
    """
    ordered = sorted(frames, key=lambda frame: frame.name)
    subject = next(frame for frame in ordered if frame.name == newest)
    own_type = [f for f in ordered if f.planned.image_type is subject.planned.image_type]
    flaws = {
        frame.name: find_flaws(frame.planned, frame.measurement, _before(ordered, frame))
        for frame in own_type
        if not frame.is_out or frame.name == newest
    }
    sound = [f for f in own_type if not f.is_out and not flaws[f.name]]
    comparisons = count_rule_comparisons(rule, subject.measurement)
    moving = count_settling([f.measurement for f in sound], n_sigma(comparisons))
    settling = {frame.name for frame in sound[: min(moving, rule.max_settling)]}
    settling |= {frame.name for frame in sound if frame.verdict is FrameVerdict.SETTLING}
    settled = [frame for frame in sound if frame.name not in settling]
    others = [f for f in ordered if f.verdict is FrameVerdict.GOOD and f not in own_type]
    # All that are judged now have the exposure time of the newest.
    comparison = Comparison(_pool_of(subject, settled, others), comparisons)
    found: dict[ImageName, Judgement] = {}
    for frame in _to_judge(own_type, settled, subject):
        if frame.name in settling:
            found[frame.name] = _settling(frame)
        else:
            troubles = [*flaws[frame.name], *comparison.troubles(frame.measurement)]
            verdict = FrameVerdict.BAD if troubles else FrameVerdict.GOOD
            found[frame.name] = Judgement(verdict, tuple(troubles))
    _tell_tail_apart(found, sound, settling, rule)
    return found


def count_rule_comparisons(rule: FrameRule, measurement: ImageMeasurement) -> int:
    """Count the comparisons of a run, from the regions of one of its frames (`int`)."""
    return count_comparisons(rule.planned, measurement.grid[0] * measurement.grid[1])


def _tell_tail_apart(
    found: dict[ImageName, Judgement],
    sound: Sequence[MeasuredFrame],
    settling: set[ImageName],
    rule: FrameRule,
) -> None:
    """Call settling what is off only in its levels and comes before every frame that is not.

    Its steps are too small to be seen one by one, and add up to more than is allowed.
    """
    for frame in sound[: rule.max_settling]:
        if frame.name in settling:
            continue
        judgement = found.get(frame.name)
        kinds = {trouble.kind for trouble in judgement.troubles} if judgement else set()
        if judgement is None or not kinds or not kinds <= _OF_LEVELS or frame is sound[-1]:
            return
        found[frame.name] = Judgement(FrameVerdict.SETTLING, judgement.troubles)


def _before(ordered: Sequence[MeasuredFrame], frame: MeasuredFrame) -> list[ImageMeasurement]:
    return [item.measurement for item in ordered if item.name < frame.name]


def _to_judge(
    own_type: Sequence[MeasuredFrame], settled: Sequence[MeasuredFrame], subject: MeasuredFrame
) -> list[MeasuredFrame]:
    """Choose the frames whose judgement may be another one now, in their order."""
    pool = [frame for frame in settled if _is_alike(frame, subject)]
    return [
        frame
        for frame in own_type
        if frame is subject
        or (not frame.is_out and _is_alike(frame, subject) and len(pool) <= JUDGEMENTS)
    ]


def _is_alike(frame: MeasuredFrame, other: MeasuredFrame) -> bool:
    return abs(frame.planned.exposure_time - other.planned.exposure_time) < _SAME_TIME


def _pool_of(
    frame: MeasuredFrame, settled: Sequence[MeasuredFrame], others: Sequence[MeasuredFrame]
) -> Pool:
    """Choose what a frame is held against."""
    alike = [item for item in settled if _is_alike(item, frame)]
    rest = [item.measurement for item in settled]
    if len(rest) < ENOUGH_FOR_MAJORITY:
        rest = [item.measurement for item in others]
    rest = rest if len(rest) >= ENOUGH_FOR_MAJORITY else []
    of_all = tuple(item.measurement for item in (*settled, *others))
    of_all = of_all if len(of_all) >= ENOUGH_FOR_MAJORITY else ()
    if len(alike) >= ENOUGH_FOR_MAJORITY:
        return Pool(tuple(item.measurement for item in alike), tuple(rest), of_all)
    groups: dict[float, list[MeasuredFrame]] = {}
    for item in (*settled, *others):
        groups.setdefault(item.planned.exposure_time, []).append(item)
    time = frame.planned.exposure_time
    enough = [key for key in groups if len(groups[key]) >= ENOUGH_FOR_MAJORITY]
    if not enough:
        return Pool((), tuple(rest), of_all)
    nearest = min(enough, key=lambda key: abs(key - time))
    return Pool(
        tuple(item.measurement for item in groups[nearest]),
        tuple(rest),
        of_all,
        above=MAX_DARK_RATE * max(time - nearest, 0.0),
        below=MAX_DARK_RATE * max(nearest - time, 0.0),
    )


def _settling(frame: MeasuredFrame) -> Judgement:
    text = f"one of the first {frame.planned.image_type} frames, whose levels still move"
    return Judgement(FrameVerdict.SETTLING, (FrameTrouble(TroubleKind.SETTLING, (), text),))


def common_trouble(last: Sequence[Judgement]) -> FrameTrouble | None:
    """Find what the last frames have in common, if it is enough to end the acquisition.

    Parameters
    ----------
    last : `~collections.abc.Sequence` [`Judgement`]
        Judgements in the order of the frames.

    Returns
    -------
    trouble : `FrameTrouble` or `None`
        That of the last frame, with the amplifiers that show it in all of them.
    """
    if len(last) < IN_A_ROW or any(j.verdict is not FrameVerdict.BAD for j in last[-IN_A_ROW:]):
        return None
    for trouble in last[-1].troubles:
        shared = set(trouble.amplifiers)
        for judgement in last[-IN_A_ROW:-1]:
            same = [item for item in judgement.troubles if item.kind is trouble.kind]
            if not same:
                break
            shared &= {name for item in same for name in item.amplifiers}
        else:
            if shared or not trouble.amplifiers:
                kept = tuple(name for name in trouble.amplifiers if name in shared)
                return dataclasses.replace(trouble, amplifiers=kept)
    return None
