#!/usr/bin/env python
# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Send components to summary states, one after the other."""

from lsst.ts.dailycal.scripts.launch import run

if __name__ == "__main__":
    run("lsst.ts.dailycal.scripts.set_summary_state:SetSummaryState", "set_summary_state")
