# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of the stand-ins share."""

from __future__ import annotations

import os
import secrets

import dds
import pytest
from dds.codec import Codec
from ddsutil.topicclass import TopicClass
from standins_kit import EVERY_TYPE, Pair


@pytest.fixture(scope="session", autouse=True)
def domain() -> None:
    """A domain of its own for the test run, where nobody else talks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSST_DDS_DOMAIN_ID", str(dds.free_domain()))
        yield


@pytest.fixture(autouse=True)
def partition(monkeypatch: pytest.MonkeyPatch) -> str:
    """A partition of its own for each test, as nobody else's."""
    name = f"standins{os.getpid()}{secrets.token_hex(3)}"
    monkeypatch.setenv("LSST_DDS_PARTITION_PREFIX", name)
    return name


@pytest.fixture
def everything() -> TopicClass:
    """A topic with a field of every type."""
    return TopicClass(EVERY_TYPE)


@pytest.fixture
def codec() -> Codec:
    """The codec of a topic with a field of every type."""
    return Codec(EVERY_TYPE)


@pytest.fixture
def pair(everything: TopicClass, partition: str):
    """A writer and a reader that keep nothing for those who come late."""
    made = Pair(everything, partition, dds.DDSDurabilityKind.VOLATILE)
    yield made
    made.participant.close()


@pytest.fixture
def keeping_pair(everything: TopicClass, partition: str):
    """A writer and a reader that keep the last samples for those who come late."""
    made = Pair(everything, partition, dds.DDSDurabilityKind.TRANSIENT)
    yield made
    made.participant.close()
