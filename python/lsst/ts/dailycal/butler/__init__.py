# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The Butler repository: making it, ingesting raw frames, certifying, reading statistics.

Everything here is synchronous and may block for minutes on a locked database: never call it
from an event loop. `lsst.daf.butler` is imported when a function is called, not before; only
`instrument` imports it at once.
"""
