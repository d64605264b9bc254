# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ended a command, for people and for programs."""

__all__ = ["Explanation", "explain", "is_full_output"]

import dataclasses
import errno
import os
import re
import stat
import sys
import typing

import click

from .errors import CommandError
from .exit_codes import ExitCode

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""Errors of the operating system when it writes what was opened before, without its name."""
_SAL_VARIABLE = re.compile(r"\$?(?:LSST_\w+|OSPL_URI)")


@dataclasses.dataclass(frozen=True, slots=True)
class Explanation:
    """What is said of an error."""

    text: str
    """What is wrong and what to do; a line for each of several problems."""
    code: int
    """Exit code."""
    advice: str = ""
    """What to do, at best a command; the end of the text, or empty if that does not say."""


def is_full_output(error: Exception) -> bool:
    """Tell whether the output of the command itself cannot be written (`bool`)."""
    if not isinstance(error, OSError) or error.filename is not None:
        return False
    if error.errno == errno.EPIPE:
        return True
    return error.errno in _NO_ROOM and _is_on_disk(sys.stdout)


def _is_on_disk(stream: typing.TextIO) -> bool:
    """Tell whether a stream may have no room: a terminal and a pipe always have."""
    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (OSError, ValueError):  # it is none of the system's
        return False
    return not (stream.isatty() or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode))


def explain(error: Exception) -> Explanation | None:
    """Say what an error means for whoever typed the command.

    Parameters
    ----------
    error : `Exception`
        What ended it.

    Returns
    -------
    explanation : `Explanation` or `None`
        `None` if it is a defect of ours.
    """
    if isinstance(error, click.ClickException):
        advice = error.advice if isinstance(error, CommandError) else ""
        return Explanation(error.format_message(), _code_of(error), advice)
    return _of_ours(error) or _of_the_system(error)


def _code_of(error: click.ClickException) -> int:
    # Click's own code for wrong usage is 2, which is an exit code of scripts.
    if isinstance(error, CommandError):
        return error.code
    return ExitCode.USAGE if isinstance(error, click.UsageError) else error.exit_code


def _of_ours(error: Exception) -> Explanation | None:
    from ..extras import missing_extra
    from ..model import CalibrationError, ConfigurationError, JournalError

    if isinstance(error, ConfigurationError):
        return Explanation("\n".join(error.problems), ExitCode.CONFIGURATION)
    if isinstance(error, CalibrationError):
        is_lost = isinstance(error, JournalError)
        code = ExitCode.NOT_FOUND if is_lost else ExitCode.FAILED
        return Explanation(str(error), code, error.remedy)
    if isinstance(error, ModuleNotFoundError):
        missing = missing_extra(error)
        if missing is not None:
            return Explanation(f"Error: {missing}", ExitCode.NOT_INSTALLED, missing.advice)
    return None


def _of_the_system(error: Exception) -> Explanation | None:
    if isinstance(error, OSError) and error.filename is not None:
        return Explanation(f"Error: {error.filename}: {error.strerror}.", ExitCode.IO)
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        text = f"Error: a file cannot be written: {error.strerror}."
        advice = "Make room, or choose another --directory."
        return Explanation(f"{text} {advice}", ExitCode.IO, advice)
    if isinstance(error, UnicodeDecodeError):
        return Explanation(f"Error: a file is not a text in UTF-8: {error}.", ExitCode.IO)
    unset = _SAL_VARIABLE.search(str(error))
    if unset is not None and isinstance(error, (RuntimeError, KeyError)):
        return Explanation(
            f"Error: {unset[0]} is not set: this terminal is not set up for SAL. Use one that "
            "has the environment of the script queue, or a simulated observatory.",
            ExitCode.UNAVAILABLE,
        )
    if _is_full_database(error):
        what = error.__cause__ or error
        return Explanation(f"Error: the repository cannot be written: {what}.", ExitCode.IO)
    return None


def _is_full_database(error: Exception) -> bool:
    """Tell whether SQLite, or SQLAlchemy for it, found no room or no right to write."""
    import sqlite3

    origin = error.__cause__ or error
    return isinstance(origin, sqlite3.OperationalError) and any(
        text in str(origin) for text in ("is full", "readonly", "unable to open", "disk I/O")
    )
