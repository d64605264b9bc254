# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interface definitions of the components of a simulated observatory, and IDL made from them."""

from .definition import *
from .idl import *
from .install import *
