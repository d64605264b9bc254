# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the quality of service profiles of SAL are."""

from __future__ import annotations

__all__ = ["get_qos_path"]

import pathlib


def get_qos_path() -> pathlib.Path:
    """Return the path of the XML file with the profiles.

    Returns
    -------
    path : `pathlib.Path`
        A file with the profiles ``AckcmdProfile``, ``CommandProfile``, ``EventProfile`` and
        ``TelemetryProfile``.
    """
    return pathlib.Path(__file__).resolve().parent / "qos" / "QoS.xml"
