# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The groups of components of the Auxiliary Telescope, and what leads them to a state."""
