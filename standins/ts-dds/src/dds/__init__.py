# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of the OpenSplice Python API that ts_salobj uses, on Eclipse Cyclone DDS."""

from importlib.metadata import version as _version

from .conditions import *
from .errors import *
from .kinds import *
from .loopback import free_domain as free_domain
from .participant import *
from .publisher import *
from .qos import *
from .qosprovider import *
from .query import *
from .subscriber import *
from .topic import *

__version__ = f"cyclonedds-{_version('cyclonedds')}"
