# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal, the only memory of a run; the lock that makes it one writer's, and observers."""

from .codec import *
from .disk import *
from .lock import *
from .owner import *
from .reading import *
from .recorder import *
from .storage import *
from .summary import *
