# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of facts are made from the XML, and say of it what the tests compare."""

from __future__ import annotations

import json

import pytest

import interface_facts
from interface_facts import NOW, THEN, Field

SUBSYSTEMS = """
<SALSubsystemSet>
  <SALSubsystem>
    <Name>Kettle</Name><IndexEnumeration>any</IndexEnumeration>
    <AddedGenerics>hot, logevent_steam</AddedGenerics>
  </SALSubsystem>
  <SALSubsystem>
    <Name>Cup</Name><IndexEnumeration>no</IndexEnumeration><AddedGenerics>cold</AddedGenerics>
  </SALSubsystem>
</SALSubsystemSet>
"""
GENERICS = """
<SALObjects>
  <SALCommandSet>
    <SALCommand>
      <EFDB_Topic>SALGeneric_command_warm</EFDB_Topic><Category>hot</Category>
    </SALCommand>
  </SALCommandSet>
  <SALEventSet>
    <SALEvent><EFDB_Topic>SALGeneric_logevent_alive</EFDB_Topic><Category>mandatory</Category></SALEvent>
    <SALEvent><EFDB_Topic>SALGeneric_logevent_steam</EFDB_Topic></SALEvent>
    <SALEvent><EFDB_Topic>SALGeneric_logevent_ice</EFDB_Topic><Category>cold</Category></SALEvent>
  </SALEventSet>
</SALObjects>
"""
COMMANDS = """
<SALCommandSet>
  <SALCommand>
    <EFDB_Topic>Kettle_command_fill</EFDB_Topic>
    <Description>Let water in.</Description>
    <item>
      <EFDB_Name>water</EFDB_Name><IDL_Type>double</IDL_Type><Units>liter  per
      second</Units><Count>5</Count>
      <Description>How much water there is to be let in.</Description>
    </item>
    <item>
      <EFDB_Name>note</EFDB_Name><IDL_Type>string</IDL_Type><IDL_Size>32</IDL_Size>
      <Units>unitless</Units><Count>1</Count>
    </item>
    <item>
      <EFDB_Name>any</EFDB_Name><IDL_Type>string</IDL_Type><IDL_Size>1</IDL_Size><Count>1</Count>
    </item>
  </SALCommand>
</SALCommandSet>
"""


@pytest.fixture
def kitchen(tmp_path, monkeypatch):
    """The script that makes tables, and what it made of XML files, one of them in a folder."""
    monkeypatch.syspath_prepend(interface_facts.FOLDER.parent)
    import make_interface_facts

    for name, text in (
        ("SALSubsystems.xml", SUBSYSTEMS),
        ("SALGenerics.xml", GENERICS),
        ("Kettle/Kettle_Commands.xml", COMMANDS),
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    records = make_interface_facts.facts(tmp_path, ["Kettle", "Cup"])
    (tmp_path / "kitchen.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records))
    monkeypatch.setattr(interface_facts, "FOLDER", tmp_path)
    return make_interface_facts


@pytest.mark.usefixtures("kitchen")
def test_the_facts_of_the_xml_come_back_from_the_tables():
    topics = interface_facts.all_topics("kitchen", "Kettle")
    assert topics == {
        "command_fill": (
            Field("water", "double", "liter per second", 5),
            Field("note", "string", string_length=32),
            Field("any", "string"),
        ),
        "command_warm": (),
        "logevent_alive": (),
        "logevent_steam": (),
    }
    assert set(interface_facts.all_topics("kitchen", "Cup")) == {"logevent_alive", "logevent_ice"}
    assert interface_facts.components("kitchen")["Kettle"].indexed
    assert not interface_facts.components("kitchen")["Cup"].indexed


def test_of_descriptions_only_digests_are_kept(kitchen, tmp_path):
    digests = kitchen.description_digests(tmp_path, ["Kettle"])
    assert digests == {interface_facts.digest("how much water  there is to be let in")}


@pytest.mark.parametrize("version", [THEN, NOW])
def test_the_tables_have_every_component_of_the_simulation_and_of_the_scripts(version):
    import ts_interfaces

    found = interface_facts.components(version)
    assert set(found) == {interface_facts.GENERIC, *ts_interfaces.component_names()}
    assert found["Script"].indexed
    assert not found["ATCamera"].indexed
