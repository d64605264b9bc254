# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What SAL's own interface definitions (ts_xml) say, as tables of facts in `data/sal_interfaces`.

`data/make_interface_facts.py` makes the tables from the XML files.
"""

from __future__ import annotations

import functools
import hashlib
import json
import pathlib
from dataclasses import dataclass, field
from typing import NamedTuple

FOLDER = pathlib.Path(__file__).parent / "data" / "sal_interfaces"
THEN, NOW = "10.1.0", "28.0.1"
"""Versions of the interfaces that go with salobj 6.9.1, and with salobj 8."""
GENERIC = "SALGeneric"
"""Name of the component that has the generic topics."""


class Field(NamedTuple):
    """A field of a topic."""

    name: str
    """Name."""
    type_name: str
    """Type as in the XML."""
    units: str = ""
    """Unit; empty for ``unitless``."""
    count: int = 1
    """Number of elements; 1 for a scalar."""
    string_length: int | None = None
    """Longest string (bytes); `None` for no limit."""


@dataclass(slots=True)
class Component:
    """What the XML says of a component."""

    indexed: bool = False
    """Can there be several of it?"""
    generics: tuple[str, ...] = ()
    """Categories and names of its generic topics."""
    topics: dict[str, tuple[Field, ...]] = field(default_factory=dict)
    """Fields by the SAL name of the topic, such as ``logevent_endReadout``."""
    categories: dict[str, str] = field(default_factory=dict)
    """Categories of generic topics, by SAL name."""


@functools.cache
def components(version: str) -> dict[str, Component]:
    """Return all components of a version by name."""
    found: dict[str, Component] = {}
    for line in (FOLDER / f"{version}.jsonl").read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        component = found.setdefault(record["component"], Component())
        if "topic" not in record:
            component.indexed, component.generics = record["indexed"], tuple(record["generics"])
            continue
        component.topics[record["topic"]] = tuple(Field(*values) for values in record["fields"])
        if "category" in record:
            component.categories[record["topic"]] = record["category"]
    return found


def all_topics(version: str, name: str) -> dict[str, tuple[Field, ...]]:
    """Return all topics of a component, its generic ones included."""
    component, generic = components(version)[name], components(version)[GENERIC]
    wanted = {*component.generics, "mandatory"}
    return component.topics | {
        topic: fields
        for topic, fields in generic.topics.items()
        if wanted & {topic, generic.categories.get(topic)}
    }


def field_names(version: str, component: str, topic: str) -> set[str]:
    """Return the names of the fields of a topic."""
    return {field.name for field in components(version)[component].topics[topic]}


def digest(description: str) -> str:
    """Return what is kept of a description, whatever its spaces, capitals and last full stop."""
    text = " ".join(description.split()).rstrip(".").lower()
    return hashlib.sha256(text.encode()).hexdigest()[:12]


@functools.cache
def description_digests(version: str) -> frozenset[str]:
    """Return the digests of all descriptions of more than three words."""
    path = FOLDER / f"{version}_descriptions.txt"
    return frozenset(path.read_text(encoding="utf-8").split())
