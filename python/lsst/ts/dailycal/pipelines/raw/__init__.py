# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw frames: their files, headers, HDUs and pixels.

Repositories name the class of a raw frame as it is named here.
"""

from .frame import RawFrame as RawFrame
