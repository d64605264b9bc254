# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading interface definitions.

A definition is a text file, one a component::

    component OCPS
    indexed yes
    generics csc, configurable, logevent_largeFileObjectAvailable

    command execute: Run a pipeline.
        string<256> pipeline: Which one, as YAML file and subset
    event job_result: What a job came to.
        int exit_code: 0 for success
    telemetry loopTime_ms
        double[5] loopTime (second)

A line with a type is a field of the topic above it: type, array length, name, unit and
description. A unit that is not given is ``unitless``; a description that is not given is
spelled from the name.
"""

from __future__ import annotations

__all__ = ["Component", "DefinitionError", "Field", "Topic", "component_names", "read_component"]

import functools
import re
from dataclasses import dataclass
from importlib import resources

_PREFIXES = {"command": "command_", "event": "logevent_", "telemetry": ""}
_TYPES = {
    "boolean", "byte", "short", "int", "long", "long long", "unsigned short", "unsigned int",
    "unsigned long", "float", "double", "string",
}  # fmt: skip
_GENERICS = "generics"
_TOPIC = re.compile(
    r"(?P<kind>command|event|telemetry) (?P<name>\w+)(?: \[(?P<category>\w+)\])?(?:: (?P<text>.+))?"
)
_FIELD = re.compile(
    r"    (?P<type>[a-z ]+?)(?:<(?P<size>\d+)>)?(?:\[(?P<count>\d+)\])? (?P<name>\w+)"
    r"(?: \((?P<units>[^)]+)\))?(?:: (?P<text>.+))?"
)


class DefinitionError(Exception):
    """A definition that cannot be understood."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a topic."""

    name: str
    """Name."""
    type_name: str
    """Type as in SAL's XML; ``long`` and ``int`` both have 32 bits."""
    count: int
    """Number of elements; 1 for a scalar."""
    string_length: int | None
    """Longest string (bytes); `None` for no limit."""
    units: str
    """Unit, or ``unitless``."""
    description: str
    """What it is."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A command, an event or a telemetry topic."""

    sal_name: str
    """Name with the prefix of its kind."""
    description: str
    """What it is."""
    fields: tuple[Field, ...]
    """Fields in order, without SAL's private ones."""
    category: str = ""
    """Category of a generic topic; empty if components name it one by one."""


@dataclass(frozen=True, slots=True)
class Component:
    """All topics of a component."""

    name: str
    """Name of the component."""
    indexed: bool
    """Can there be several of it?"""
    generics: tuple[str, ...]
    """Categories and names of its generic topics."""
    topics: tuple[Topic, ...]
    """Its topics, the generic ones last."""


def spelled(name: str) -> str:
    """Return a name in words: ``darkTime`` becomes ``Dark time.``."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|_+", " ", name).strip()
    return f"{words[:1].upper()}{words[1:].lower() if not words.isupper() else words[1:]}."


def component_names() -> list[str]:
    """Return the names of all components that are defined."""
    folder = resources.files("ts_interfaces") / "definitions"
    names = [entry.name.removesuffix(".txt") for entry in folder.iterdir()]
    return sorted(name for name in names if name != _GENERICS)


def _parse_field(where: str, line: str) -> Field:
    found = _FIELD.fullmatch(line)
    if found is None or found["type"] not in _TYPES:
        raise DefinitionError(f"{where}: cannot understand the field {line.strip()!r}")
    return Field(
        found["name"],
        found["type"],
        int(found["count"] or 1),
        int(found["size"]) if found["size"] else None,
        found["units"] or "unitless",
        found["text"] or spelled(found["name"]),
    )


def parse(where: str, text: str) -> tuple[dict[str, str], list[Topic]]:
    """Return the header and the topics of a definition.

    Parameters
    ----------
    where : `str`
        Name of the file, for messages.
    text : `str`
        Its content.

    Raises
    ------
    DefinitionError
        If a line cannot be understood.
    """
    header: dict[str, str] = {}
    topics: list[tuple[Topic, list[Field]]] = []
    for number, line in enumerate(text.splitlines(), start=1):
        here = f"{where}:{number}"
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("    "):
            if not topics:
                raise DefinitionError(f"{here}: a field before the first topic")
            topics[-1][1].append(_parse_field(here, line))
            continue
        found = _TOPIC.fullmatch(line)
        if found is not None:
            topic = Topic(
                _PREFIXES[found["kind"]] + found["name"],
                found["text"] or spelled(found["name"]),
                (),
                found["category"] or "",
            )
            topics.append((topic, []))
            continue
        key, _, value = line.partition(" ")
        if key not in ("component", "indexed", "generics"):
            raise DefinitionError(f"{here}: cannot understand {line!r}")
        header[key] = value.strip()
    return header, [
        Topic(topic.sal_name, topic.description, tuple(fields), topic.category)
        for topic, fields in topics
    ]


@functools.cache
def _read(name: str) -> tuple[dict[str, str], list[Topic]]:
    file = resources.files("ts_interfaces") / "definitions" / f"{name}.txt"
    try:
        return parse(file.name, file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DefinitionError(f"no interface definition of {name}") from None


def read_component(name: str) -> Component:
    """Return the topics of a component, its generic ones included.

    Parameters
    ----------
    name : `str`
        Name of the component.

    Raises
    ------
    DefinitionError
        If there is no such definition or it cannot be understood.
    """
    header, topics = _read(name)
    wanted = tuple(part.strip() for part in header["generics"].split(","))
    _, generics = _read(_GENERICS)
    chosen = [
        topic
        for topic in generics
        if topic.category == "mandatory" or topic.category in wanted or topic.sal_name in wanted
    ]
    return Component(header["component"], header["indexed"] == "yes", wanted, (*topics, *chosen))
