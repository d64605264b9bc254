# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pictures and plots, for the report and the live page.

Everything here needs the extra ``views``, and is imported only where a picture is made.
"""
