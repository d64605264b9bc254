# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the processes of an observatory hold."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import time
from typing import TYPE_CHECKING

import dds
import psutil
from cyclonedds.builtin import (
    BuiltinDataReader,
    BuiltinTopicDcpsParticipant,
    BuiltinTopicDcpsPublication,
    BuiltinTopicDcpsSubscription,
)
from cyclonedds.core import InstanceState, ReadCondition, SampleState, ViewState
from cyclonedds.domain import DomainParticipant
from cyclonedds.qos import Policy
from dds.config import domain_id

if TYPE_CHECKING:
    from collections.abc import Mapping

MEGABYTE = 1e6
_BATCH = 10_000
_PORT = b"ts-dds port "
_SETTLED = 1.0
_DEADLINE = 30.0


def sample(process: psutil.Process) -> dict[str, float]:
    """Return what the kernel says of a process."""
    with process.oneshot():
        return {
            "memory": process.memory_info().rss / MEGABYTE,
            "threads": float(process.num_threads()),
            "files": float(process.num_fds()),
        }


def count_endpoints(processes: Mapping[str, psutil.Process]) -> dict[str, float]:
    """Count the DDS readers and writers of processes, as discovery tells of them.

    A process of its own looks, so that what this costs is not taken for growth of this one.

    Parameters
    ----------
    processes : `~collections.abc.Mapping` [`str`, `psutil.Process`]
        Processes that take part, by name.

    Returns
    -------
    counts : `dict` [`str`, `float`]
        By name.

    Raises
    ------
    RuntimeError
        If they cannot all be found.
    """
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        pids = {name: process.pid for name, process in processes.items()}
        return pool.submit(_count_endpoints, pids).result()


def _count_endpoints(pids: dict[str, int]) -> dict[str, float]:
    processes = {name: psutil.Process(pid) for name, pid in pids.items()}
    # It makes the domain, with the configuration of the stand-in: loopback only.
    domain = dds.DomainParticipant()
    observer = DomainParticipant(domain_id())
    try:
        return _settled_counts(observer, processes)
    finally:
        del observer
        domain.close()


def _settled_counts(
    observer: DomainParticipant, processes: Mapping[str, psutil.Process]
) -> dict[str, float]:
    readers = [
        BuiltinDataReader(observer, topic)
        for topic in (
            BuiltinTopicDcpsParticipant,
            BuiltinTopicDcpsPublication,
            BuiltinTopicDcpsSubscription,
        )
    ]
    any_alive = ViewState.Any | SampleState.Any | InstanceState.Alive
    conditions = [ReadCondition(reader, any_alive) for reader in readers]
    deadline = time.monotonic() + _DEADLINE
    counts: dict[str, float] = {}
    since = time.monotonic()
    while time.monotonic() < deadline:
        people, *endpoints = (
            reader.read(_BATCH, condition)
            for reader, condition in zip(readers, conditions, strict=True)
        )
        ports = {person.key: _port(person) for person in people}
        owners = [ports.get(item.participant_key, 0) for kind in endpoints for item in kind]
        new = {
            name: float(sum(owner in _udp_ports(process) for owner in owners))
            for name, process in processes.items()
        }
        if new != counts:
            counts, since = new, time.monotonic()
        elif all(counts.values()) and time.monotonic() > since + _SETTLED:
            return counts
        time.sleep(0.1)
    raise RuntimeError(f"DDS discovery did not settle within {_DEADLINE:g} s: {counts}")


def _port(participant: object) -> int:
    """Return the port that a participant says that it listens at; 0 for a stranger."""
    for policy in participant.qos:  # type: ignore[attr-defined]
        if isinstance(policy, Policy.Userdata) and policy.data.startswith(_PORT):
            return int(policy.data[len(_PORT) :].split()[0])
    return 0


def _udp_ports(process: psutil.Process) -> set[int]:
    return {item.laddr.port for item in process.net_connections("udp4") if item.laddr}
