# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Version of ts_dailycal."""

__all__ = ["VERSION"]

VERSION = "0.1.0"
