# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run works with in an observatory in memory."""

from __future__ import annotations

from lsst.ts.dailycal.run import Ports
from lsst.ts.dailycal.sim.direct.observatory import DirectObservatory


def ports_of(observatory: DirectObservatory) -> Ports:
    """Return the ports of an observatory."""
    return Ports(
        observatory.camera,
        observatory.ingest,
        observatory.pipelines,
        observatory.repository,
        observatory.components,
        observatory.clock,
        observatory.measuring,
    )
