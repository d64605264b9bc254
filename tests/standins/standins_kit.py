# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""A topic with everything, and a writer and a reader of it.

Not in `conftest`, which is the name of more than one module when all tests run together.
"""

from __future__ import annotations

import dds
from dds.structure import Field, Structure
from ddsutil.topicclass import TopicClass

EVERY_TYPE = Structure(
    "Test::everything",
    (
        Field("TestID", "long"),
        Field("private_revCode", "string", string_length=8),
        Field("private_sndStamp", "double"),
        Field("flag", "boolean"),
        Field("byte0", "octet"),
        Field("short0", "short"),
        Field("long0", "long"),
        Field("longlong0", "long long"),
        Field("ushort0", "unsigned short"),
        Field("ulong0", "unsigned long"),
        Field("float0", "float"),
        Field("text", "string"),
        Field("bytes0", "octet", 5),
        Field("doubles", "double", 3),
        Field("flags", "boolean", 2),
        Field("long_text", "string", string_length=300),
        Field("many", "float", 400),
        Field("last", "octet"),
    ),
    ("TestID",),
)


class Pair:
    """A writer and a reader of one topic in one partition."""

    def __init__(self, kind: TopicClass, partition: str, durability: dds.DDSDurabilityKind) -> None:
        self.kind = kind
        self.participant = dds.DomainParticipant()
        self.qos = dds.Qos(
            durability=dds.DurabilityPolicy(durability),
            reliability=dds.ReliabilityPolicy(dds.DDSReliabilityKind.RELIABLE),
            history=dds.HistoryPolicy(depth=100),
            durability_service=dds.DurabilityServicePolicy(history_depth=100),
            autodispose=False,
        )
        self.topic = kind.register_topic(self.participant, "Test_everything_1", self.qos)
        self.writer = self.make_writer(partition)
        self.reader = self.make_reader(partition)

    def partitioned(self, partition: str) -> dds.Qos:
        qos = dds.Qos()
        qos.set_policies([dds.PartitionQosPolicy([partition])])
        return qos

    def make_writer(self, partition: str) -> dds.DataWriter:
        publisher = self.participant.create_publisher(self.partitioned(partition))
        return publisher.create_datawriter(self.topic, self.qos)

    def make_reader(self, partition: str) -> dds.DataReader:
        subscriber = self.participant.create_subscriber(self.partitioned(partition))
        return subscriber.create_datareader(self.topic, self.qos)

    def sample(self, **fields: object) -> object:
        return self.kind.topic_data_class(**fields)
