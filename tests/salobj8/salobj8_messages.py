# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages as salobj 8 has them: plain objects with the fields of XML 28, and ``salIndex``."""

from __future__ import annotations

import functools
import json
import numbers
import pathlib
import typing

TABLE = json.loads((pathlib.Path(__file__).parent / "xml28.json").read_text(encoding="utf-8"))
"""Topics and their fields, ``name:type`` or ``name:type[length]``, by component."""
_PRIVATE = {
    "salIndex": "int",
    "private_sndStamp": "double",
    "private_rcvStamp": "double",
    "private_origin": "int",
    "private_identity": "string",
    "private_seqNum": "int",
    "private_revCode": "string",
}
_ACKCMD = "ack:int error:int result:string identity:string origin:int cmdtype:int timeout:double"
_DEFAULTS = {"string": "", "boolean": False, "double": 0.0, "float": 0.0}
_KINDS = {
    "string": str,
    "boolean": bool,
    "double": numbers.Real,
    "float": numbers.Real,
}


class Message:
    """What is written: no ``get_vars``, only attributes."""

    kinds: typing.ClassVar[dict[str, tuple[str, int]]]
    """Type of each field, and how many elements; 0 for a scalar."""

    def __init__(self, **fields: object) -> None:
        for name, (kind, length) in self.kinds.items():
            default = _DEFAULTS.get(kind, 0)
            setattr(self, name, [default] * length if length else default)
        for name, value in fields.items():
            self.put(name, value)

    def put(self, name: str, value: object) -> None:
        """Set a field as salobj 8 and its encoder would, or refuse."""
        if name not in self.kinds:
            raise AttributeError(f"{type(self).__name__} has no field {name}")
        kind, length = self.kinds[name]
        if length and (isinstance(value, str) or not hasattr(value, "__len__")):
            raise TypeError(f"{name} is an array; {value!r} is none")
        items = list(value) if length else [value]  # type: ignore[call-overload]
        if length and len(items) != length:
            raise ValueError(f"{name} has {length} elements, not {len(items)}")
        wanted = _KINDS.get(kind, numbers.Integral)
        for item in items:
            if not isinstance(item, wanted):
                raise TypeError(f"{name} is {kind}; {item!r} is none")
        setattr(self, name, items if length else value)

    def copy(self) -> typing.Self:
        """Return a copy."""
        return type(self)(**vars(self))


def topics_of(component: str) -> tuple[str, ...]:
    """Return the topics of a component, as attributes of it, with that of acknowledgements."""
    return (*TABLE[component]["topics"], "ack_ackcmd")


@functools.cache
def message_type(component: str, topic: str) -> type[Message]:
    """Make the type of the messages of a topic."""
    text = _ACKCMD if topic == "ack_ackcmd" else TABLE[component]["topics"][topic]
    kinds = {name: (kind, 0) for name, kind in _PRIVATE.items()}
    for field in text.split():
        name, _, kind = field.partition(":")
        kind, _, length = kind.partition("[")
        kinds[name] = (kind, int(length.removesuffix("]") or 0))
    return type(f"{component}_{topic}", (Message,), {"kinds": kinds})
