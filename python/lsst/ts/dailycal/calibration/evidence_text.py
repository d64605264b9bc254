# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names of amplifiers and exposures, short enough to be read beside a state."""

__all__ = ["describe_amplifiers", "describe_exposures", "describe_left_out"]

from collections.abc import Collection, Iterable

from ..model import ImageName, LeftOut
from ..model.detector import LATISS_AMPLIFIERS

_MOST_NAMES = 8


def describe_amplifiers(names: Collection[str]) -> str:
    """List amplifiers; of more than eight, the first and how many there are."""
    found = sorted(set(names))
    if len(found) == len(LATISS_AMPLIFIERS):
        return f"all {len(found)} amplifiers"
    if len(found) > _MOST_NAMES:
        return f"{', '.join(found[:3])} and {len(found) - 3} more amplifiers"
    return ", ".join(found)


def describe_exposures(exposure_ids: Iterable[int]) -> str:
    """List exposures by their numbers in the night, ranges put together."""
    by_day: dict[int, list[int]] = {}
    for exposure_id in sorted(set(exposure_ids)):
        day, number = _day_and_number(exposure_id)
        by_day.setdefault(day, []).append(number)
    text = "; ".join(
        f"{_ranges(numbers)} of {day}" if day else _ranges(numbers)
        for day, numbers in by_day.items()
    )
    return f"exposure{'s' * (sum(map(len, by_day.values())) != 1)} {text}"


def describe_left_out(left_out: Iterable[LeftOut]) -> list[str]:
    """Say what combination left out by itself, a line for each reason."""
    by_reason: dict[str, list[int]] = {}
    for item in left_out:
        by_reason.setdefault(item.reason, []).append(item.exposure)
    return [
        f"combination left out {describe_exposures(exposures)} ({reason})"
        for reason, exposures in by_reason.items()
    ]


def _day_and_number(exposure_id: int) -> tuple[int, int]:
    try:
        name = ImageName.of_exposure(exposure_id)
    except ValueError:
        return 0, exposure_id
    return name.day_obs, name.seq_num


def _ranges(numbers: list[int]) -> str:
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(a) if a == b else f"{a} to {b}" for a, b in parts)
