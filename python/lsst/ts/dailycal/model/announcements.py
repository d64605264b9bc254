# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Announcements: what everybody on the summit is told."""

__all__ = ["Announcement", "Occasion"]

import dataclasses
import enum


class Occasion(enum.StrEnum):
    """When something is announced."""

    BEFORE = "before"
    AFTER = "after"
    FAILURE = "failure"


@dataclasses.dataclass(frozen=True, slots=True)
class Announcement:
    """A message to everybody on the summit."""

    occasion: Occasion
    """When it is made."""
    text: str
    """What it says."""
    channels: tuple[str, ...]
    """Where, e.g. ``#summit-announce``."""
