# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the page uses of SAL exists in the interfaces of then and now."""

import pathlib
import xml.etree.ElementTree as ElementTree

import pytest

INTERFACES = pathlib.Path(__file__).parents[4] / "shared" / "reference" / "sal_interfaces"
VERSIONS = ("v10.1.0", "v28.0.1")
PREFIXES = {"Commands": "command_", "Events": "logevent_", "Telemetry": ""}
TOPICS = {
    ("ATCamera", "Telemetry", "vacuum"): {
        "tempCCD",
        "tempCCDSetPoint",
        "tempColdPlate",
        "tempCryoHead",
        "vacuum",
    },
    ("ATCamera", "Telemetry", "focal_plane_Reb"): {"temp2"},
    ("ATCamera", "Telemetry", "daq_monitor_Store"): {"freeFraction"},
    ("Script", "Events", "state"): {"state", "reason", "lastCheckpoint", "numCheckpoints"},
    ("Script", "Events", "metadata"): {"duration", "totalCheckpoints"},
    ("Scheduler", "Events", "detailedState"): {"substate"},
    ("ScriptQueue", "Events", "queue"): {"running", "currentSalIndex", "length", "salIndices"},
    ("ScriptQueue", "Events", "script"): {"path", "processState", "scriptState"},
    ("ScriptQueue", "Events", "availableScripts"): {"standard", "external"},
    ("ScriptQueue", "Events", "configSchema"): {"isStandard", "path", "configSchema"},
    ("ScriptQueue", "Commands", "showAvailableScripts"): set(),
    ("ScriptQueue", "Commands", "showSchema"): {"isStandard", "path"},
    ("ScriptQueue", "Commands", "resume"): set(),
    ("ScriptQueue", "Commands", "stopScripts"): {"length", "salIndices", "terminate"},
    ("ScriptQueue", "Commands", "add"): {"isStandard", "path", "config", "descr", "location"},
}

pytestmark = pytest.mark.skipif(
    not INTERFACES.is_dir(), reason=f"the SAL interface definitions are not at {INTERFACES}"
)


def fields(version, component, kind, topic):
    path = INTERFACES / version / f"{component}_{kind}.xml"
    for element in ElementTree.parse(path).getroot():
        names = {child.text for child in element if child.tag == "EFDB_Topic"}
        if f"{component}_{PREFIXES[kind]}{topic}" in names:
            return {item.findtext("EFDB_Name") for item in element.iter("item")}
    return None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: f"{topic[0]}.{topic[2]}")
def test_a_topic_has_the_fields_that_are_used(version, topic):
    found = fields(version, *topic)
    assert found is not None
    assert TOPICS[topic] <= found


@pytest.mark.parametrize(
    ("version", "field"), list(zip(VERSIONS, ["salIndex", "scriptSalIndex"], strict=True))
)
def test_the_index_of_a_script_has_one_of_the_two_names(version, field):
    assert field in fields(version, "ScriptQueue", "Events", "script")
    assert field in fields(version, "ScriptQueue", "Commands", "showScript")
