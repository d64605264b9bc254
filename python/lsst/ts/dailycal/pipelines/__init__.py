# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bias and dark pipelines: numerics in plain numpy, and the PipelineTasks around them.

Only the modules ``*_task`` and ``formatters`` import Data Management packages.
"""
