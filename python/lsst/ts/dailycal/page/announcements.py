# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Texts of the announcements, and the time they are made at."""

__all__ = [
    "CHANNELS",
    "announce_after",
    "announce_before",
    "announce_failure",
    "announce_masking",
    "announce_rejection",
    "fill_in",
]

import dataclasses
from collections.abc import Sequence

from ..model import Announcement, Occasion

CHANNELS = ("#summit-announce", "#summit-auxtel")
"""The channels that the page names."""


def announce_before() -> Announcement:
    """Return what is announced before the page is begun (`Announcement`)."""
    return Announcement(
        Occasion.BEFORE,
        "AuxTel: starting LATISS bias and dark calibrations, about {duration}. "
        "Neither the telescope nor the dome will move.",
        CHANNELS,
    )


def announce_after() -> Announcement:
    """Return what is announced when the images are taken (`Announcement`)."""
    return Announcement(
        Occasion.AFTER, "AuxTel: LATISS bias and dark calibrations are complete.", CHANNELS
    )


def announce_rejection(after: Announcement, rejected: Sequence[str]) -> Announcement:
    """Return what is announced instead, when verification rejected what was taken.

    Parameters
    ----------
    after : `Announcement`
        What would be announced.
    rejected : `~collections.abc.Sequence` [`str`]
        What was rejected, each beginning with its image type.
    """
    names = " and ".join(text.partition(":")[0] for text in rejected)
    return dataclasses.replace(
        after,
        text=f"AuxTel: LATISS bias and dark calibrations were taken, and verification REJECTED "
        f"{names}; the calibration scientists decide what to do.",
    )


def announce_masking(after: Announcement, masked: Sequence[str]) -> Announcement:
    """Return what is announced with it, when what is certified has masked amplifiers.

    Parameters
    ----------
    after : `Announcement`
        What would be announced.
    masked : `~collections.abc.Sequence` [`str`]
        What is masked, each beginning with its image type; may be empty.
    """
    return dataclasses.replace(after, text=" ".join([after.text, *(f"{it}." for it in masked)]))


def announce_failure() -> Announcement:
    """Return what is announced when a step fails (`Announcement`)."""
    return Announcement(
        Occasion.FAILURE,
        "AuxTel: LATISS bias and dark calibrations have ended early. {reason} "
        "The telescope and the dome were not moved.",
        CHANNELS,
    )


def fill_in(announcement: Announcement, **values: str) -> Announcement:
    """Fill in what is known only when an announcement is made.

    Parameters
    ----------
    announcement : `Announcement`
        The announcement, with the names of values in braces.
    **values : `str`
        The values.
    """
    text = announcement.text
    # Not str.format: what a script says as a reason may hold braces.
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return dataclasses.replace(announcement, text=text)
