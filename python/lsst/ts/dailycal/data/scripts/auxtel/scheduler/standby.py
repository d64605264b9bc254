#!/usr/bin/env python
# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send Scheduler:2 to STANDBY."""

from lsst.ts.dailycal.scripts.launch import run

if __name__ == "__main__":
    run("lsst.ts.dailycal.scripts.scheduler:ATSchedulerStandby", "scheduler_standby")
