# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all processes of a simulated observatory are forked from."""

__all__ = ["OBSERVATORY_MODULES", "observatory_server"]

from ..forking import ForkServer
from ..pipelines.command import pipeline_environment
from ..pipelines.forked import PIPELINE_MODULES
from .programs import PROGRAMS

OBSERVATORY_MODULES = (
    "lsst.ts.salobj",
    *sorted({place.partition(":")[0] for place in PROGRAMS.values()}),
    "lsst.ts.dailycal.butler.port",
    "lsst.ts.dailycal.butler.images",
    "lsst.ts.dailycal.butler.measure",
    "lsst.ts.dailycal.pipelines.measure",
    "lsst.ts.dailycal.scripts.group_script",
    "lsst.ts.dailycal.scripts.make_latiss_calibrations",
    "lsst.ts.dailycal.scripts.scheduler",
    "lsst.ts.dailycal.scripts.set_summary_state",
    *PIPELINE_MODULES,
)
"""What components, scripts, jobs and the measuring of frames import."""


def observatory_server() -> ForkServer:
    """Make a server for all programs of an observatory; it starts with the first of them."""
    return ForkServer(OBSERVATORY_MODULES, pipeline_environment())
