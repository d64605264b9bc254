# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors that end a command with an exit code of its own."""

__all__ = ["CommandError"]

import click

from .exit_codes import ExitCode


class CommandError(click.ClickException):
    """A command cannot be carried out.

    Parameters
    ----------
    message : `str`
        What is wrong, and what to do about it.
    code : `ExitCode`
        Exit code of the command.
    """

    def __init__(self, message: str, code: ExitCode) -> None:
        super().__init__(message)
        self.code = code
