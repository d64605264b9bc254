# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the page uses of SAL exists in the interfaces of then and now."""

import pytest

from interface_facts import NOW, THEN, field_names

VERSIONS = (THEN, NOW)
TOPICS = {
    ("ATCamera", "vacuum"): {
        "tempCCD",
        "tempCCDSetPoint",
        "tempColdPlate",
        "tempCryoHead",
        "vacuum",
    },
    ("ATCamera", "focal_plane_Reb"): {"temp2"},
    ("ATCamera", "daq_monitor_Store"): {"freeFraction"},
    ("Script", "logevent_state"): {"state", "reason", "lastCheckpoint", "numCheckpoints"},
    ("Script", "logevent_metadata"): {"duration", "totalCheckpoints"},
    ("Scheduler", "logevent_detailedState"): {"substate"},
    ("ScriptQueue", "logevent_queue"): {"running", "currentSalIndex", "length", "salIndices"},
    ("ScriptQueue", "logevent_script"): {"path", "processState", "scriptState"},
    ("ScriptQueue", "logevent_availableScripts"): {"standard", "external"},
    ("ScriptQueue", "logevent_configSchema"): {"isStandard", "path", "configSchema"},
    ("ScriptQueue", "command_showAvailableScripts"): set(),
    ("ScriptQueue", "command_showSchema"): {"isStandard", "path"},
    ("ScriptQueue", "command_resume"): set(),
    ("ScriptQueue", "command_stopScripts"): {"length", "salIndices", "terminate"},
    ("ScriptQueue", "command_add"): {"isStandard", "path", "config", "descr", "location"},
}


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("topic", TOPICS, ids=".".join)
def test_a_topic_has_the_fields_that_are_used(version, topic):
    assert TOPICS[topic] <= field_names(version, *topic)


@pytest.mark.parametrize(
    ("version", "field"), list(zip(VERSIONS, ["salIndex", "scriptSalIndex"], strict=True))
)
def test_the_index_of_a_script_has_one_of_the_two_names(version, field):
    assert field in field_names(version, "ScriptQueue", "logevent_script")
    assert field in field_names(version, "ScriptQueue", "command_showScript")
