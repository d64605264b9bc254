# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that start at once: forked from a process that has imported what they need."""

from .program import ForkedProgram
from .request import ForkError
from .server import ForkServer
from .start import SERVER_VARIABLE, Program, run_program, script_environment, start_program

__all__ = [
    "SERVER_VARIABLE",
    "ForkError",
    "ForkServer",
    "ForkedProgram",
    "Program",
    "run_program",
    "script_environment",
    "start_program",
]
