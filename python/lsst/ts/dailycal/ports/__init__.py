# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One protocol for each outside system."""

from .announcer import *
from .camera import *
from .clock import *
from .components import *
from .conditions import *
from .ingest import *
from .measuring import *
from .pipelines import *
from .queue import *
from .repository import *
