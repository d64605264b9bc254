# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which exposures belong together in one combination."""

from __future__ import annotations

import collections
import dataclasses
from typing import TYPE_CHECKING, Any

from .provenance import LeftOut

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SETUP_KEYS = ("SEQNAME", "SEQFILE", "SEQCKSUM", "ODP", "AP0_RC", "TEMP_SET")
"""Header keys of sequencer and camera that exposures and calibrations have in common."""


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
    """DATE-BEG or DATE-OBS; empty if not known."""
    setup: tuple[tuple[str, str], ...] = ()
    """Detector and `SETUP_KEYS`, as far as the header has them, with their values."""

    @classmethod
    def of_header(
        cls, header: Mapping[str, Any], exposure: int, image_type: str, exposure_time: float
    ) -> InputFacts:
        """Take the facts from a header.

        Parameters
        ----------
        header : mapping
            Of the raw frame; may lack any key.
        exposure, image_type, exposure_time
            As the attributes; the reader has them already.
        """
        date = next((header[key] for key in ("DATE-BEG", "DATE-OBS") if header.get(key)), "")
        keys = ("LSST_NUM", *SETUP_KEYS)
        setup = tuple((key, _text(header[key])) for key in keys if header.get(key) is not None)
        return cls(exposure, image_type.upper(), exposure_time, str(date), setup)


def _text(value: object) -> str:
    # A set point is given to a thousandth of a degree, and not every writer rounds.
    return f"{value:.2f}" if isinstance(value, float) else str(value).strip()


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
        return f"its image type is {item.image_type}, not {kind}"
    if kind == "BIAS" and item.exposure_time != 0:
        return f"its exposure time is {item.exposure_time:g} s, that of a bias is 0"
    own = dict(item.setup)
    for key in (*usual, *own):
        mine, others = own.get(key, "missing"), usual.get(key, "missing")
        if mine != others:
            return f"{key} is {mine}, that of the others {others}"
    return ""
