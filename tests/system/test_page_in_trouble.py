# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The procedure page where nothing is as it should be, in one observatory for all."""

import pytest
from page_kit import Joined, images, simulated, with_repository

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]

FAULTS = (
    "in_fault@ATDome",
    "camera_publish_only",
    "ccd_warm",
    "vacuum_poor",
    "board_cold",
    "queue_paused",
)


@pytest.fixture(scope="module")
def troubled(tmp_path_factory, small_repository):
    directory = with_repository(tmp_path_factory.mktemp("troubled") / "run", small_repository)
    with simulated(directory, *(f"--fault={fault}" for fault in FAULTS)) as joined:
        yield joined


def test_everything_that_is_not_right_is_told_at_once_and_no_shutter_moves(troubled: Joined):
    result = troubled.dailycal("run")
    assert result.code == 1, result.text
    reason = result.outcome["reason"]
    for words in (
        "Nothing was started.",
        "ATDome: FAULT, error 2",
        "send ATDome to STANDBY: dailycal script set_summary_state.py",
        "ATCamera: OFFLINE (offline substate PUBLISH_ONLY). Release it from CCS: setAvailable",
        "CCD temperature: -9",
        "outside -107 to -101 °C. Wait until it is back at its set point",
        "ScriptQueue:2: paused.",
        "--resume-queue",
    ):
        assert words in reason
    assert set(result.statuses.values()) == {"not reached"}
    assert not result.of("StepStarted")
    assert not result.of("AnnouncementMade")
    assert not images(troubled.directory)


def test_check_tells_a_program_what_a_person_reads(troubled):
    result = troubled.dailycal("check")
    assert result.code == 1, result.text
    (answer,) = result.events
    assert answer["ready"] is False
    severities = {item["subject"]: item["severity"] for item in answer["findings"]}
    assert severities.pop("WREB board") == "WARNING"
    refused = {name for name, severity in severities.items() if severity == "REFUSAL"}
    assert refused == {"ATDome", "ATCamera", "CCD temperature", "Dewar pressure", "ScriptQueue:2"}
    others = set(severities) - refused - {"DAQ store free", "Disk"}
    assert {severities[name] for name in others} == {"OK"}
