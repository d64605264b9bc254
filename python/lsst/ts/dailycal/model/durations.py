# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Durations as people read them: the same form everywhere."""

__all__ = ["format_duration", "round_duration"]


def format_duration(seconds: float) -> str:
    """Write a time for people, e.g. ``4.8 s``, ``18 min 28 s`` or ``1 h 02 min`` (`str`).

    What moves while one looks at it is a clock instead, ``0:46 of at most 15:00``.
    """
    if seconds < 9.95:
        return f"{max(0.0, seconds):.1f}".removesuffix(".0") + " s"
    hours, rest = divmod(round(seconds), 3600)
    minutes, secs = divmod(rest, 60)
    if hours:
        return f"{hours} h" + f" {minutes:02d} min" * (minutes > 0)
    if minutes:
        return f"{minutes} min" + f" {secs:02d} s" * (secs > 0)
    return f"{secs} s"


def round_duration(seconds: float) -> str:
    """Write a time for people who only plan, e.g. ``18 minutes`` (`str`)."""
    minutes = max(1, round(seconds / 60.0))
    return f"{minutes} minute{'s' * (minutes != 1)}"
