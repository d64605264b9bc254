# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is mounted in the wheels of the spectrograph."""

__all__ = ["FILTERS", "GRATINGS", "find_slot"]

from collections.abc import Sequence

FILTERS = ("empty_1", "BG40_65mm_1", "SDSSr_65mm", "OG550_65mm_1")
"""Filters by slot, from 0."""
GRATINGS = ("empty_1", "blue300lpmm_qn1", "SDSSy_65mm", "holo4_003")
"""Dispersers by slot, from 0."""


def find_slot(mounted: Sequence[str], wanted: str | int) -> int:
    """Find the slot of a filter or disperser.

    Parameters
    ----------
    mounted : `~collections.abc.Sequence` [`str`]
        What is in the wheel.
    wanted : `str` or `int`
        Name, or slot from 0.

    Raises
    ------
    LookupError
        If there is no such name or slot.
    """
    if isinstance(wanted, str):
        if wanted not in mounted:
            raise LookupError(f"{wanted!r} is not mounted; there are {', '.join(mounted)}")
        return mounted.index(wanted)
    if not 0 <= wanted < len(mounted):
        raise LookupError(f"there is no slot {wanted}; the last is {len(mounted) - 1}")
    return wanted
