# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenSplice API on Cyclone, in one process."""

from __future__ import annotations

import ctypes
import gc
import pathlib
import struct
import threading
import time

import dds
import pytest
from cyclonedds._clayer import ddspy_take_endpoint
from dds._cyclone import call, lib
from dds.discovery import _PUBLICATION_TOPIC, _endpoint, _user_data

MASK = [dds.DDSStateKind.NOT_READ_SAMPLE_STATE, dds.DDSStateKind.ANY_INSTANCE_STATE]
SOON = dds.DDSDuration(sec=5)
NOW = dds.DDSDuration(sec=0.05)


def wait_and_take(reader: dds.DataReader, condition: dds.ReadCondition, n: int = 100) -> list:
    """Return the samples that a condition gives out."""
    waitset = dds.WaitSet()
    waitset.attach(condition)
    assert condition in waitset.wait(SOON)
    return [data for data, info in reader.take_cond(condition, n) if info.valid_data]


def test_a_sample_is_read_as_it_was_written(pair):
    condition = pair.reader.create_readcondition(MASK)
    pair.writer.write(pair.sample(TestID=3, text="grüß", doubles=[1.0, 2.5, -3.0], last=255))
    before = time.time_ns()
    (data,) = wait_and_take(pair.reader, condition)
    assert (
        data.get_vars()
        == pair.sample(TestID=3, text="grüß", doubles=[1.0, 2.5, -3.0], last=255).get_vars()
    )
    assert isinstance(data, pair.kind.topic_data_class)
    assert before < time.time_ns()


def test_the_reception_time_follows_the_time_of_writing(pair):
    condition = pair.reader.create_readcondition(MASK)
    pair.writer.write(pair.sample())
    waitset = dds.WaitSet()
    waitset.attach(condition)
    waitset.wait(SOON)
    ((_, info),) = pair.reader.take_cond(condition, 1)
    assert info.valid_data
    assert 0 <= info.reception_timestamp - info.source_timestamp < 5e9
    assert abs(info.reception_timestamp * 1e-9 - time.time()) < 5


def test_take_gives_the_oldest_samples_first_and_no_more_than_asked_for(pair):
    condition = pair.reader.create_readcondition(MASK)
    for number in range(10):
        pair.writer.write(pair.sample(long0=number))
    assert [data.long0 for data in wait_and_take(pair.reader, condition, 4)] == [0, 1, 2, 3]
    assert condition.triggered()
    assert [data.long0 for data in wait_and_take(pair.reader, condition)] == [4, 5, 6, 7, 8, 9]
    assert not condition.triggered()


def test_a_query_gives_out_only_what_it_asks_for(pair):
    condition = dds.QueryCondition(pair.reader, MASK, "TestID = 2 AND private_revCode = 'a''b'")
    for index in (1, 2, 3):
        for text in ("a'b", "other"):
            pair.writer.write(pair.sample(TestID=index, private_revCode=text))
    deadline = time.monotonic() + 5
    found = []
    while not found and time.monotonic() < deadline:
        found = wait_and_take(pair.reader, condition)
    assert [(data.TestID, data.private_revCode) for data in found] == [(2, "a'b")]


@pytest.mark.parametrize(
    "expression",
    ["", "TestID", "TestID = ", "TestID = 1 OR TestID = 2", "TestID = 1 AND", "TestID = x"],
)
def test_a_query_that_cannot_be_understood_is_refused(pair, expression):
    with pytest.raises(dds.DDSException, match=r"query|AND"):
        dds.QueryCondition(pair.reader, MASK, expression)


def test_a_query_for_a_field_that_is_not_there_is_refused(pair):
    with pytest.raises(dds.DDSException, match="no_such_field"):
        dds.QueryCondition(pair.reader, MASK, "no_such_field = 1")


@pytest.mark.parametrize(
    ("expression", "accepted"),
    [("a > 1", True), ("a >= 2", True), ("a < 2", False), ("a <= 2.0", True), ("a <> 2", False),
     ("a != 3", True), ("b = 'it''s'", True), ("a = +2 and b = 'it''s'", True)],
)  # fmt: skip
def test_every_comparison_of_a_query_works(expression, accepted):
    assert dds.Query(expression).accepts({"a": 2, "b": "it's"}) is accepted


