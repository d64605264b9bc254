# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The nouns: frozen dataclasses and enums. No I/O, no asyncio."""

from .announcements import *
from .calibration_facts import *
from .combination import *
from .commands import *
from .components import *
from .conditions import *
from .decisions import *
from .durations import *
from .errors import *
from .events import *
from .images import *
from .jobs import *
from .measurement import *
from .outcomes import *
from .queue import *
from .statistics import *
