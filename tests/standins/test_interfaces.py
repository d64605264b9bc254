# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interface definitions: held against SAL's XML, and read back from the IDL."""

from __future__ import annotations

import subprocess
import sys

import pytest
import ts_interfaces
from ddsutil import IdlError, parse_idl_file
from lsst.ts.salobj import idl_metadata
from ts_interfaces.definition import DefinitionError, parse

import interface_facts
from interface_facts import THEN

COMPLETE = [
    "ATAOS", "ATCamera", "ATDome", "ATDomeTrajectory", "ATHeaderService", "ATHexapod", "ATMCS",
    "ATOODS", "ATPneumatics", "ATPtg", "ATSpectrograph", "OCPS", "Scheduler", "Script",
    "ScriptQueue", "Test", "Watcher",
]  # fmt: skip


def own_fields(topic: ts_interfaces.Topic) -> tuple[interface_facts.Field, ...]:
    return tuple(
        interface_facts.Field(
            field.name,
            field.type_name,
            "" if field.units == "unitless" else field.units,
            field.count,
            field.string_length,
        )
        for field in topic.fields
    )


def test_every_component_that_is_promised_is_defined():
    assert ts_interfaces.component_names() == COMPLETE


@pytest.mark.parametrize("component", COMPLETE)
def test_a_component_has_the_topics_and_fields_of_the_xml(component):
    defined = ts_interfaces.read_component(component)
    topics = {topic.sal_name: topic for topic in defined.topics}
    expected = interface_facts.all_topics(THEN, component)
    assert len(topics) == len(defined.topics)
    assert set(topics) == set(expected)
    for name, topic in topics.items():
        assert own_fields(topic) == expected[name], name


@pytest.mark.parametrize("component", COMPLETE)
def test_a_component_has_an_index_where_the_xml_says_so(component):
    expected = interface_facts.components(THEN)[component].indexed
    assert ts_interfaces.read_component(component).indexed is expected


@pytest.mark.parametrize("component", COMPLETE)
def test_descriptions_are_our_own_words(component):
    """None of more than three words is a description of the XML."""
    theirs = interface_facts.description_digests(THEN)
    defined = ts_interfaces.read_component(component)
    ours = [topic.description for topic in defined.topics]
    ours += [field.description for topic in defined.topics for field in topic.fields]
    copied = {
        text for text in ours if len(text.split()) > 3 and interface_facts.digest(text) in theirs
    }
    spelled = {
        ts_interfaces.definition.spelled(field.name)
        for topic in defined.topics
        for field in topic.fields
    } | {
        ts_interfaces.definition.spelled(topic.sal_name.rpartition("_")[2])
        for topic in defined.topics
    }
    assert copied <= spelled


@pytest.mark.parametrize("component", COMPLETE)
def test_salobj_reads_from_the_idl_what_was_defined(component, tmp_path):
    path = tmp_path / ts_interfaces.idl_file_name(component)
    defined = ts_interfaces.read_component(component)
    path.write_text(ts_interfaces.idl_text(defined))
    metadata = idl_metadata.parse_idl(component, path)
    assert metadata.xml_version == "10.1.0"
    assert metadata.sal_version
    names = {topic.sal_name for topic in defined.topics}
    has_commands = any(name.startswith("command_") for name in names)
    assert set(metadata.topic_info) == names | ({"ackcmd"} if has_commands else set())
    for topic in defined.topics:
        info = metadata.topic_info[topic.sal_name]
        assert info.description == topic.description
        for field in topic.fields:
            read = info.field_info[field.name]
            assert read.array_length == (field.count if field.count > 1 else None)
            assert read.str_length == field.string_length
            assert read.units == field.units
            assert read.description == field.description
        assert (f"{component}ID" in info.field_info) is defined.indexed


