# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How hypothesis searches in unit tests: the same examples every time.

``DAILYCAL_SEARCH=30 pytest tests/unit/properties tests/unit/fuzz`` takes new ones, and 30 times
as many.
"""

from hypothesis import HealthCheck, settings
from searching import FACTOR

settings.register_profile(
    "dailycal",
    derandomize=FACTOR == 1,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("dailycal")
