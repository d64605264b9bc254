# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ports use of SAL exists at the observatory, today and in the versions before.

Held against the interface definitions of ts_xml: those that go with salobj 6.9 and those that go
with salobj 8.
"""

import pathlib
import xml.etree.ElementTree as ElementTree

import pytest

INTERFACES = pathlib.Path(__file__).parents[4] / "shared" / "reference" / "sal_interfaces"
VERSIONS = ("v10.1.0", "v28.0.1")

EVENTS = {
    ("ATCamera", "startIntegration"): {"imageName", "additionalKeys", "additionalValues"},
    ("ATCamera", "endReadout"): {"imageName", "additionalKeys", "additionalValues"},
    ("ATCamera", "calibrationDetailedState"): {"substate"},
    ("ATCamera", "ccsCommandState"): {"substate"},
    ("ATCamera", "offlineDetailedState"): {"substate"},
    ("ATCamera", "raftsDetailedState"): {"substate"},
    ("ATOODS", "imageInOODS"): {"obsid", "sensor", "statusCode", "description"},
    ("OCPS", "job_result"): {"job_id", "exit_code", "result"},
}
COMMANDS = {
    ("ATCamera", "takeImages"): {
        "numImages",
        "expTime",
        "shutter",
        "sensors",
        "keyValueMap",
        "obsNote",
    },
    ("ATSpectrograph", "changeFilter"): {"filter", "name"},
    ("ATSpectrograph", "changeDisperser"): {"disperser", "name"},
    ("OCPS", "execute"): {"pipeline", "version", "config", "data_query"},
    ("OCPS", "abort_job"): {"job_id"},
    ("Script", "configure"): {"config", "logLevel", "pauseCheckpoint", "stopCheckpoint"},
}
SCRIPT_METADATA = {"duration", "nimages", "totalCheckpoints", "survey"}

pytestmark = pytest.mark.skipif(
    not INTERFACES.is_dir(), reason=f"the SAL interface definitions are not at {INTERFACES}"
)


def fields(version, component, kind, topic):
    path = INTERFACES / version / f"{component}_{kind}.xml"
    prefix = "command" if kind == "Commands" else "logevent"
    for element in ElementTree.parse(path).getroot():
        names = {child.text for child in element if child.tag == "EFDB_Topic"}
        if f"{component}_{prefix}_{topic}" in names:
            return {item.findtext("EFDB_Name") for item in element.iter("item")}
    return None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("component", "topic"), EVENTS)
def test_an_event_that_is_read_has_the_fields_that_are_read(version, component, topic):
    assert EVENTS[component, topic] <= fields(version, component, "Events", topic)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("component", "topic"), COMMANDS)
def test_a_command_that_is_sent_has_the_parameters_that_are_set(version, component, topic):
    assert COMMANDS[component, topic] <= fields(version, component, "Commands", topic)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_metadata_that_a_script_tells_are_there(version):
    assert fields(version, "Script", "Events", "metadata") >= SCRIPT_METADATA
