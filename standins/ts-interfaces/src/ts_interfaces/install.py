# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Putting generated IDL where salobj looks for it."""

from __future__ import annotations

__all__ = ["Installed", "idl_file_name", "install_idl"]

import os
import pathlib
from dataclasses import dataclass

from .definition import component_names, read_component
from .idl import MARKER, idl_text


@dataclass(frozen=True, slots=True)
class Installed:
    """What `install_idl` did."""

    written: tuple[str, ...]
    """Components whose file is new or changed."""
    unchanged: tuple[str, ...]
    """Components whose file was right already."""
    foreign: tuple[str, ...]
    """Components that have a file which is not ours; it is left alone."""


def idl_file_name(component: str) -> str:
    """Return the name under which salobj looks for the IDL of a component."""
    return f"sal_revCoded_{component}.idl"


def _is_ours(path: pathlib.Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return any(MARKER in line for _, line in zip(range(2), file, strict=False))


def install_idl(folder: pathlib.Path) -> Installed:
    """Write the IDL files of all components that are defined.

    A file that something else has put there, such as a real ts_idl, is left alone.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where to; made if it is not there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written, unchanged, foreign = [], [], []
    for name in component_names():
        path = folder / idl_file_name(name)
        text = idl_text(read_component(name))
        if path.exists():
            if not _is_ours(path):
                foreign.append(name)
                continue
            if path.read_text(encoding="utf-8") == text:
                unchanged.append(name)
                continue
        # Renamed into place, so that a program that starts meanwhile reads a whole file.
        partial = path.with_name(f".{path.name}.{os.getpid()}")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
        written.append(name)
    return Installed(tuple(written), tuple(unchanged), tuple(foreign))