def test_another_partition_is_not_heard(pair, partition):
    elsewhere = pair.make_reader(partition + ".other")
    condition = elsewhere.create_readcondition(MASK)
    here = pair.reader.create_readcondition(MASK)
    pair.writer.write(pair.sample())
    assert len(wait_and_take(pair.reader, here)) == 1
    assert not condition.triggered()


def test_a_reader_that_comes_late_gets_the_last_samples(keeping_pair, partition):
    for number in range(5):
        keeping_pair.writer.write(keeping_pair.sample(TestID=1, long0=number))
    late = keeping_pair.make_reader(partition)
    condition = late.create_readcondition(MASK)
    assert late.wait_for_historical_data(SOON)
    assert condition.triggered()
    assert [data.long0 for data, _ in late.take_cond(condition, 100)] == [0, 1, 2, 3, 4]
    assert not condition.triggered()


def test_samples_fetched_while_waiting_for_history_end_a_wait(keeping_pair, partition):
    keeping_pair.writer.write(keeping_pair.sample())
    late = keeping_pair.make_reader(partition)
    condition = late.create_readcondition(MASK)
    assert late.wait_for_historical_data(SOON)
    waitset = dds.WaitSet()
    waitset.attach(condition)
    assert waitset.wait(SOON) == [condition]


def test_a_reader_without_durability_gets_no_history(pair, partition):
    pair.writer.write(pair.sample())
    late = pair.make_reader(partition)
    condition = late.create_readcondition(MASK)
    assert late.wait_for_historical_data(SOON)
    assert not condition.triggered()


def test_waiting_ends_after_its_time(pair):
    waitset = dds.WaitSet()
    waitset.attach(pair.reader.create_readcondition(MASK))
    begin = time.monotonic()
    assert waitset.wait(NOW) == []
    assert time.monotonic() - begin >= 0.045


def test_a_guard_condition_stays_triggered_until_it_is_reset():
    guard, waitset = dds.GuardCondition(), dds.WaitSet()
    waitset.attach(guard)
    assert waitset.wait(NOW) == []
    guard.trigger()
    assert guard.triggered()
    assert waitset.wait(NOW) == [guard]
    assert waitset.wait(NOW) == [guard]
    guard.reset()
    assert waitset.wait(NOW) == []
    waitset.detach(guard)
    guard.trigger()
    assert waitset.wait(NOW) == []


def in_a_thread(waitset: dds.WaitSet) -> tuple[threading.Thread, list]:
    """Wait in another thread; return the thread and the list that the result goes into."""
    results: list = []
    thread = threading.Thread(
        target=lambda: results.append(waitset.wait(dds.DDSDuration(sec=60))), daemon=True
    )
    thread.start()
    time.sleep(0.05)
    return thread, results


def test_closing_a_reader_wakes_the_thread_that_waits_for_it(pair):
    waitset = dds.WaitSet()
    waitset.attach(pair.reader.create_readcondition(MASK))
    thread, results = in_a_thread(waitset)
    pair.reader.close()
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert results == [[]]


def test_closing_the_participant_wakes_the_thread_that_waits(pair):
    waitset = dds.WaitSet()
    waitset.attach(pair.reader.create_readcondition(MASK))
    thread, results = in_a_thread(waitset)
    pair.participant.close()
    thread.join(timeout=5)
    assert not thread.is_alive()
    assert results == [[]]


def test_a_guard_condition_wakes_the_thread_that_waits():
    guard, waitset = dds.GuardCondition(), dds.WaitSet()
    waitset.attach(guard)
    thread, results = in_a_thread(waitset)
    guard.trigger()
    thread.join(timeout=5)
    assert results == [[guard]]


def test_a_waitset_can_be_used_again_after_something_in_it_was_closed(pair, partition):
    other = pair.make_reader(partition)
    waitset = dds.WaitSet()
    waitset.attach(pair.reader.create_readcondition(MASK))
    kept = other.create_readcondition(MASK)
    waitset.attach(kept)
    pair.reader.close()
    pair.writer.write(pair.sample())
    deadline = time.monotonic() + 5
    conditions: list = []
    while not conditions and time.monotonic() < deadline:
        conditions = waitset.wait(SOON)
    assert conditions == [kept]


