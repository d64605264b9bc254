# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every fault that can be rehearsed strikes at least once through real processes."""

import pytest
import test_faults_of_components
import test_faults_of_disks
import test_faults_of_frames
import test_faults_of_images
import test_faults_of_jobs
from fault_outcomes import STRUCK

from lsst.ts.dailycal.sim.faults.fault import Fault
from lsst.ts.dailycal.sim.faults.kinds import FAULT_KINDS

pytestmark = pytest.mark.system

MODULES = (
    test_faults_of_components,
    test_faults_of_frames,
    test_faults_of_images,
    test_faults_of_jobs,
)
WITH_REAL_MEANS = {*test_faults_of_disks.WITH_REAL_MEANS, "certified_by_another"}
"""Faults of the repository in memory; there a test does the same to a real repository."""


def kinds_of(module) -> set[str]:
    return {Fault.parse(text).name for text in module.FAULTS}


def test_every_kind_of_fault_is_in_a_test_through_real_processes():
    tested = set().union(*map(kinds_of, MODULES), WITH_REAL_MEANS)
    assert tested == set(FAULT_KINDS)
    in_memory = {name for name, kind in FAULT_KINDS.items() if "repository" in kind.point}
    assert in_memory == WITH_REAL_MEANS


@pytest.mark.slow
def test_every_kind_of_fault_has_struck(request):
    """Comes last, see ``conftest.py``; each test has said what struck in its observatory."""
    run = {item.module for item in request.session.items}
    if not run.issuperset(MODULES):
        pytest.skip("not all tests of faults are part of this run")
    assert set(FAULT_KINDS) - WITH_REAL_MEANS == STRUCK
