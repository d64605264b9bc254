#!/usr/bin/env python
# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send the telescope and its dome to STANDBY."""

from lsst.ts.dailycal.scripts.launch import run

if __name__ == "__main__":
    run("lsst.ts.dailycal.scripts.group_script:StandbyATCS", "standby_atcs")
