# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Showing a run under way: one display for every command, and ``dailycal watch``."""
