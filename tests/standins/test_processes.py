# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The OpenSplice API on Cyclone, and salobj on it, between processes."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import pathlib
import random
import socket
import subprocess
import sys

import dds
import pytest
from dds import discovery
from dds.loopback import _own_sockets, discovery_ports
from peer import peer

from lsst.ts import salobj

pytestmark = pytest.mark.system

MASK = [dds.DDSStateKind.NOT_READ_SAMPLE_STATE, dds.DDSStateKind.ANY_INSTANCE_STATE]
LONG = 60.0


@pytest.mark.parametrize(("written", "expected"), [(1, 1), (40, 40), (130, 100)])
def test_a_process_that_comes_late_gets_the_last_samples_of_another(
    keeping_pair, partition, written, expected
):
    with peer("writer", partition, written):
        late = keeping_pair.make_reader(partition)
        condition = late.create_readcondition(MASK)
        assert late.wait_for_historical_data(dds.DDSDuration(sec=LONG))
        numbers = [data.long0 for data, _ in late.take_cond(condition, 1000)]
    assert numbers == list(range(written - expected, written))


def test_a_new_process_is_met_before_waiting_for_history_ends(everything, partition):
    """The reader's participant is made after the writer has written."""
    from standins_kit import Pair

    with peer("writer", partition, 3):
        for _ in range(5):
            made = Pair(everything, partition, dds.DDSDurabilityKind.TRANSIENT)
            condition = made.reader.create_readcondition(MASK)
            assert made.reader.wait_for_historical_data(dds.DDSDuration(sec=LONG))
            numbers = [data.long0 for data, _ in made.reader.take_cond(condition, 1000)]
            made.participant.close()
            assert numbers == [0, 1, 2]


def test_a_writer_that_has_written_nothing_is_not_waited_for(keeping_pair, partition):
    with peer("writer", partition, 0):
        late = keeping_pair.make_reader(partition)
        condition = late.create_readcondition(MASK)
        assert late.wait_for_historical_data(dds.DDSDuration(sec=LONG))
        assert late.take_cond(condition, 1000) == []


def test_history_that_does_not_come_is_not_said_to_have_come(keeping_pair, partition):
    """A writer that was killed has announced something and will never give it."""
    with peer("writer", partition, 3) as process:
        first = keeping_pair.make_reader(partition)
        assert first.wait_for_historical_data(dds.DDSDuration(sec=LONG))
        process.kill()
        process.wait()
        late = keeping_pair.make_reader(partition)
        assert not late.wait_for_historical_data(dds.DDSDuration(sec=0.5))


# As many as an observatory has; what goes wrong among all goes wrong among a few, seldomer.
@pytest.mark.parametrize("people", [8, pytest.param(25, marks=pytest.mark.slow)])
def test_all_processes_meet_each_other(partition, people):
    with contextlib.ExitStack() as stack, concurrent.futures.ThreadPoolExecutor(people) as pool:
        meetings = [peer("meeting", partition, name, people) for name in range(1, people + 1)]
        for entered in [pool.submit(stack.enter_context, one) for one in meetings]:
            entered.result(timeout=120)


def test_the_sockets_are_tied_to_the_loopback_device(pair):
    bound = []
    for port, duplicate in _own_sockets():
        with duplicate:
            if 7400 <= port < 7400 + 250 * 230:
                device = duplicate.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16)
                bound.append((device.rstrip(b"\0"), duplicate.getsockname()[0]))
    assert bound
    assert all(device == b"lo" or address == "127.0.0.1" for device, address in bound)


def test_no_multicast_group_is_joined_on_any_device(everything, partition):
    from standins_kit import Pair

    def groups() -> str:
        lines = pathlib.Path("/proc/net/igmp").read_text().splitlines()[1:]
        return "\n".join(line.rsplit(None, 1)[0] if line[0].isspace() else line for line in lines)

    before = {line.split()[0] for line in groups().splitlines() if line[0].isspace()}
    made = Pair(everything, partition, dds.DDSDurabilityKind.VOLATILE)
    after = {line.split()[0] for line in groups().splitlines() if line[0].isspace()}
    made.participant.close()
    assert after <= before


def test_a_configuration_that_the_person_has_given_is_left_alone(monkeypatch):
    from dds.config import configuration

    assert "127.0.0.1" in configuration()
    monkeypatch.setenv("CYCLONEDDS_URI", "file:///mine.xml")
    assert configuration() is None
    assert os.environ["CYCLONEDDS_URI"] == "file:///mine.xml"


@pytest.mark.parametrize("text", ["-1", "230", "x", ""])
def test_a_domain_that_is_none_is_refused(monkeypatch, text):
    from dds.config import domain_id

    monkeypatch.setenv("LSST_DDS_DOMAIN_ID", text)
    with pytest.raises(dds.DDSException, match="LSST_DDS_DOMAIN_ID"):
        domain_id()


