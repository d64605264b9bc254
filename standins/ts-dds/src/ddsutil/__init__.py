# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""From the text of an IDL file to topics."""

from .idlparser import *
from .topicclass import *
