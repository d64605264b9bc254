# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Paths between states, names of components, and the list of set_summary_state."""

import itertools

import pytest

from lsst.ts.dailycal.model import ComponentName, ConfigurationError
from lsst.ts.dailycal.sal.group.members import ATCS, LATISS, attribute_name
from lsst.ts.dailycal.sal.group.paths import SummaryState, next_step, parse_state
from lsst.ts.dailycal.scripts.state_list import muted_alarms, parse_entries

S = SummaryState


def _commands(current: SummaryState, target: SummaryState) -> list[str]:
    commands = []
    while (step := next_step(current, target)) is not None:
        commands.append(step.command)
        current = step.state
        assert len(commands) < 10
    return commands


@pytest.mark.parametrize(
    ("current", "target", "commands"),
    [
        (S.OFFLINE, S.ENABLED, ["enterControl", "start", "enable"]),
        (S.STANDBY, S.ENABLED, ["start", "enable"]),
        (S.DISABLED, S.ENABLED, ["enable"]),
        (S.ENABLED, S.ENABLED, []),
        (S.FAULT, S.ENABLED, ["standby", "start", "enable"]),
        (S.ENABLED, S.STANDBY, ["disable", "standby"]),
        (S.DISABLED, S.STANDBY, ["standby"]),
        (S.FAULT, S.STANDBY, ["standby"]),
        (S.FAULT, S.OFFLINE, ["standby", "exitControl"]),
        (S.ENABLED, S.OFFLINE, ["disable", "standby", "exitControl"]),
        (S.OFFLINE, S.DISABLED, ["enterControl", "start"]),
        (S.ENABLED, S.DISABLED, ["disable"]),
    ],
)
def test_the_path_from_one_state_to_another_is_the_shortest(current, target, commands):
    assert _commands(current, target) == commands


def test_every_state_can_be_reached_from_every_other_but_fault():
    for current, target in itertools.product(S, S):
        if target is S.FAULT:
            with pytest.raises(ValueError, match="FAULT"):
                next_step(current, target)
        else:
            assert len(_commands(current, target)) <= 3


@pytest.mark.parametrize("text", ["enabled", " Enabled ", "ENABLED"])
def test_a_state_is_read_in_any_case_of_letters(text):
    assert parse_state(text) is S.ENABLED


@pytest.mark.parametrize("text", ["", "FAULT", "fault", "enable", "2", "UNKNOWN"])
def test_what_nobody_can_command_is_refused_with_the_states_there_are(text):
    with pytest.raises(ValueError, match=r"ENABLED, DISABLED, STANDBY, OFFLINE"):
        parse_state(text)


def test_the_groups_are_those_of_the_auxiliary_telescope():
    assert [str(name) for name in ATCS.members] == [
        "ATMCS",
        "ATPtg",
        "ATAOS",
        "ATPneumatics",
        "ATHexapod",
        "ATDome",
        "ATDomeTrajectory",
    ]
    assert [str(name) for name in LATISS.members] == [
        "ATCamera",
        "ATSpectrograph",
        "ATHeaderService",
        "ATOODS",
    ]
    assert set(ATCS.configurable) <= set(ATCS.members)
    assert set(LATISS.configurable) <= set(LATISS.members)


@pytest.mark.parametrize("name", ["athexapod", "ATHexapod", "ATHEXAPOD", " ATHexapod "])
def test_an_ignored_component_may_be_written_as_people_write_it(name):
    assert ATCS.resolve([name]) == {ComponentName("ATHexapod")}


def test_a_component_with_an_index_has_it_in_its_name():
    assert attribute_name(ComponentName("Hexapod", 1)) == "hexapod_1"
    assert attribute_name(ComponentName("ATDome")) == "atdome"


def test_unknown_names_are_all_reported_with_the_names_there_are():
    with pytest.raises(ConfigurationError) as error:
        ATCS.resolve(["hexapod", "atcamera", "ATDome"])
    problems = error.value.problems
    assert len(problems) == 3
    assert problems[0].startswith("ignore: 'hexapod' is not in ATCS")
    assert "ATHexapod meant" in problems[0]
    assert "'atcamera'" in problems[1]
    assert all(str(member) in problems[2] for member in ATCS.members)


def test_nothing_ignored_is_nothing():
    assert LATISS.resolve([]) == frozenset()


def test_a_list_of_states_is_read_in_order():
    entries = parse_entries(
        [["OCPS:1", "standby"], ["OCPS:1", "Enabled", "LATISS.yaml"], ["Script:*", "OFFLINE"]]
    )
    assert [str(entry) for entry in entries] == ["OCPS:1", "OCPS:1", "Script:*"]
    assert [entry.state for entry in entries] == [S.STANDBY, S.ENABLED, S.OFFLINE]
    assert [entry.override for entry in entries] == ["", "LATISS.yaml", ""]
    assert [entry.every_instance for entry in entries] == [False, False, True]


def test_all_entries_that_cannot_be_read_are_reported_at_once():
    with pytest.raises(ConfigurationError) as error:
        parse_entries([["OCPS:x", "ENABLED"], ["ATDome", "ENABLED"], ["ATDome", "FAULT"]])
    assert [problem.split(":")[0] for problem in error.value.problems] == [
        "data, entry 1",
        "data, entry 3",
    ]


def test_only_the_alarms_of_one_component_are_muted():
    import re

    pattern = muted_alarms(ComponentName("Test", 1))
    assert re.match(pattern, "Enabled.Test:1")
    assert re.match(pattern, "Heartbeat.Test:1")
    assert not re.match(pattern, "Enabled.Test:11")
    assert not re.match(pattern, "Enabled.MTest:1")
    assert not re.match(pattern, "Clock.Test:1")
