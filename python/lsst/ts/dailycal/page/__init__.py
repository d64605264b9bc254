# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The procedure page: its steps as data, what must be right before them, and the engine."""

from .advice import *
from .announcements import *
from .bias_dark import *
from .block import *
from .block_file import *
from .conditions import *
from .ending import *
from .engine import *
from .events import *
from .journal import *
from .judgement import *
from .lock import *
from .plan import *
from .preconditions import *
from .resume import *
from .schemas import *
from .script_run import *
from .state import *
from .steps import *
from .summary import *
from .times import *
