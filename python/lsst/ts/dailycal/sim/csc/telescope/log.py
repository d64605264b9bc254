# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The record of every command that a component of the telescope received, one JSON a line."""

__all__ = ["TelescopeCommand", "append_command", "read_commands"]

import dataclasses
import json
import os
import typing
from pathlib import Path

FILE_NAME = "telescope_commands.jsonl"


@dataclasses.dataclass(frozen=True, slots=True)
class TelescopeCommand:
    """A command that was received, whether or not it was carried out."""

    tai: float
    """Simulated time, in Unix seconds of TAI."""
    component: str
    """Who received it, e.g. ``ATDome``."""
    command: str
    """Name of the command."""
    moves: bool
    """Is it a command that moves something?"""
    state: str
    """Summary state of the component; it obeys only when ENABLED."""
    fields: tuple[tuple[str, typing.Any], ...]
    """Fields of the command and their values."""


def append_command(root: Path, command: TelescopeCommand) -> None:
    """Write a command to the record.

    Parameters
    ----------
    root : `~pathlib.Path`
        Directory of the observatory.
    command : `TelescopeCommand`
        The command.
    """
    root.mkdir(parents=True, exist_ok=True)
    line = json.dumps({**dataclasses.asdict(command), "fields": dict(command.fields)})
    # One write to a file opened for appending: components of several processes share it.
    descriptor = os.open(root / FILE_NAME, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, (line + "\n").encode())
    finally:
        os.close(descriptor)


def read_commands(root: Path) -> list[TelescopeCommand]:
    """Read the record (`list` [`TelescopeCommand`]); empty if nothing was received."""
    path = root / FILE_NAME
    if not path.exists():
        return []
    records = map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return [
        TelescopeCommand(**{**record, "fields": tuple(record["fields"].items())})
        for record in records
    ]
