# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""SAL scripts: configuration in, plan, run, outcome out."""
