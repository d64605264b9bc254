# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading the IDL that SAL writes: modules of flat structures with a key list."""

from __future__ import annotations

__all__ = ["IdlError", "ParsedIdl", "parse_idl_file"]

import functools
import pathlib
import re
from dataclasses import dataclass

from dds.structure import PRIMITIVES, Field, Structure

_COMMENT = re.compile(r"//[^\n]*")
_MODULE = re.compile(r"\bmodule\s+(\w+)\s*\{")
_STRUCTURE = re.compile(r"\bstruct\s+(\w+)\s*\{([^}]*)\}")
_KEYLIST = re.compile(r"#pragma\s+keylist\s+(\w+)([^\n]*)")
_FIELD = re.compile(
    r"^\s*(?P<type>[A-Za-z][\w ]*?)\s*(?:<\s*(?P<size>\d+)\s*>)?"
    r"\s+(?P<name>[A-Za-z_]\w*)\s*(?:\[\s*(?P<length>\d+)\s*\])?\s*$"
)


class IdlError(Exception):
    """An IDL file that cannot be understood."""


@dataclass(frozen=True)
class ParsedIdl:
    """What an IDL file declares."""

    path: str
    """Where it was read."""
    structures: dict[str, Structure]
    """Structures by full name, ``module::name``."""


def parse_idl_file(path: str | pathlib.Path) -> ParsedIdl:
    """Read an IDL file.

    Parameters
    ----------
    path : `str` | `pathlib.Path`
        The file.

    Returns
    -------
    parsed : `ParsedIdl`
        Its structures. One file is read once, until it changes.

    Raises
    ------
    IdlError
        If it is not IDL as SAL writes it.
    OSError
        If it cannot be read.
    """
    path = pathlib.Path(path).resolve()
    status = path.stat()
    return _parse(str(path), status.st_mtime_ns, status.st_size)


@functools.lru_cache(maxsize=64)
def _parse(path: str, mtime: int, size: int) -> ParsedIdl:
    del mtime, size  # they only tell one version of the file from another
    text = _COMMENT.sub("", pathlib.Path(path).read_text(encoding="utf-8", errors="replace"))
    module = _MODULE.search(text)
    if module is None:
        raise IdlError(f"{path} declares no module")
    keys = {found[1]: tuple(found[2].split()) for found in _KEYLIST.finditer(text)}
    structures = {}
    for found in _STRUCTURE.finditer(text):
        name = f"{module[1]}::{found[1]}"
        fields = tuple(
            _parse_field(path, declaration)
            for declaration in found[2].split(";")
            if declaration.strip()
        )
        structures[name] = Structure(name, fields, keys.get(found[1], ()))
    return ParsedIdl(path, structures)


def _parse_field(path: str, declaration: str) -> Field:
    found = _FIELD.match(declaration)
    if found is None:
        raise IdlError(f"{path}: cannot understand the field {declaration.strip()!r}")
    kind = " ".join(found["type"].split())
    if kind != "string" and kind not in PRIMITIVES:
        raise IdlError(f"{path}: unknown type {kind!r} of field {found['name']}")
    return Field(
        found["name"],
        kind,
        int(found["length"]) if found["length"] else None,
        int(found["size"]) if found["size"] else None,
    )
