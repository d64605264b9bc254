# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The live page: runs in a browser, read from their journals. Needs the extra ``views``."""
