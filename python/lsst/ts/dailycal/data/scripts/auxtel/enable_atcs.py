#!/usr/bin/env python
# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Enable the telescope and its dome."""

from lsst.ts.dailycal.scripts.launch import run

if __name__ == "__main__":
    run("lsst.ts.dailycal.scripts.group_script:EnableATCS", "enable_atcs")
