# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The public test kit: fixtures for tests of SAL scripts in a simulated observatory.

`lsst.ts.dailycal.testing.plugin` has the fixtures, which pytest finds by itself.
"""
