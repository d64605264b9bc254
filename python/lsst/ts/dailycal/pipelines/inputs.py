# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which exposures belong together in one combination."""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING

from ..model.combination import LeftOut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .raw.frame import RawFrame


class InputError(ValueError):
    """Exposures were given that cannot be combined with each other."""


@dataclasses.dataclass(frozen=True, slots=True)
class InputFacts:
    """What a combination must know of an exposure beside its pixels."""

    exposure: int
    """Exposure id."""
    image_type: str
    """BIAS or DARK."""
    exposure_time: float
    """Exposure time (second)."""
    date: str = ""
    """When it began, ISO 8601, TAI; empty if not known."""
    setup: tuple[tuple[str, str], ...] = ()
    """Detector, sequencer and camera settings, by header key; see `FrameGroup.settings`."""

    @classmethod
    def of_frame(cls, frame: RawFrame) -> InputFacts:
        """Take the facts from a raw frame; one that was made in memory has no date."""
        begin = frame.facts.begin if frame.facts is not None else None
        return cls(
            frame.exposure,
            frame.image_type.upper(),
            frame.exposure_time,
            "" if begin is None else str(begin.isot),
            frame.group.settings,
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """Which exposures are combined."""

    kept: tuple[int, ...]
    """Their numbers among all, in order."""
    left_out: tuple[LeftOut, ...]
    """The others, each with what is wrong with it."""
    setup: tuple[tuple[str, str], ...]
    """What those that are combined have in common."""


def select_inputs(facts: Sequence[InputFacts], kind: str) -> Selection:
    """Choose the exposures that belong together.

    Parameters
    ----------
    facts : sequence of `InputFacts`
        All exposures.
    kind : `str`
        BIAS or DARK: what is made of them.

    Returns
    -------
    selection : `Selection`
        At least three quarters of the exposures, or all if they are fewer than four.

    Raises
    ------
    InputError
        If an exposure does not belong to the others and they are not enough without it; says
        for each which key has which value.
    """
    if not facts:
        raise InputError("there is no frame to combine")
    usual = collections.Counter(item.setup for item in facts).most_common(1)[0][0]
    kept, left_out = [], []
    for number, item in enumerate(facts):
        reason = _misfit(item, kind.upper(), dict(usual))
        if reason:
            left_out.append(LeftOut(item.exposure, reason))
        else:
            kept.append(number)
    if 4 * len(kept) < 3 * len(facts):
        said = "; ".join(f"exposure {item.exposure}: {item.reason}" for item in left_out)
        raise InputError(
            f"{len(left_out)} of {len(facts)} exposures do not belong to one combined "
            f"{kind.lower()}: {said}. Combine exposures of one set-up at a time, or leave these out"
        )
    return Selection(tuple(kept), tuple(left_out), usual)


def _misfit(item: InputFacts, kind: str, usual: Mapping[str, str]) -> str:
    if item.image_type != kind:
        return f"image type is {item.image_type}, not {kind}"
    if kind == "BIAS" and item.exposure_time != 0:
        return f"exposure time is {item.exposure_time:g} s, that of a bias is 0"
    own = dict(item.setup)
    for key in (*usual, *own):
        mine, others = own.get(key, "missing"), usual.get(key, "missing")
        if mine != others:
            return f"{key} is {mine}, that of the others {others}"
    return ""
