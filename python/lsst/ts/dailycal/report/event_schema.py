# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""JSON schemas of what commands print with ``--json``, made from classes."""

__all__ = ["EVENT_SCHEMA_VERSION", "LEVEL", "Schema", "event_schema", "make_schema", "schema_of"]

import dataclasses
import enum
import functools
import itertools
import os
import types
import typing
from collections.abc import Iterable, Mapping

from ..model import ComponentName, ImageName, JobKey, ScriptUpdate

EVENT_SCHEMA_VERSION = 2
"""Raised when an event loses a key, or one gets another meaning; not when there are more."""
Schema = dict[str, typing.Any]
LEVEL: Schema = {"type": "string", "description": "Level of the log, e.g. WARNING."}
_NAMES = (ComponentName, ImageName, JobKey)
_PLAIN: dict[typing.Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
}


def make_schema(title: str, version: int, content: Schema) -> Schema:
    """Make a schema that can stand alone, draft 2020-12 (`dict`)."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return {**head, **content, "title": title, "version": version}


def event_schema(events: Iterable[type], extra: Mapping[str, Schema]) -> Schema:
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
    lines = {kind.__name__: with_named_levels(kind) for kind in events}
    for name, properties in extra.items():
        lines[name] = {"type": "object", "properties": properties, "required": list(properties)}
    content = {
        "type": "object",
        "required": ["event"],
        "properties": {
            "event": {"enum": sorted(lines), "description": "Which kind of line this is."},
            "utc": {"type": "string", "description": "When it was heard or recorded, ISO 8601."},
            "tai": {"type": "number", "description": "When it was recorded, s since 1970 TAI."},
        },
        "oneOf": [
            {
                **schema,
                "title": name,
                "properties": {"event": {"const": name}, **schema["properties"]},
            }
            for name, schema in sorted(lines.items())
        ],
    }
    title = "A line that a command of dailycal prints with --json"
    return make_schema(title, EVENT_SCHEMA_VERSION, content)


def with_named_levels(kind: type) -> Schema:
    """Make the schema of an event as `~.plain.event_line` writes it: with names of levels."""
    schema = schema_of(kind)
    properties = dict(schema["properties"])
    if properties.get("level", {}).get("type") == "integer":
        properties["level"] = LEVEL
    if typing.get_type_hints(kind).get("update") is ScriptUpdate:
        update = properties["update"]
        pair = {"type": "array", "prefixItems": [LEVEL, _PLAIN[str]], "minItems": 2, "maxItems": 2}
        messages = {
            "type": "array",
            "items": pair,
            "description": "Log messages since the update before: level and text.",
        }
        properties["update"] = {
            **update,
            "properties": {**update["properties"], "messages": messages},
        }
    return {**schema, "properties": properties}


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
        return _of_dataclass(typing.cast("type", kind))
    return _generic(kind)


def _of_dataclass(kind: type) -> Schema:
    hints = typing.get_type_hints(kind)
    names = [field.name for field in dataclasses.fields(kind)]
    docs = _field_docs(kind)
    properties = {
        name: schema_of(hints[name]) | ({"description": docs[name]} if name in docs else {})
        for name in names
    }
    return {
        "type": "object",
        "title": kind.__name__,
        "properties": properties,
        "required": names,
    }


@functools.cache
def _field_docs(kind: type) -> dict[str, str]:
    """Read what stands under each field, which Python does not keep."""
    import ast
    import inspect
    import textwrap

    found: dict[str, str] = {}
    for owner in reversed(kind.__mro__):
        if not dataclasses.is_dataclass(owner):
            continue
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(owner))).body
        body = getattr(tree, "body", [])
        for field, below in itertools.pairwise(body):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                name, text = ast.unparse(field.target), ast.literal_eval(below.value)
                found[name] = " ".join(str(text).split())
    return found


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
    if origin is not None and issubclass(origin, Mapping):
        return {"type": "object", "additionalProperties": schema_of(arguments[1])}
    raise TypeError(f"{kind!r} stands in no event")
