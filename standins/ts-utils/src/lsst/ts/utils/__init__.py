# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Time, index, angle and environment helpers that salobj 6 and the components of its day use."""

from .angle import *
from .misc import *
from .tai import *
