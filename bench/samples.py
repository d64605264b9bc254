# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the processes of an observatory hold, and whether it grows."""

from __future__ import annotations

import itertools
import statistics
import time
from dataclasses import dataclass
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
    from collections.abc import Mapping, Sequence

MEGABYTE = 1e6
LIMITS = {"memory": 0.1, "threads": 0.02, "files": 0.02, "endpoints": 0.02, "objects": 20.0}
"""By how much a procedure may let each figure grow, in its unit."""
UNITS = {"memory": "MB", "threads": "", "files": "", "endpoints": "", "objects": ""}
FEWEST = 8
"""How many samples it takes to tell growth from the first few, in which caches fill."""
_BATCH = 10_000
_PORT = b"ts-dds port "
_SETTLED = 1.0
_DEADLINE = 30.0


@dataclass(frozen=True, slots=True)
class Growth:
    """How one figure of one process went."""

    first: float
    """After the first procedure."""
    tenth: float
    """After the tenth, or the last if there are fewer."""
    last: float
    """After the last procedure."""
    slope: float
    """Median growth a procedure over the later half."""
    limit: float
    """What it may be."""
    enough: bool
    """Are there samples enough to tell?"""

    @property
    def verdict(self) -> str:
        """What to say of it (`str`)."""
        if not self.enough:
            return "too few to tell"
        return "grows" if self.slope > self.limit else "steady"


def slope(values: Sequence[float]) -> float:
    """Return the median of the slopes between all pairs (Theil and Sen).

    One sample that stands out, such as a job that has just ended, does not move it.
    """
    pairs = itertools.combinations(enumerate(values), 2)
    return statistics.median((b - a) / (j - i) for (i, a), (j, b) in pairs)


def judge(figure: str, values: Sequence[float]) -> Growth:
    """Judge how a figure went from procedure to procedure.

    Parameters
    ----------
    figure : `str`
        Its name in `LIMITS`.
    values : `~collections.abc.Sequence` [`float`]
        One value a procedure.
    """
    later = values[len(values) // 2 :]
    enough = len(values) >= FEWEST
    return Growth(
        first=values[0],
        tenth=values[min(9, len(values) - 1)],
        last=values[-1],
        slope=slope(later) if len(later) > 1 else 0.0,
        limit=LIMITS[figure],
        enough=enough,
    )


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
