# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Messages as salobj 8 has them: plain objects with the fields of XML 28, and ``salIndex``."""

from __future__ import annotations

import functools
import numbers
import typing

from interface_facts import NOW, Field, all_topics

_PRIVATE = {
    "salIndex": "int",
    "private_sndStamp": "double",
    "private_rcvStamp": "double",
    "private_origin": "int",
    "private_identity": "string",
    "private_seqNum": "int",
    "private_revCode": "string",
}
_ACKCMD = (
    Field("ack", "int"),
    Field("error", "int"),
    Field("result", "string"),
    Field("identity", "string"),
    Field("origin", "int"),
    Field("cmdtype", "int"),
    Field("timeout", "double"),
)
_PREFIXES = {"command_": "cmd_", "logevent_": "evt_"}
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
    return (*_topics(component), "ack_ackcmd")


@functools.cache
def _topics(component: str) -> dict[str, tuple[Field, ...]]:
    return {_attribute(name): fields for name, fields in all_topics(NOW, component).items()}


def _attribute(topic: str) -> str:
    for prefix, short in _PREFIXES.items():
        if topic.startswith(prefix):
            return short + topic.removeprefix(prefix)
    return f"tel_{topic}"


@functools.cache
def message_type(component: str, topic: str) -> type[Message]:
    """Make the type of the messages of a topic."""
    fields = _ACKCMD if topic == "ack_ackcmd" else _topics(component)[topic]
    kinds = {name: (kind, 0) for name, kind in _PRIVATE.items()}
    for field in fields:
        kinds[field.name] = (field.type_name, field.count if field.count > 1 else 0)
    return type(f"{component}_{topic}", (Message,), {"kinds": kinds})
