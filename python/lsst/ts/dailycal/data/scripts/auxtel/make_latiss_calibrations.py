#!/usr/bin/env python
# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Take, verify and certify LATISS biases and darks."""

from lsst.ts.dailycal.scripts.launch import run

if __name__ == "__main__":
    run(
        "lsst.ts.dailycal.scripts.make_latiss_calibrations:MakeLatissCalibrations",
        "calibration:make_latiss_calibrations",
    )
