# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fake ScriptQueue: it runs scripts as processes, as the real one does."""
