# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Readings of the instruments that watch LATISS."""

__all__ = ["ConditionReading"]

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class ConditionReading:
    """What an instrument of LATISS says."""

    quantity: str
    """What is measured, e.g. ``ccd``; see `~.procedure.conditions`."""
    value: float
    """Its value, in the unit of the quantity."""
    age: float = 0.0
    """How long ago it was measured, in seconds."""
