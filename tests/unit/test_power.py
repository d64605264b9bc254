# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The table of what the decisions see is about faults that there are, and its interval is right."""

import importlib.util
import pathlib
import sys

import pytest

from lsst.ts.dailycal.sim.fault_kinds import FAULT_KINDS

PATH = pathlib.Path(__file__).parents[2] / "bench" / "power.py"


@pytest.fixture(scope="module")
def power():
    spec = importlib.util.spec_from_file_location("power", PATH)
    module = importlib.util.module_from_spec(spec)
    sys.modules["power"] = module
    yield (spec.loader.exec_module(module), module)[1]
    del sys.modules["power"]


def test_every_kind_is_a_fault_of_the_simulator_with_these_parameters(power):
    for kind in power.KINDS:
        known = {item.name for item in FAULT_KINDS[kind.fault].parameters}
        wanted = {kind.parameter, *(name for name, _ in kind.others)} - {""}
        assert wanted <= known, kind.title


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [(0, 3000, 0.0, 0.001229), (0, 20, 0.0, 0.168433), (5, 20, 0.086571, 0.491046)],
)
def test_the_interval_is_that_of_clopper_and_pearson(power, hits, trials, low, high):
    """Values from the beta distribution, e.g. ``qbeta`` of R."""
    assert power.clopper_pearson(hits, trials) == pytest.approx((low, high), abs=2e-6)