def test_what_is_closed_gives_nothing_takes_nothing_and_may_be_closed_again(pair):
    condition = pair.reader.create_readcondition(MASK)
    pair.reader.close()
    pair.reader.close()
    assert pair.reader.take_cond(condition, 1) == []
    assert not condition.triggered()
    pair.writer.close()
    pair.writer.close()
    with pytest.raises(dds.DDSException, match="closed"):
        pair.writer.write(pair.sample())
    pair.participant.close()
    pair.participant.close()
    with pytest.raises(dds.DDSException, match="closed"):
        pair.participant.create_publisher()


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"long0": "x"}, struct.error),
        ({"doubles": 1.0}, TypeError),
        ({"doubles": [1.0]}, IndexError),
        ({"text": 1}, TypeError),
    ],
)
def test_a_wrong_value_is_refused_and_nothing_is_written(pair, fields, error):
    condition = pair.reader.create_readcondition(MASK)
    with pytest.raises(error):
        pair.writer.write(pair.sample(**fields))
    pair.writer.write(pair.sample(long0=1))
    assert [data.long0 for data in wait_and_take(pair.reader, condition)] == [1]


def test_something_that_is_no_sample_of_the_topic_is_refused(pair):
    with pytest.raises(TypeError, match="not a sample"):
        pair.writer.write({"long0": 1})


def test_one_topic_name_cannot_have_two_types(pair, everything):
    from ddsutil.topicclass import TopicClass

    other = TopicClass(everything.structure)
    with pytest.raises(dds.DDSException, match="another type"):
        other.register_topic(pair.participant, "Test_everything_1", pair.qos)


def test_participants_of_a_process_share_one(pair):
    other = dds.DomainParticipant()
    assert other.shared is pair.participant.shared
    other.close()
    assert pair.participant.shared.handle
    pair.writer.write(pair.sample())


def open_and_close(everything, partition) -> None:
    from standins_kit import Pair

    made = Pair(everything, partition, dds.DDSDurabilityKind.TRANSIENT)
    condition = made.reader.create_readcondition(MASK)
    made.writer.write(made.sample())
    waitset = dds.WaitSet()
    waitset.attach(condition)
    waitset.attach(dds.GuardCondition())
    assert waitset.wait(SOON)
    made.reader.wait_for_historical_data(SOON)
    made.participant.close()


def test_opening_and_closing_twenty_times_leaves_nothing_behind(everything, partition):
    open_and_close(everything, partition)
    gc.collect()

    proc = pathlib.Path("/proc/self")

    def count() -> tuple[int, int]:
        return len(list(proc.joinpath("fd").iterdir())), len(list(proc.joinpath("task").iterdir()))

    before = count()
    for _ in range(20):
        open_and_close(everything, partition)
    gc.collect()
    assert count() == before


def writers_announced(participant: dds.DomainParticipant) -> int:
    """Return how many writers of this process Cyclone announces."""
    handle = participant.shared.handle
    own = (ctypes.c_uint8 * 16)()
    call("dds_get_guid", handle, own)
    reader = call("dds_create_reader", handle, _PUBLICATION_TOPIC, None, None)
    seen = ddspy_take_endpoint(reader, 10_000, _endpoint, _user_data)
    lib.dds_delete(reader)
    return sum(one.alive and one.participant == bytes(own) for one in seen)


def test_a_writer_that_is_closed_is_no_longer_announced(pair, partition):
    before = writers_announced(pair.participant)
    assert before >= 1
    made = [(pair.make_writer(partition), pair.make_reader(partition)) for _ in range(20)]
    assert writers_announced(pair.participant) == before + 20
    for writer, reader in made:
        writer.close()
        reader.close()
    assert writers_announced(pair.participant) == before


def test_a_publisher_that_is_dropped_with_its_writers_ends(pair, partition):
    pair.writer.write(pair.sample())
    before = writers_announced(pair.participant)
    writer = pair.make_writer(partition)
    gc.collect()
    writer.write(pair.sample())
    assert writers_announced(pair.participant) == before + 1
    del writer
    gc.collect()
    assert writers_announced(pair.participant) == before
