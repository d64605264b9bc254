# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How far tests search for examples that break something."""

import os

from hypothesis import settings

FACTOR = int(os.environ.get("DAILYCAL_SEARCH", "1"))


def examples(count: int) -> settings:
    """Take this many examples, or as many times more as somebody asked for."""
    return settings(max_examples=count * FACTOR)