def test_types_that_others_announce_are_not_looked_at(keeping_pair, partition, monkeypatch):
    """An unknown one that comes while a topic is made has Cyclone refuse the topic."""
    announced: list[tuple[str, bytes | None]] = []

    def note(*args):
        topic, *_, type_id = args[3:]
        announced.append((topic, type_id))
        return endpoint(*args)

    endpoint = discovery._endpoint
    monkeypatch.setattr(discovery, "_endpoint", note)
    keeping_pair.participant.shared.discovery.writers_with_history()
    own, announced = announced.copy(), []
    with peer("writer", partition, 3):
        late = keeping_pair.make_reader(partition)
        assert late.wait_for_historical_data(dds.DDSDuration(sec=LONG))
    assert ("ts_dds_inventory", None) in announced
    assert any(type_id is not None for topic, type_id in own if topic.startswith("Test"))


def test_a_domain_is_given_to_one_process_only(monkeypatch):
    ask = [
        sys.executable,
        "-c",
        "import dds, sys; print(dds.free_domain(), flush=True); sys.stdin.read()",
    ]
    with contextlib.ExitStack() as stack:
        others = [
            stack.enter_context(
                subprocess.Popen(ask, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            )
            for _ in range(2)
        ]
        taken = [int(other.stdout.readline()) for other in others]
        free = next(
            number
            for number in range(1, 101)
            if not discovery_ports(number) and number not in taken
        )
        # Those two are asked for first.
        monkeypatch.setattr(
            random,
            "shuffle",
            lambda domains: domains.sort(key=[*taken, free].__contains__, reverse=True),
        )
        assert dds.free_domain() not in taken
        assert len(set(taken)) == 2


@contextlib.asynccontextmanager
async def peers(*roles):
    """Run roles in other processes, without blocking the loop until they are ready."""
    with contextlib.ExitStack() as stack:
        running = [peer(*role) for role in roles]
        await asyncio.gather(*(asyncio.to_thread(stack.enter_context, one) for one in running))
        yield
        await asyncio.to_thread(stack.close)


async def test_salobj_commands_a_component_in_another_process():
    async with (
        peers(("csc", 1)),
        salobj.Domain() as domain,
        salobj.Remote(domain, "Test", 1) as remote,
    ):
        state = await remote.evt_summaryState.aget(timeout=LONG)
        assert state.summaryState == salobj.State.ENABLED
        await remote.cmd_setScalars.set_start(int0=5, string0="five", timeout=LONG)
        data = await remote.evt_scalars.next(flush=False, timeout=LONG)
        assert (data.int0, data.string0, data.TestID) == (5, "five", 1)
        with salobj.assertRaisesAckError(ack=salobj.SalRetCode.CMD_FAILED):
            await remote.cmd_enable.start(timeout=LONG)
        await remote.cmd_fault.start(timeout=LONG)
        state = await remote.evt_summaryState.next(flush=False, timeout=LONG)
        while state.summaryState != salobj.State.FAULT:
            state = await remote.evt_summaryState.next(flush=False, timeout=LONG)


async def test_a_remote_hears_only_its_index_and_index_zero_hears_all():
    async with (
        peers(("csc", 1), ("csc", 2)),
        salobj.Domain() as domain,
        salobj.Remote(domain, "Test", 1) as one,
        salobj.Remote(domain, "Test", 2) as two,
        salobj.Remote(domain, "Test", 0) as both,
    ):
        await one.cmd_setScalars.set_start(int0=1, timeout=LONG)
        await two.cmd_setScalars.set_start(int0=2, timeout=LONG)
        assert (await one.evt_scalars.next(flush=False, timeout=LONG)).int0 == 1
        assert (await two.evt_scalars.next(flush=False, timeout=LONG)).int0 == 2
        heard = [await both.evt_scalars.next(flush=False, timeout=LONG) for _ in range(2)]
        assert sorted(data.TestID for data in heard) == [1, 2]
        assert one.evt_scalars.get_oldest() is None
        assert two.evt_scalars.get_oldest() is None


async def test_acknowledgements_of_another_remote_are_not_heard():
    async with salobj.Controller("Test", 5, do_callbacks=False) as controller:
        controller.salinfo.identity = "somebody"
        remote = salobj.Remote(controller.domain, "Test", 5)
        other = salobj.Remote(controller.domain, "Test", 5)
        other.salinfo.identity = "else"
        await remote.start_task
        await other.start_task
        reader = remote.salinfo._ackcmd_reader
        assert "identity = '" in reader._read_condition.query.expression
        heard, arrived = [], asyncio.Event()

        async def listen(ack) -> None:
            heard.append(ack.result)
            arrived.set()

        reader.callback = listen
        writer = salobj.topics.AckCmdWriter(salinfo=controller.salinfo)
        for identity in ("a stranger", remote.salinfo.identity):
            ack = controller.salinfo.make_ackcmd(
                private_seqNum=1, ack=salobj.SalRetCode.CMD_INPROGRESS, result=identity
            )
            ack.identity, ack.origin = identity, os.getpid()
            writer.put(ack)
        await asyncio.wait_for(arrived.wait(), LONG)
        assert heard == [remote.salinfo.identity]
