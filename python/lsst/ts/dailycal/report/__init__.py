# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Views of a journal: values, tables, plain text, JSON."""

from .listing import *
from .script_runs import *
from .summary import *
