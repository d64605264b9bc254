# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Header files, which ATHeaderService writes and ATOODS reads."""

__all__ = ["HeaderFile", "read_header", "write_header"]

import dataclasses
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import yaml

from ..headers import HeaderCard


@dataclasses.dataclass(frozen=True, slots=True)
class HeaderFile:
    """A header file that was written."""

    path: Path
    """Where it is."""
    size: int
    """Its size, in bytes."""
    checksum: str
    """Its MD5 sum, in hexadecimal digits."""


def write_header(path: Path, cards: Sequence[HeaderCard]) -> HeaderFile:
    """Write a header file; it has its name only when it is complete.

    Parameters
    ----------
    path : `~pathlib.Path`
        The file.
    cards : `~collections.abc.Sequence` [`HeaderCard`]
        The header.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    entries = [
        {"keyword": card.key, "value": card.value, "comment": card.comment} for card in cards
    ]
    content = yaml.safe_dump({"PRIMARY": entries}, sort_keys=False).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)
    checksum = hashlib.md5(content, usedforsecurity=False).hexdigest()
    return HeaderFile(path, len(content), checksum)


def read_header(path: Path) -> tuple[HeaderCard, ...]:
    """Read a header file.

    Raises
    ------
    OSError
        If it cannot be read.
    ValueError
        If it is not a header file.
    """
    try:
        entries = yaml.safe_load(path.read_bytes())["PRIMARY"]
        return tuple(
            HeaderCard(str(entry["keyword"]), entry["value"], str(entry["comment"]))
            for entry in entries
        )
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is not a header file: {error}") from error