@pytest.mark.parametrize("component", COMPLETE)
def test_our_idl_parser_and_that_of_salobj_agree(component, tmp_path):
    path = tmp_path / ts_interfaces.idl_file_name(component)
    defined = ts_interfaces.read_component(component)
    path.write_text(ts_interfaces.idl_text(defined))
    metadata = idl_metadata.parse_idl(component, path)
    parsed = parse_idl_file(path)
    assert len(parsed.structures) == len(metadata.topic_info)
    for name, info in metadata.topic_info.items():
        structure = parsed.structures[f"{component}::{name}_{info.version_hash}"]
        assert structure.keys == ((f"{component}ID",) if defined.indexed else ())
        theirs = [
            (field.name, field.type_name, field.array_length, field.str_length)
            for field in info.field_info.values()
        ]
        ours = [(f.name, f.type_name, f.array_length, f.string_length) for f in structure.fields]
        assert ours == theirs


def test_a_revision_changes_with_the_shape_and_not_with_the_words():
    def revision(text: str) -> str:
        _, topics = parse("x", text)
        component = ts_interfaces.Component("X", False, (), tuple(topics))
        line = ts_interfaces.idl_text(component).splitlines()[3]
        return line.split()[1]

    original = revision("event one: Words\n    int a: More words\n")
    assert revision("event one: Others\n    int a (second): Others\n") == original
    assert revision("event one\n    long long a\n") != original
    assert revision("event one\n    int[2] a\n") != original
    assert revision("event one\n    int b\n") != original


@pytest.mark.parametrize(
    "text", ["    int a\n", "event one\n    number a\n", "event one\n    int\n", "what is this\n"]
)
def test_a_definition_that_cannot_be_understood_says_where(text):
    with pytest.raises(DefinitionError, match=r"x:\d"):
        parse("x", text)


def test_a_component_that_is_not_defined_is_named():
    with pytest.raises(DefinitionError, match="NoSuchThing"):
        ts_interfaces.read_component("NoSuchThing")


def test_installing_twice_changes_nothing(tmp_path):
    first = ts_interfaces.install_idl(tmp_path)
    assert sorted(first.written) == COMPLETE
    before = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    second = ts_interfaces.install_idl(tmp_path)
    assert second.written == ()
    assert sorted(second.unchanged) == COMPLETE
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before


def test_an_old_file_of_ours_is_renewed(tmp_path):
    ts_interfaces.install_idl(tmp_path)
    path = tmp_path / ts_interfaces.idl_file_name("OCPS")
    text = path.read_text()
    path.write_text(text.replace("job_id", "old_id"))
    assert ts_interfaces.install_idl(tmp_path).written == ("OCPS",)
    assert path.read_text() == text


def test_a_real_idl_file_wins_over_ours(tmp_path):
    path = tmp_path / ts_interfaces.idl_file_name("ATCamera")
    real = "// SAL_VERSION=6.0.0 XML_VERSION=10.1.0\nmodule ATCamera {\n};\n"
    path.write_text(real)
    done = ts_interfaces.install_idl(tmp_path)
    assert done.foreign == ("ATCamera",)
    assert path.read_text() == real


def test_the_command_says_what_it_did(tmp_path):
    command = [sys.executable, "-m", "ts_interfaces", "install", "--folder", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"{len(COMPLETE)} IDL files written" in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("struct a_1 {\n long b;\n};", "module"),
        ("module X {\nstruct a_1 {\n wide b;\n};\n};", "wide"),
        ("module X {\nstruct a_1 {\n long 5;\n};\n};", "5"),
    ],
)
def test_idl_that_cannot_be_understood_is_refused(tmp_path, text, words):
    path = tmp_path / "x.idl"
    path.write_text(text)
    with pytest.raises(IdlError, match=words):
        parse_idl_file(path)


def test_idl_that_has_changed_is_read_again(tmp_path):
    path = tmp_path / "x.idl"
    path.write_text("module X {\nstruct a_1 {\n long b;\n};\n};")
    first = parse_idl_file(path)
    assert parse_idl_file(path) is first
    path.write_text("module X {\nstruct a_1 {\n double longer_name;\n};\n};")
    (structure,) = parse_idl_file(path).structures.values()
    assert structure.fields[0].name == "longer_name"
