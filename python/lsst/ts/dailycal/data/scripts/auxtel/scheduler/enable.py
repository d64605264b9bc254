#!/usr/bin/env python
# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enable Scheduler:2 with a configuration."""

from lsst.ts.dailycal.scripts.launch import run

if __name__ == "__main__":
    run("lsst.ts.dailycal.scripts.scheduler:ATSchedulerEnable", "scheduler_enable")
