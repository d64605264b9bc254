# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that a user names."""

__all__ = ["read_file", "read_text"]

import sys
from pathlib import Path

from .errors import CommandError
from .exit_codes import ExitCode


def read_text(path: Path | None) -> str | None:
    """Read the text of an option: of a file, of standard input for ``-``, or none at all.

    Raises
    ------
    CommandError
        As for `read_file`.
    """
    if path is None:
        return None
    if str(path) == "-":
        return sys.stdin.read()
    return read_file(path)


def read_file(path: Path) -> str:
    """Read a text file that a user named.

    Raises
    ------
    CommandError
        If it is not there, cannot be read, or is not a text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CommandError(f"There is no file {path}.", ExitCode.NOT_FOUND) from error
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.", ExitCode.IO) from error
    except UnicodeDecodeError as error:
        raise CommandError(
            f"{path} is not a text in UTF-8: byte {error.start + 1} is none of it.", ExitCode.IO
        ) from error
