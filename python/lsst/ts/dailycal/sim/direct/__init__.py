# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The direct face of the simulated observatory: the ports, in memory, without SAL or Butler."""

from .observatory import *
