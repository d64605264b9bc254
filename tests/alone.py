# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""A place in SAL where nobody else talks, for tests that make components of their own."""

from __future__ import annotations

import os

DOMAIN = "LSST_DDS_DOMAIN_ID"


def be_alone() -> None:
    """Give this process a partition and a DDS domain of its own.

    In one domain, each test worker would have to listen to the announcements of all others. The
    domain is only for the present test: `conftest` sees to it.
    """
    import dds  # not when this is imported: tests on the in-memory face need neither

    from lsst.ts import salobj

    salobj.set_random_lsst_dds_partition_prefix()
    os.environ[DOMAIN] = str(dds.free_domain())
