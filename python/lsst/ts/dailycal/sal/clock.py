# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The clock port over the time of the control system."""

__all__ = ["SalClock"]

import lsst.ts.utils as utils


class SalClock:
    """Tells TAI as every SAL component does."""

    def tai(self) -> float:
        """Seconds since 1970-01-01 00:00:00 TAI (`float`)."""
        return float(utils.current_tai())
