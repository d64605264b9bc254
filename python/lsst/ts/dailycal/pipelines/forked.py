# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run ``pipetask`` and ``butler`` quickly: forked from a process that has imported them."""

from __future__ import annotations

__all__ = ["PIPELINE_MODULES", "pipeline_server"]

from ..forking import ForkServer
from .command import pipeline_environment

PIPELINE_MODULES = (
    "lsst.ctrl.mpexec.cli.pipetask",
    "lsst.daf.butler.cli.butler",
    "lsst.ctrl.mpexec.cli.cmd.commands",
    "lsst.ts.dailycal.pipelines.formatters",
    "lsst.ts.dailycal.pipelines.generate_task",
    "lsst.ts.dailycal.pipelines.latiss_translator",
    "lsst.ts.dailycal.pipelines.verify_task",
    "lsst.pipe.base.tests.mocks",  # which every graph of quanta asks for
    "lsst.ts.dailycal.pipelines.warm_up:open_a_repository",
)
"""What ``pipetask``, ``butler`` and our tasks import, and what is called then."""


def pipeline_server() -> ForkServer:
    """Make a server for programs of the pipelines; it starts with the first of them."""
    return ForkServer(PIPELINE_MODULES, pipeline_environment())
