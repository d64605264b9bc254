# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that have a journal: the commands ``runs``, ``status`` and ``resume``."""
