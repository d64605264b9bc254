# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Where journals lie, and reading them."""

__all__ = [
    "DIRECTORY_VARIABLE",
    "default_directory",
    "journal_path",
    "lacks_journal",
    "read_entries",
]

import json
import os
import pathlib
import typing

import platformdirs

from ..model import JournalError
from .codec import Codec, Entry

DIRECTORY_VARIABLE = "DAILYCAL_JOURNAL_DIR"
"""Environment variable that names the directory of the journals."""

_DAMAGED = "The file was damaged or edited; this run cannot be resumed."

E = typing.TypeVar("E")


def journal_path(run_id: str) -> pathlib.Path:
    """Return where the journal of a run lies (`pathlib.Path`).

    That is in ``$DAILYCAL_JOURNAL_DIR`` if it is set, else in the user's state directory.
    """
    directory = os.environ.get(DIRECTORY_VARIABLE)
    root = pathlib.Path(directory) if directory else default_directory()
    return root / f"{run_id}.jsonl"


def default_directory() -> pathlib.Path:
    """Return where journals lie unless the variable says something else (`pathlib.Path`)."""
    return platformdirs.user_state_path("dailycal")


def lacks_journal(run_id: str) -> str:
    """Say that a run has no journal (`str`), in the words by which others know it again."""
    return f"There is no journal of run {run_id}"


def read_entries(path: pathlib.Path, codec: Codec[E]) -> list[Entry[E]]:
    """Read a journal with the time of each event; a line that a crash cut short is left out.

    Parameters
    ----------
    path : `pathlib.Path`
        The file.
    codec : `Codec`
        Its format.

    Raises
    ------
    JournalError
        If there is no such file, it cannot be read, or a line that was finished is no event.
    """
    try:
        text = path.read_text(encoding="ascii", errors="replace")
    except FileNotFoundError as error:
        raise JournalError(
            # The first sentence stands in an announcement: without a path, it is short enough.
            f"{lacks_journal(path.stem)}. It was looked for in {path.parent}.",
            remedy="The runs that have one: dailycal runs",
        ) from error
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror or error}.") from error
    return list(_decode_lines(text, path, codec))


def _decode_lines(text: str, path: pathlib.Path, codec: Codec[E]) -> typing.Iterator[Entry[E]]:
    expected = 0
    for line_number, line in enumerate(text.split("\n"), start=1):
        if not line or _is_cut_short(line):
            continue
        try:
            entry = codec.decode(line, number=expected)
        except JournalError as error:
            raise JournalError(f"{path}, line {line_number}: {error}", remedy=_DAMAGED) from error
        if entry.number != expected:
            raise JournalError(
                f"{path}, line {line_number}: record {entry.number} stands where {expected} "
                "should.",
                remedy=_DAMAGED,
            )
        expected += 1
        yield entry


def _is_cut_short(line: str) -> bool:
    """Tell whether a line is a record that a crash left unfinished, and so did not happen.

    The number of the record after it tells whether one that did happen is missing.
    """
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False
