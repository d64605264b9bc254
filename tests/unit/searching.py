# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far tests search for examples that break something."""

import os

from hypothesis import settings

IS_ASKED_FOR = "DAILYCAL_SEARCH" in os.environ
FACTOR = float(os.environ.get("DAILYCAL_SEARCH", "0.1"))
"""Of examples that are the same every time, more than a hundred find nothing new."""
FEWEST = 20


def examples(count: int) -> settings:
    """Take this many examples, or as many times more or less as is asked for."""
    return settings(max_examples=max(FEWEST, round(count * FACTOR)))
