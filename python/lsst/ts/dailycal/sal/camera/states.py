# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Detailed states of ATCamera, as its interface numbers them.

Ours, because the enumerations of ts_idl and of ts_xml differ in names.
"""

__all__ = ["Calibration", "CommandState", "Offline", "Rafts"]

import enum


class Calibration(enum.IntEnum):
    """``calibrationDetailedState``: in calibration mode ``takeImages`` is refused."""

    DISABLED = 1
    ENABLED = 2
    INTEGRATING = 3


class CommandState(enum.IntEnum):
    """``ccsCommandState``: is the camera control system carrying out a command?"""

    IDLE = 1
    BUSY = 2


class Offline(enum.IntEnum):
    """``offlineDetailedState``: may the observatory take control?"""

    AVAILABLE = 1
    PUBLISH_ONLY = 2


class Rafts(enum.IntEnum):
    """``raftsDetailedState``: what the focal plane is doing."""

    NEEDS_CLEAR = 1
    CLEARING = 2
    INTEGRATING = 3
    READING_OUT = 4
    QUIESCENT = 5
