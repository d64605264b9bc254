# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is discovered in full is known by counting, in whatever order announcements come."""

from __future__ import annotations

import dataclasses

import pytest
from dds.discovered import DiscoveredEntity, DiscoveredParticipants
from dds.user_data import InventoryCounts, participant_user_data, writer_user_data
from hypothesis import given
from hypothesis import strategies as st

SOMEBODY = b"somebody"


def participant(*, has_endpoints: bool = True, user_data: bytes | None = None) -> DiscoveredEntity:
    own = user_data or participant_user_data(7410, has_endpoints=has_endpoints)
    return DiscoveredEntity(SOMEBODY, SOMEBODY, own, True, 1)


def reader(number: int) -> DiscoveredEntity:
    return DiscoveredEntity(b"reader%d" % number, SOMEBODY, b"", True, 10 + number)


def writer(number: int, samples: int) -> DiscoveredEntity:
    return DiscoveredEntity(
        b"writer%d" % number, SOMEBODY, writer_user_data(samples), True, 100 + number
    )


def inventory(revision: int, readers: int, samples: int) -> DiscoveredEntity:
    user_data = InventoryCounts(revision, readers, samples).to_user_data()
    return DiscoveredEntity(b"inventory", SOMEBODY, user_data, True, 2)


def gone(entity: DiscoveredEntity) -> DiscoveredEntity:
    """Return what Cyclone says of somebody who has gone, which is without user data."""
    return dataclasses.replace(entity, alive=False, user_data=None)


def note(found: DiscoveredParticipants, entity: DiscoveredEntity) -> None:
    if entity.guid.startswith(b"reader"):
        found.note_reader(entity)
    elif entity.guid == SOMEBODY:
        found.note_participant(entity)
    else:
        found.note_writer(entity)


def discover(*entities: DiscoveredEntity) -> DiscoveredParticipants:
    found = DiscoveredParticipants()
    for one in entities:
        note(found, one)
    return found


ALL = [
    participant(),
    *(reader(number) for number in range(3)),
    writer(0, 5),
    writer(1, 1),
    inventory(1, 3, 6),
]


@given(st.permutations(ALL))
def test_somebody_is_complete_when_the_last_announcement_has_come_whichever_it_is(order):
    found = discover(participant(has_endpoints=False), *order[:-1])
    # Only what somebody says of itself was announced once more.
    assert (found.incomplete() == {SOMEBODY}) == (order[-1].guid != SOMEBODY)
    note(found, order[-1])
    assert found.incomplete() == set()
    assert found.ports() == ({7410}, 0)


def test_the_inventory_may_come_before_a_reader_that_was_announced_earlier():
    found = discover(participant(), reader(1), inventory(1, 2, 0))
    assert found.incomplete() == {SOMEBODY}
    note(found, reader(0))
    assert found.incomplete() == set()


def test_an_older_inventory_that_comes_late_changes_nothing():
    found = discover(participant(), reader(0), inventory(2, 2, 0), inventory(1, 1, 0))
    assert found.incomplete() == {SOMEBODY}


def test_a_reader_that_was_retracted_is_not_waited_for():
    found = discover(participant(), reader(0), reader(1), inventory(1, 2, 0))
    note(found, inventory(2, 1, 0))
    assert found.incomplete() == set()
    note(found, gone(reader(1)))
    assert found.incomplete() == set()


def test_a_reader_that_has_gone_does_not_stand_for_one_that_has_not_come():
    found = discover(participant(), reader(0), gone(reader(0)), inventory(2, 1, 0))
    assert found.incomplete() == {SOMEBODY}


def test_samples_of_a_writer_are_counted_once_however_often_it_is_announced():
    found = discover(participant(), writer(0, 1), writer(0, 2), writer(0, 3), inventory(3, 0, 4))
    assert found.incomplete() == {SOMEBODY}
    assert [history.samples for history in found.histories.values()] == [3]


@pytest.mark.parametrize(
    ("entities", "complete"),
    [
        ([participant(user_data=b"another program")], True),
        ([participant(has_endpoints=False)], True),
        ([participant(has_endpoints=True)], False),
        ([participant(has_endpoints=False), reader(0)], False),
        ([participant(has_endpoints=False), writer(0, 1)], False),
        (
            [
                participant(has_endpoints=False),
                reader(0),
                gone(participant()),
                participant(has_endpoints=False),
            ],
            True,
        ),
    ],
    ids=[
        "another program",
        "has no endpoints",
        "has an inventory to come",
        "has a reader",
        "has a writer",
        "came again",
    ],
)
def test_who_has_no_inventory_yet_is_waited_for_only_if_there_are_endpoints(entities, complete):
    assert (discover(*entities).incomplete() == set()) == complete


def test_nothing_is_kept_of_somebody_who_has_gone():
    found = discover(*ALL, *map(gone, ALL))
    again = discover()
    assert vars(found) == vars(again)
