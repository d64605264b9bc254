# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Errors that end a command with an exit code of its own."""

__all__ = ["CommandError", "Left"]

import click

from .exit_codes import ExitCode


class CommandError(click.ClickException):
    """A command cannot be carried out.

    Parameters
    ----------
    message : `str`
        What is wrong, and, if it is not given apart, what to do about it.
    code : `ExitCode`
        Exit code of the command.
    advice : `str`, optional
        What to do about it, at best a command; it stands behind the message, and alone in JSON.
    """

    def __init__(self, message: str, code: ExitCode, advice: str = "") -> None:
        super().__init__(f"{message} {advice}".rstrip())
        self.code = code
        self.advice = advice


class Left(KeyboardInterrupt):
    """Ctrl-C, after it was said how to go on with what is left behind."""
