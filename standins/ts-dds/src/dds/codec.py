# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Samples to bytes and back: plain CDR, compiled once for each structure.

The form is the one of Cyclone's own Python codec (XCDR version 1, little endian), against
which the tests hold this one. Fields between two strings are packed by one `struct.Struct`.
"""

from __future__ import annotations

__all__ = ["Codec"]

import struct
from collections.abc import Mapping, Sequence
from typing import Any

from .structure import PRIMITIVES, Field, Structure

_HEADER = b"\x00\x01\x00\x00"
_HEADER_SIZE = len(_HEADER)
_LENGTH = struct.Struct("<I")
_USUAL = ("<", 8)
"""Byte order and widest alignment of the form that is written."""
_NOTHING = (b"", b"\x00", b"\x00\x00", b"\x00\x00\x00")


def _make_packer(
    formats: Sequence[tuple[str, int, int]], start: int, order: str, widest: int
) -> struct.Struct:
    """Return the packer of adjoining numbers that begin at an offset modulo 8."""
    text, offset = [order], start
    for letter, size, count in formats:
        pad = -offset % min(size, widest)
        if pad:
            text.append(f"{pad}x")
        text.append(f"{count}{letter}")
        offset += pad + size * count
    return struct.Struct("".join(text))


class _Numbers:
    """Adjoining fields of fixed size."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        self.names = tuple(field.name for field in fields)
        self.scalars_only = all(field.array_length is None for field in fields)
        self.formats = tuple(
            (kind.format, kind.size, field.array_length or 1)
            for field in fields
            for kind in (PRIMITIVES[field.type_name],)
        )
        # One packer for each offset modulo 8; the offset depends on the strings before.
        self._packers: dict[tuple[str, int], list[struct.Struct | None]] = {}
        self._usual = self._packers[_USUAL] = [None] * 8

    def _packer(self, start: int, form: tuple[str, int]) -> struct.Struct:
        packers = self._packers.setdefault(form, [None] * 8)
        packer = packers[start] = _make_packer(self.formats, start, *form)
        return packer

    def write(self, values: Mapping[str, Any], parts: list[bytes], position: int) -> int:
        start = position & 7
        packer = self._usual[start] or self._packer(start, _USUAL)
        try:
            if self.scalars_only:
                packed = packer.pack(*[values[name] for name in self.names])
            else:
                packed = packer.pack(*self._flat(values))
        except OverflowError as error:
            raise struct.error(str(error)) from error
        parts.append(packed)
        return position + packer.size

    def _flat(self, values: Mapping[str, Any]) -> list[Any]:
        flat: list[Any] = []
        for field in self.fields:
            value = values[field.name]
            if field.array_length is None:
                flat.append(value)
            else:
                flat.extend(_elements(field, value))
        return flat

    def read(
        self, data: bytes, position: int, values: dict[str, Any], form: tuple[str, int]
    ) -> int:
        start = position & 7
        packers = self._packers.get(form)
        packer = (packers and packers[start]) or self._packer(start, form)
        numbers = packer.unpack_from(data, position + _HEADER_SIZE)
        if self.scalars_only:
            values.update(zip(self.names, numbers, strict=True))
        else:
            first = 0
            for field in self.fields:
                if field.array_length is None:
                    values[field.name] = numbers[first]
                    first += 1
                else:
                    last = first + field.array_length
                    values[field.name] = list(numbers[first:last])
                    first = last
        return position + packer.size


