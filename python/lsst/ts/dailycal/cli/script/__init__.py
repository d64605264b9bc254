# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Run one SAL script, and follow it: the command ``run_script``."""
