# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shape of a sample: its fields, their types and which of them is the key."""

from __future__ import annotations

__all__ = ["PRIMITIVES", "Field", "Primitive", "Structure"]

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Primitive:
    """An IDL type of fixed size."""

    format: str
    """Its letter for `struct`."""
    size: int
    """Its size and alignment (bytes)."""
    xtypes_kind: int
    """Its kind in DDS-XTypes type objects."""
    default: bool | int | float
    """What a field has before it is set."""


PRIMITIVES: dict[str, Primitive] = {
    "boolean": Primitive("?", 1, 0x01, False),
    "octet": Primitive("B", 1, 0x02, 0),
    "char": Primitive("B", 1, 0x10, 0),
    "short": Primitive("h", 2, 0x03, 0),
    "long": Primitive("i", 4, 0x04, 0),
    "int": Primitive("i", 4, 0x04, 0),
    "long long": Primitive("q", 8, 0x05, 0),
    "unsigned short": Primitive("H", 2, 0x06, 0),
    "unsigned long": Primitive("I", 4, 0x07, 0),
    "unsigned int": Primitive("I", 4, 0x07, 0),
    "unsigned long long": Primitive("Q", 8, 0x08, 0),
    "float": Primitive("f", 4, 0x09, 0.0),
    "double": Primitive("d", 8, 0x0A, 0.0),
}
"""IDL's types of fixed size, by name."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a sample."""

    name: str
    """Name."""
    type_name: str
    """IDL type: ``string`` or a key of `PRIMITIVES`."""
    array_length: int | None = None
    """Number of elements of an array; `None` for a scalar."""
    string_length: int | None = None
    """Longest string allowed (bytes); `None` if there is no limit."""

    @property
    def is_string(self) -> bool:
        """Is it a string?"""
        return self.type_name == "string"

    def default(self) -> Any:
        """Return the value of a field that nobody has set."""
        value: Any = "" if self.is_string else PRIMITIVES[self.type_name].default
        return value if self.array_length is None else [value] * self.array_length


@dataclass(frozen=True, slots=True)
class Structure:
    """A sample type."""

    name: str
    """Full name, ``module::topic_hash``."""
    fields: tuple[Field, ...]
    """Fields in the order of the wire."""
    keys: tuple[str, ...] = ()
    """Names of the key fields."""