class _Strings:
    """One string field, or an array of them."""

    def __init__(self, field: Field) -> None:
        self.field = field

    def write(self, values: Mapping[str, Any], parts: list[bytes], position: int) -> int:
        value = values[self.field.name]
        if self.field.array_length is None:
            return self._write_one(value, parts, position)
        for element in _elements(self.field, value):
            position = self._write_one(element, parts, position)
        return position

    def _write_one(self, value: Any, parts: list[bytes], position: int) -> int:
        if isinstance(value, str):
            text = value.encode()
        elif isinstance(value, bytes):
            text = value
        else:
            raise TypeError(f"{self.field.name} must be a string, not {value!r}")
        limit = self.field.string_length
        if limit is not None and len(text) > limit:
            raise struct.error(
                f"{self.field.name} takes at most {limit} bytes; {len(text)} were given"
            )
        if b"\x00" in text:
            raise struct.error(f"{self.field.name} cannot hold a null character: {value!r}")
        pad = -position & 3
        size = len(text) + 1
        parts += (_NOTHING[pad], _LENGTH.pack(size), text, b"\x00")
        return position + pad + 4 + size

    def read(
        self, data: bytes, position: int, values: dict[str, Any], form: tuple[str, int]
    ) -> int:
        if self.field.array_length is None:
            values[self.field.name], position = _read_text(data, position, form[0])
            return position
        texts = []
        for _ in range(self.field.array_length):
            text, position = _read_text(data, position, form[0])
            texts.append(text)
        values[self.field.name] = texts
        return position


def _read_text(data: bytes, position: int, order: str) -> tuple[str, int]:
    position += -position & 3
    start = position + _HEADER_SIZE + 4
    (size,) = struct.unpack_from(order + "I", data, position + _HEADER_SIZE)
    if size == 0 or start + size > len(data):
        raise struct.error(f"a string of {size} bytes does not fit in a sample of {len(data)}")
    text = data[start : start + size - 1]
    try:
        return text.decode(), position + 4 + size
    except UnicodeDecodeError:
        # Bytes that somebody encoded himself; salobj's log handler does so.
        return text.decode("latin-1"), position + 4 + size


def _elements(field: Field, value: Any) -> Sequence[Any]:
    """Return the elements of an array field, or say what is wrong with it.

    Raises
    ------
    TypeError
        If the value is a scalar or a string.
    IndexError
        If the value has too few or too many elements.
    """
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, str) or not hasattr(value, "__len__"):
        raise TypeError(f"{field.name} is an array of {field.array_length} elements, not {value!r}")
    if len(value) != field.array_length:
        raise IndexError(
            f"{field.name} is an array of {field.array_length} elements; {len(value)} were given"
        )
    return value  # type: ignore[no-any-return]


class Codec:
    """Encodes and decodes samples of one structure.

    Parameters
    ----------
    structure : `Structure`
        Shape of the samples.
    """

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        steps: list[_Numbers | _Strings] = []
        numbers: list[Field] = []
        for field in structure.fields:
            if not field.is_string:
                numbers.append(field)
                continue
            if numbers:
                steps.append(_Numbers(numbers))
                numbers = []
            steps.append(_Strings(field))
        if numbers:
            steps.append(_Numbers(numbers))
        self._steps = steps

    def encode(self, values: Mapping[str, Any]) -> bytes:
        """Return the bytes of a sample.

        Parameters
        ----------
        values : mapping of `str` to values
            The value of each field.

        Raises
        ------
        TypeError
            If a scalar is given for an array, or something else for a string.
        IndexError
            If an array has the wrong length.
        struct.error
            If a number is of the wrong type or out of range, or a string is too long.
        """
        parts = [_HEADER]
        position = 0
        for step in self._steps:
            position = step.write(values, parts, position)
        parts.append(_NOTHING[-position & 3])
        return b"".join(parts)

    def decode(self, data: bytes) -> dict[str, Any]:
        """Return the fields of a sample.

        Parameters
        ----------
        data : `bytes`
            What `encode`, or any other writer of plain CDR, has made.

        Raises
        ------
        struct.error
            If the sample is damaged.
        """
        kind = data[1]
        form = _USUAL if kind == 1 else ("<" if kind & 1 else ">", 8 if kind < 2 else 4)
        values: dict[str, Any] = {}
        position = 0
        for step in self._steps:
            position = step.read(data, position, values, form)
        return values
