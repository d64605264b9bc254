# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the tables of facts in `sal_interfaces` from the XML files of ts_xml.

    python tests/data/make_interface_facts.py 10.1.0 ~/ts_xml/sal_interfaces --descriptions

Only facts are kept: names, types, lengths, units, categories. Of descriptions, which are somebody
else's words, only digests are kept, by which a test sees that ours are not copied. Tests read the
tables by `interface_facts`.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from typing import Any

import ts_interfaces

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from interface_facts import FOLDER, GENERIC, digest

KINDS = ("Commands", "Events", "Telemetry")
TOPICS = ("SALCommand", "SALEvent", "SALTelemetry")
FEWEST_WORDS = 4
"""Shorter descriptions are names rather than sentences."""


def _text(element: ElementTree.Element, tag: str) -> str:
    return " ".join((element.findtext(tag) or "").split())


def _root(folder: pathlib.Path, name: str) -> ElementTree.Element | None:
    """Return a file that lies in a folder, or in one of its folders as in ts_xml itself."""
    path = next(iter(sorted(folder.rglob(name))), None)
    return None if path is None else ElementTree.parse(path).getroot()


def _topics(folder: pathlib.Path, component: str) -> Iterator[ElementTree.Element]:
    names = [f"{component}_{kind}.xml" for kind in KINDS]
    for name in ["SALGenerics.xml"] if component == GENERIC else names:
        root = _root(folder, name)
        if root is not None:
            yield from (element for element in root.iter() if element.tag in TOPICS)


def _field(item: ElementTree.Element) -> list[Any]:
    """Return name, type, unit, number of elements and length of a string; no usual ends."""
    kind, size = _text(item, "IDL_Type"), int(_text(item, "IDL_Size") or 1)
    units = _text(item, "Units")
    length = size if kind == "string" and size > 1 else None
    field = [
        _text(item, "EFDB_Name"),
        kind,
        "" if units == "unitless" else units,
        int(_text(item, "Count") or 1),
        length,
    ]
    for usual in (None, 1, ""):
        if field[-1] != usual:
            break
        field.pop()
    return field


def facts(folder: pathlib.Path, components: list[str]) -> Iterator[dict[str, Any]]:
    """Return a record for each component and, after it, for each of its topics."""
    subsystems = _root(folder, "SALSubsystems.xml")
    if subsystems is None:
        raise FileNotFoundError(f"there is no SALSubsystems.xml in {folder}")
    known = {_text(element, "Name"): element for element in subsystems}
    for component in [GENERIC, *components]:
        if component in known:
            generics = _text(known[component], "AddedGenerics").split(",")
            yield {
                "component": component,
                "indexed": _text(known[component], "IndexEnumeration") != "no",
                "generics": [part.strip() for part in generics],
            }
        for topic in _topics(folder, component):
            name = _text(topic, "EFDB_Topic").removeprefix(f"{component}_")
            record: dict[str, Any] = {"component": component, "topic": name}
            if category := _text(topic, "Category"):
                record["category"] = category
            yield record | {"fields": [_field(item) for item in topic.iter("item")]}


def description_digests(folder: pathlib.Path, components: list[str]) -> set[str]:
    """Return the digests of all descriptions of some words."""
    texts = {
        " ".join((element.text or "").split())
        for component in [GENERIC, *components]
        for topic in _topics(folder, component)
        for element in topic.iter("Description")
    }
    return {digest(text) for text in texts if len(text.split()) >= FEWEST_WORDS}


def main() -> int:
    """Write the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="version of ts_xml, such as 10.1.0")
    parser.add_argument("folder", type=pathlib.Path, help="where its XML files are")
    parser.add_argument("--descriptions", action="store_true", help="digests of descriptions too")
    arguments = parser.parse_args()
    components = ts_interfaces.component_names()
    records = list(facts(arguments.folder, components))
    lines = [json.dumps(record, separators=(",", ":")) + "\n" for record in records]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / f"{arguments.version}.jsonl").write_text("".join(lines), encoding="utf-8")
    if arguments.descriptions:
        digests = sorted(description_digests(arguments.folder, components))
        path = FOLDER / f"{arguments.version}_descriptions.txt"
        path.write_text("\n".join(digests) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(records)} records\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
