# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where journals are looked for, and where scripts that a command starts write them."""

__all__ = ["directories_of_shell", "journal_directories", "write_journals_to"]

import os
from pathlib import Path

from ..journal import DIRECTORY_VARIABLE, default_directory
from .simulate.directory import is_ours

SIMULATED = (Path("run"), Path("rehearsal"))
"""Where `dailycal run` and `dailycal rehearse` have their observatory unless told otherwise."""
_CHANGED: dict[str, str | None] = {}
"""What the variable was before it got the value that is the key."""


def write_journals_to(directory: Path) -> None:
    """Let the scripts that are started from now on write their journals into a directory."""
    value = str(directory)
    _CHANGED[value] = _shell_value()
    os.environ[DIRECTORY_VARIABLE] = value


def journal_directories(directory: Path | None) -> list[Path]:
    """Return the directories to look for journals in."""
    if directory is not None:
        return [directory]
    return _by_default(os.environ.get(DIRECTORY_VARIABLE))


def directories_of_shell() -> list[Path]:
    """Return the directories that a command without --directory will look at when it is typed."""
    return _by_default(_shell_value())


def _shell_value() -> str | None:
    value = os.environ.get(DIRECTORY_VARIABLE)
    return value if value is None else _CHANGED.get(value, value)


def _by_default(given: str | None) -> list[Path]:
    if given:
        return [Path(given)]
    ours = [place / "journal" for place in SIMULATED if is_ours(place)]
    return [default_directory(), *ours]
