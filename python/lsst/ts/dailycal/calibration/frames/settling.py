# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tell the first frames, which still settle after a reset, from frames that are bad."""

__all__ = ["count_settling"]

import math
from collections.abc import Sequence

from ...model import ImageMeasurement

_SAME_TIME = 1e-3  # seconds
_TOLERANCE = 3.0  # ADU, as for the regions of frames that are compared
_SHRINKS = 0.95  # a step is at most so much of the one before it


def count_settling(frames: Sequence[ImageMeasurement], sigmas: float) -> int:
    """Count the first frames whose levels still move towards those of the frames after them.

    A frame settles if the step to the next one is larger than chance and tolerance allow, and
    the step after that either is not, or goes the same way and is smaller. A step there and back
    is a frame that is odd, which is none of the first that settle.

    Parameters
    ----------
    frames : `~collections.abc.Sequence` [`ImageMeasurement`]
        The frames of one type in the order in which they were taken, without those that have a
        flaw of their own.
    sigmas : `float`
        How many standard errors are chance.

    Returns
    -------
    count : `int`
        How many; 0 as long as there are fewer than three frames of one exposure time.
    """
    alike = []
    for frame in frames:
        if abs(frame.exposure_time - frames[0].exposure_time) > _SAME_TIME:
            break
        alike.append(frame)
    count = 0
    for first, second, third in zip(alike, alike[1:], alike[2:], strict=False):
        step, after = _step(first, second), _step(second, third)
        if not _moves(step, first, sigmas):
            break
        if _moves(after, second, sigmas) and not _continues(step, after):
            break
        count += 1
    return count


def _step(frame: ImageMeasurement, following: ImageMeasurement) -> list[float]:
    return [
        after - before
        for old, new in zip(frame.amplifiers, following.amplifiers, strict=True)
        for before, after in zip(old.regions, new.regions, strict=True)
    ]


def _moves(step: Sequence[float], frame: ImageMeasurement, sigmas: float) -> bool:
    errors = [item.region_error for item in frame.amplifiers for _ in item.regions]
    return any(
        abs(change) > _TOLERANCE + sigmas * math.sqrt(2.0) * error
        for change, error in zip(step, errors, strict=True)
    )


def _continues(step: Sequence[float], after: Sequence[float]) -> bool:
    """Tell whether a step goes on in the direction of the one before it, and is smaller."""
    before = math.hypot(*step)
    along = sum(x * y for x, y in zip(step, after, strict=True)) / before
    return 0.0 < along < _SHRINKS * before
