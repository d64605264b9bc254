# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine that carries out a plan against ports."""

from .attempt import *
from .context import *
from .engine import *
from .files import *
from .journal import *
from .lock import *
from .preflight import *
from .recovery import *
from .state import *
