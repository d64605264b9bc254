# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the ports use of SAL exists at the observatory, today and in the versions before.

Held against the interface definitions of ts_xml: those that go with salobj 6.9 and those that go
with salobj 8.
"""

import pytest

from interface_facts import NOW, THEN, field_names

VERSIONS = (THEN, NOW)

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


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("component", "topic"), EVENTS)
def test_an_event_that_is_read_has_the_fields_that_are_read(version, component, topic):
    assert EVENTS[component, topic] <= field_names(version, component, f"logevent_{topic}")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("component", "topic"), COMMANDS)
def test_a_command_that_is_sent_has_the_parameters_that_are_set(version, component, topic):
    assert COMMANDS[component, topic] <= field_names(version, component, f"command_{topic}")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_metadata_that_a_script_tells_are_there(version):
    assert field_names(version, "Script", "logevent_metadata") >= SCRIPT_METADATA
