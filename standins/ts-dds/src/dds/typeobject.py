# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describing a type to Cyclone and, through discovery, to every other participant.

A type is described by its DDS-XTypes type objects, here those of a flat final structure,
in the form of XCDR version 2 (little endian, alignment at most 4). Cyclone's own Python
package makes the same bytes from a class; the tests hold these against them. Making them
directly takes 2 % of the time, which counts with 150 topics in a component.
"""

from __future__ import annotations

__all__ = ["CycloneType", "cyclone_type", "type_bytes"]

import hashlib
import struct
from collections.abc import Iterable
from types import SimpleNamespace

from .structure import PRIMITIVES, Field, Structure

_MINIMAL, _COMPLETE, _BOTH = 0xF1, 0xF2, 0xF3
_STRUCTURE_KIND = 0x51
_STRING_SMALL, _STRING_LARGE = 0x70, 0x71
_ARRAY_SMALL, _ARRAY_LARGE = 0x90, 0x91
_FINAL = 1
_TRY_CONSTRUCT_DISCARD = 0x01
_KEY = 0x20
_LARGEST_SMALL_BOUND = 255
_INFORMATION_MINIMAL, _INFORMATION_COMPLETE = 0x40001001, 0x40001002
_CONTAINS_KEY = 1 << 12
"""Cyclone's flag of a type with a key."""
_PLAIN_CDR = 5
"""Cyclone's flags for the representations allowed: XCDR 1 and XCDR 2."""


class CycloneType:
    """What Cyclone's C layer looks for in a type.

    Parameters
    ----------
    structure : `Structure`
        Shape of the samples.
    """

    def __init__(self, structure: Structure) -> None:
        self.__idl__ = SimpleNamespace(
            idl_transformed_typename=structure.name,
            keyless=not structure.keys,
            data_type_props=_CONTAINS_KEY if structure.keys else 0,
            supported_versions=_PLAIN_CDR,
            _xt_bytedata=type_bytes(structure),
        )


class _Bytes(bytearray):
    """Bytes under construction."""

    def align(self, size: int) -> None:
        self.extend(bytes(-len(self) % size))

    def u16(self, value: int) -> None:
        self.align(2)
        self.extend(struct.pack("<H", value))

    def u32(self, value: int) -> None:
        self.align(4)
        self.extend(struct.pack("<I", value))

    def text(self, value: str) -> None:
        data = value.encode()
        self.u32(len(data) + 1)
        self.extend(data)
        self.append(0)

    def delimited(self, content: bytes | bytearray) -> None:
        """Append something with its size before it."""
        self.u32(len(content))
        self.extend(content)


def _string_identifier(out: _Bytes, bound: int) -> None:
    if bound <= _LARGEST_SMALL_BOUND:
        out.extend((_STRING_SMALL, bound))
    else:
        out.append(_STRING_LARGE)
        out.u32(bound)


def _element_identifier(out: _Bytes, field: Field) -> None:
    if field.is_string:
        _string_identifier(out, field.string_length or 0)
    else:
        out.append(PRIMITIVES[field.type_name].xtypes_kind)


def _type_identifier(out: _Bytes, field: Field) -> None:
    length = field.array_length
    if length is not None:
        small = length <= _LARGEST_SMALL_BOUND
        out.extend((_ARRAY_SMALL if small else _ARRAY_LARGE, _BOTH))
        out.u16(_TRY_CONSTRUCT_DISCARD)
        out.u32(1)
        if small:
            out.append(length)
        else:
            out.u32(length)
    _element_identifier(out, field)


def _member(number: int, field: Field, *, key: bool, complete: bool) -> bytes:
    out = _Bytes()
    out.u32(number)
    out.u16(_TRY_CONSTRUCT_DISCARD | (_KEY if key else 0))
    _type_identifier(out, field)
    if complete:
        out.text(field.name)
        out.extend(b"\x00\x00")  # no annotations, neither built in nor custom
    else:
        out.extend(hashlib.md5(field.name.encode(), usedforsecurity=False).digest()[:4])
    return bytes(out)


def _sequence(members: Iterable[bytes]) -> bytes:
    out = _Bytes()
    members = list(members)
    out.u32(len(members))
    for member in members:
        out.delimited(member)
    return bytes(out)


def _type_object(structure: Structure, *, complete: bool) -> bytes:
    header = _Bytes([0])  # no base type
    if complete:
        header.extend(b"\x00\x00")
        header.text(structure.name)
    body = _Bytes([_COMPLETE if complete else _MINIMAL, _STRUCTURE_KIND])
    body.u16(_FINAL)
    body.delimited(header)
    members = (
        _member(number, field, key=field.name in structure.keys, complete=complete)
        for number, field in enumerate(structure.fields)
    )
    body.delimited(_sequence(members))
    out = _Bytes()
    out.delimited(body)
    return bytes(out)


def _identifier(kind: int, type_object: bytes) -> bytes:
    return bytes([kind]) + hashlib.md5(type_object, usedforsecurity=False).digest()[:14]


def _information(identifier: bytes, size: int) -> bytes:
    with_size = _Bytes(identifier)
    with_size.u32(size)
    out = _Bytes()
    out.delimited(with_size)
    out.u32(0)  # how many types it depends on
    out.delimited(bytes(4))  # and the empty sequence of them
    whole = _Bytes()
    whole.delimited(out)
    return bytes(whole)


def _pair(identifier: bytes, type_object: bytes) -> bytes:
    out = _Bytes()
    out.u32(1)
    out.extend(identifier)
    out.align(4)
    out.extend(type_object)
    return bytes(out)


def type_bytes(structure: Structure) -> tuple[bytes, bytes]:
    """Return the type information and the type mapping of a structure.

    Parameters
    ----------
    structure : `Structure`
        Shape of the samples.

    Returns
    -------
    information, mapping : `tuple` [`bytes`, `bytes`]
        What discovery says of the type, and the type objects themselves.
    """
    minimal = _type_object(structure, complete=False)
    complete = _type_object(structure, complete=True)
    minimal_id, complete_id = _identifier(_MINIMAL, minimal), _identifier(_COMPLETE, complete)

    both = _Bytes()
    both.u32(_INFORMATION_MINIMAL)
    both.delimited(_information(minimal_id, len(minimal)))
    both.u32(_INFORMATION_COMPLETE)
    both.delimited(_information(complete_id, len(complete)))
    information = _Bytes()
    information.delimited(both)

    mapping = _Bytes()
    mapping.delimited(_pair(minimal_id, minimal))
    mapping.delimited(_pair(complete_id, complete))
    identifiers = _Bytes()
    identifiers.u32(1)
    identifiers.extend(complete_id + minimal_id)
    mapping.delimited(identifiers)
    return bytes(information), bytes(mapping)


def cyclone_type(structure: Structure) -> CycloneType:
    """Return the type that Cyclone makes a topic with."""
    return CycloneType(structure)
