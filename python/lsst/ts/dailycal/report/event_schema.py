# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The JSON schema of what commands print with ``--json``, one event a line."""

__all__ = ["EVENT_SCHEMA_VERSION", "event_schema", "schema_of"]

import dataclasses
import enum
import os
import types
import typing
from collections.abc import Iterable

from ..model import ComponentName, ImageName, JobKey

EVENT_SCHEMA_VERSION = 1
"""Raised when an event loses a key, or one gets another meaning; not when there are more."""
Schema = dict[str, typing.Any]
_NAMES = (ComponentName, ImageName, JobKey)
_PLAIN: dict[typing.Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
}


def event_schema(events: Iterable[type], extra: typing.Mapping[str, Schema]) -> Schema:
    """Make the schema of a line from the classes of the events.

    Parameters
    ----------
    events : `~collections.abc.Iterable` [`type`]
        Dataclasses; the key ``event`` has the name of one.
    extra : `~collections.abc.Mapping` [`str`, `dict`]
        Schemas of the properties of lines that are made of no class, by the name of the event.

    Returns
    -------
    schema : `dict`
        JSON schema, draft 2020-12.
    """
    lines = {kind.__name__: schema_of(kind) for kind in events}
    for name, properties in extra.items():
        lines[name] = {"type": "object", "properties": properties, "required": list(properties)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line that a command of dailycal prints with --json",
        "version": EVENT_SCHEMA_VERSION,
        "type": "object",
        "required": ["event"],
        "properties": {
            "event": {"enum": sorted(lines)},
            "time": {"type": "number", "description": "seconds since 1970 UTC, when it was heard"},
            "tai": {"type": "number", "description": "seconds since 1970 TAI, when recorded"},
        },
        "oneOf": [
            {
                **schema,
                "properties": {"event": {"const": name}, **schema["properties"]},
            }
            for name, schema in sorted(lines.items())
        ],
    }


def schema_of(kind: typing.Any) -> Schema:
    """Make the schema of a type as `~.plain.to_plain` writes it.

    Raises
    ------
    TypeError
        If it is of a kind that no event has.
    """
    if kind in _PLAIN:
        return _PLAIN[kind]
    if kind in _NAMES or (isinstance(kind, type) and issubclass(kind, os.PathLike)):
        return {"type": "string"}
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        values = [item.value if isinstance(item.value, str) else item.name for item in kind]
        return {"enum": values}
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        names = [field.name for field in dataclasses.fields(kind)]
        return {
            "type": "object",
            "properties": {name: schema_of(hints[name]) for name in names},
            "required": names,
        }
    return _generic(kind)


def _generic(kind: typing.Any) -> Schema:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [schema_of(item) for item in arguments]}
    if origin is tuple and arguments[-1:] == (Ellipsis,):
        return {"type": "array", "items": schema_of(arguments[0])}
    if origin is tuple:
        return {
            "type": "array",
            "prefixItems": [schema_of(item) for item in arguments],
            "minItems": len(arguments),
            "maxItems": len(arguments),
        }
    if origin is not None and issubclass(origin, typing.Mapping):
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    raise TypeError(f"{kind!r} stands in no event")
