# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What must hold of every value that a property must not have."""

import time

import pytest

from lsst.ts.dailycal.model import ConfigurationError

LONGEST = 2.0
"""How long it may take to refuse something, in seconds."""


def count_refused(read, name, values):
    """Have each value refused at once, by name and in a few printable words; count them."""
    count = 0
    for value in values:
        begin = time.perf_counter()
        with pytest.raises(ConfigurationError) as caught:
            read(value)
            pytest.fail(f"{name} was accepted with {str(value)[:100]!r}")
        assert time.perf_counter() - begin < LONGEST
        problems = caught.value.problems
        assert any(name in problem for problem in problems), f"{name} is not named: {problems}"
        assert sum(map(len, problems)) < 3000
        assert all(problem.isprintable() for problem in problems), problems
        count += 1
    return count
