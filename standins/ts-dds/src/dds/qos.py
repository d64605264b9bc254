# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quality of service: the policies that SAL uses, and how Cyclone is told of them."""

from __future__ import annotations

__all__ = [
    "DurabilityPolicy",
    "DurabilityServicePolicy",
    "HistoryPolicy",
    "OwnershipPolicy",
    "PartitionQosPolicy",
    "Qos",
    "ReliabilityPolicy",
    "c_qos",
]

import contextlib
import copy
import ctypes
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ._cyclone import lib
from .kinds import DDSDurabilityKind, DDSHistoryKind, DDSOwnershipKind, DDSReliabilityKind

LENGTH_UNLIMITED = -1


@dataclass(slots=True)
class DurabilityPolicy:
    """How long samples live."""

    kind: DDSDurabilityKind = DDSDurabilityKind.VOLATILE
    """Kind of durability."""


@dataclass(slots=True)
class HistoryPolicy:
    """Which samples are kept."""

    kind: DDSHistoryKind = DDSHistoryKind.KEEP_LAST
    """All, or the last ones of each instance?"""
    depth: int = 1
    """How many samples of each instance."""


@dataclass(slots=True)
class DurabilityServicePolicy:
    """What a writer keeps for readers that come late."""

    service_cleanup_delay: float = 0.0
    """How long an instance without writers is kept (s)."""
    history_kind: DDSHistoryKind = DDSHistoryKind.KEEP_LAST
    """All, or the last ones of each instance?"""
    history_depth: int = 1
    """How many samples of each instance."""
    max_samples: int = LENGTH_UNLIMITED
    """Limit on samples."""
    max_instances: int = LENGTH_UNLIMITED
    """Limit on instances."""
    max_samples_per_instance: int = LENGTH_UNLIMITED
    """Limit on samples of one instance."""


@dataclass(slots=True)
class ReliabilityPolicy:
    """Whether lost samples are sent again."""

    kind: DDSReliabilityKind = DDSReliabilityKind.BEST_EFFORT
    """Kind of reliability."""
    max_blocking_time: float = 0.1
    """How long a write may wait for room (s)."""


@dataclass(slots=True)
class OwnershipPolicy:
    """Whether several writers may update one instance."""

    kind: DDSOwnershipKind = DDSOwnershipKind.SHARED
    """Kind of ownership."""


@dataclass(slots=True)
class PartitionQosPolicy:
    """The partitions of a publisher or a subscriber.

    A subscriber hears only publishers that share a partition with it.
    """

    names: Sequence[str] = ()
    """Names of partitions."""

    def __post_init__(self) -> None:
        if isinstance(self.names, str):
            self.names = [self.names]
        self.names = list(self.names)


Policy = (
    DurabilityPolicy
    | HistoryPolicy
    | DurabilityServicePolicy
    | ReliabilityPolicy
    | OwnershipPolicy
    | PartitionQosPolicy
)
_SLOT = {
    DurabilityPolicy: "durability",
    HistoryPolicy: "history",
    DurabilityServicePolicy: "durability_service",
    ReliabilityPolicy: "reliability",
    OwnershipPolicy: "ownership",
    PartitionQosPolicy: "partition",
}


@dataclass(slots=True)
class Qos:
    """All policies of one entity; those that do not apply to it are ignored."""

    durability: DurabilityPolicy = field(default_factory=DurabilityPolicy)
    """How long samples live."""
    history: HistoryPolicy = field(default_factory=HistoryPolicy)
    """Which samples are kept."""
    durability_service: DurabilityServicePolicy = field(default_factory=DurabilityServicePolicy)
    """What is kept for readers that come late."""
    reliability: ReliabilityPolicy = field(default_factory=ReliabilityPolicy)
    """Whether lost samples are sent again."""
    ownership: OwnershipPolicy = field(default_factory=OwnershipPolicy)
    """Whether writers share instances."""
    partition: PartitionQosPolicy = field(default_factory=PartitionQosPolicy)
    """Partitions; only for publishers and subscribers."""
    autodispose: bool = True
    """Does a writer that closes dispose its instances?"""

    def set_policies(self, policies: Iterable[Policy]) -> None:
        """Replace policies.

        Parameters
        ----------
        policies : iterable of policies
            New policies; each replaces the one of its own type.

        Raises
        ------
        TypeError
            If something else than a policy is given.
        """
        for policy in policies:
            slot = _SLOT.get(type(policy))
            if slot is None:
                raise TypeError(f"{policy!r} is not a quality of service policy")
            setattr(self, slot, policy)

    def copy(self) -> Qos:
        """Return a copy that shares nothing with this one."""
        return copy.deepcopy(self)


def _cyclone_durability(kind: DDSDurabilityKind) -> int:
    # Cyclone has no durability service that outlives a writer; a writer that is alive and
    # keeps its own samples is what SAL's late joiners need.
    if kind == DDSDurabilityKind.VOLATILE:
        return int(DDSDurabilityKind.VOLATILE)
    return int(DDSDurabilityKind.TRANSIENT_LOCAL)


@contextlib.contextmanager
def c_qos(qos: Qos | None, *, user_data: bytes | None = None) -> Iterator[int | None]:
    """Give a Qos in Cyclone's own form for the time of a block.

    Parameters
    ----------
    qos : `Qos` | `None`
        Policies; Cyclone's defaults for `None`.
    user_data : `bytes`, optional
        Words for the other side's discovery.
    """
    pointer = lib.dds_create_qos()
    try:
        if qos is not None:
            _fill(pointer, qos)
        if user_data is not None:
            lib.dds_qset_userdata(pointer, user_data, len(user_data))
        yield pointer
    finally:
        lib.dds_delete_qos(pointer)


def _fill(pointer: int, qos: Qos) -> None:
    service = qos.durability_service
    lib.dds_qset_durability(pointer, _cyclone_durability(qos.durability.kind))
    lib.dds_qset_history(pointer, int(qos.history.kind), qos.history.depth)
    lib.dds_qset_reliability(
        pointer, int(qos.reliability.kind), int(qos.reliability.max_blocking_time * 1e9)
    )
    lib.dds_qset_durability_service(
        pointer,
        int(service.service_cleanup_delay * 1e9),
        int(service.history_kind),
        service.history_depth,
        service.max_samples,
        service.max_instances,
        service.max_samples_per_instance,
    )
    lib.dds_qset_ownership(pointer, int(qos.ownership.kind))
    lib.dds_qset_writer_data_lifecycle(pointer, qos.autodispose)
    if qos.partition.names:
        names = [name.encode() for name in qos.partition.names]
        lib.dds_qset_partition(pointer, len(names), (ctypes.c_char_p * len(names))(*names))
