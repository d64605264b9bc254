# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The procedure page as pure functions."""

from .accept import *
from .announcements import *
from .block import *
from .conditions import *
from .config import *
from .page import *
from .page_checks import *
from .page_plan import *
from .page_text import *
from .plan import *
from .preflight import *
from .requests import *
from .run_config import *
from .schema import *
from .timeouts import *
from .validate import *
from .verdict import *
