# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import pytest
import pytest_asyncio
from fault_rig import UNDER_WAY, template

__all__ = ["template"]

# Minutes each, most of it waiting for real deadlines: `make test-slow` runs them.
SLOW = (
    "test_faults_of_control",
    "test_faults_of_disks",
    "test_faults_of_images",
    "test_faults_of_jobs",
    "test_group_scripts_processes",
    "test_kill_processes",
)


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.stem in SLOW:
            item.add_marker(pytest.mark.slow)


@pytest_asyncio.fixture
async def scripts_end():
    """End the scripts that a test which failed has left."""
    yield
    while UNDER_WAY:
        await UNDER_WAY.pop().give_up()
