# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Daily bias and dark calibrations of LATISS, and a simulated observatory to run them in."""

from .version import VERSION

__version__ = VERSION

__all__ = ["__version__"]
