# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is met is known by counting, in whatever order announcements come."""

from __future__ import annotations

import dataclasses

import pytest
from dds.announcements import Announced, history_words, participant_words, presence_words
from dds.heard import Heard, Seen
from hypothesis import given
from hypothesis import strategies as st

SOMEBODY = b"somebody"


def participant(*, speaks: bool = True, words: bytes | None = None) -> Seen:
    own = participant_words(7410, speaks=speaks) if words is None else words
    return Seen(SOMEBODY, SOMEBODY, own, True, 1)


def reader(number: int) -> Seen:
    return Seen(b"reader%d" % number, SOMEBODY, b"", True, 10 + number)


def writer(number: int, samples: int) -> Seen:
    return Seen(b"writer%d" % number, SOMEBODY, history_words(samples), True, 100 + number)


def presence(number: int, readers: int, samples: int) -> Seen:
    words = presence_words(Announced(number, readers, samples))
    return Seen(b"presence", SOMEBODY, words, True, 2)


def gone(seen: Seen) -> Seen:
    return dataclasses.replace(seen, alive=False)


def note(heard: Heard, seen: Seen) -> None:
    if seen.key.startswith(b"reader"):
        heard.note_reader(seen)
    elif seen.key == SOMEBODY:
        heard.note_participant(seen)
    else:
        heard.note_writer(seen)


def hear(*seen: Seen) -> Heard:
    heard = Heard()
    for one in seen:
        note(heard, one)
    return heard


ALL = [
    participant(),
    *(reader(number) for number in range(3)),
    writer(0, 5),
    writer(1, 1),
    presence(1, 3, 6),
]


@given(st.permutations(ALL))
def test_somebody_is_met_when_the_last_announcement_has_come_whichever_it_is(order):
    heard = hear(participant(speaks=False), *order[:-1])
    # Only what somebody says of itself was heard once more.
    assert (heard.unmet() == {SOMEBODY}) == (order[-1].key != SOMEBODY)
    note(heard, order[-1])
    assert heard.unmet() == set()
    assert heard.ports() == ({7410}, 0)


def test_the_presence_may_come_before_a_reader_that_was_announced_earlier():
    heard = hear(participant(), reader(1), presence(1, 2, 0))
    assert heard.unmet() == {SOMEBODY}
    note(heard, reader(0))
    assert heard.unmet() == set()


def test_an_older_presence_that_comes_late_changes_nothing():
    heard = hear(participant(), reader(0), presence(2, 2, 0), presence(1, 1, 0))
    assert heard.unmet() == {SOMEBODY}


def test_a_reader_that_was_retracted_is_not_waited_for():
    heard = hear(participant(), reader(0), reader(1), presence(1, 2, 0))
    note(heard, presence(2, 1, 0))
    assert heard.unmet() == set()
    note(heard, gone(reader(1)))
    assert heard.unmet() == set()


def test_a_reader_that_has_gone_does_not_stand_for_one_that_has_not_come():
    heard = hear(participant(), reader(0), gone(reader(0)), presence(2, 1, 0))
    assert heard.unmet() == {SOMEBODY}


def test_samples_of_a_writer_are_counted_once_however_often_it_is_announced():
    heard = hear(participant(), writer(0, 1), writer(0, 2), writer(0, 3), presence(3, 0, 4))
    assert heard.unmet() == {SOMEBODY}
    assert [giver.samples for giver in heard.givers.values()] == [3]


@pytest.mark.parametrize(
    ("seen", "met"),
    [
        ([participant(words=b"another program")], True),
        ([participant(speaks=False)], True),
        ([participant(speaks=True)], False),
        ([participant(speaks=False), reader(0)], False),
        ([participant(speaks=False), writer(0, 1)], False),
        (
            [participant(speaks=False), reader(0), gone(participant()), participant(speaks=False)],
            True,
        ),
    ],
    ids=[
        "a stranger",
        "nothing to say",
        "will speak",
        "has a reader",
        "has a writer",
        "came again",
    ],
)
def test_who_has_said_nothing_yet_is_waited_for_only_if_there_is_something_to_hear(seen, met):
    assert (hear(*seen).unmet() == set()) == met


def test_nothing_is_kept_of_somebody_who_has_gone():
    heard = hear(*ALL, *map(gone, ALL))
    again = hear()
    assert vars(heard) == vars(again)
