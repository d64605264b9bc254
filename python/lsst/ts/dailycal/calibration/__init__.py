# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a calibration run is, as pure functions: configuration, plan, requests, judgement."""

from .accept import *
from .compare import *
from .config import *
from .evidence import *
from .flaws import *
from .frames.in_use import *
from .frames.rule import *
from .plan import *
from .preflight import *
from .requests import *
from .run_config import *
from .schema import *
from .timeouts import *
from .validate import *
from .verdict import *
from .yaml_text import *
