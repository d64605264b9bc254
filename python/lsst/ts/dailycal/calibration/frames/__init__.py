# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The frame rule: is a frame good, judged while the run goes on?"""
