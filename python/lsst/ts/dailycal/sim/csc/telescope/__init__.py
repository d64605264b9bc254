# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Fake components of the telescope."""
