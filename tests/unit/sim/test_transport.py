# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A simulated observatory has a place of its own, and reaches no broker that is not here."""

import re
import socket

import pytest

from lsst.ts.dailycal.sim.transport import TransportError, is_local, own_place

FOREIGN = "192.0.2.7"  # an address for documentation, which no machine has
DDS = {"LSST_DDS_DOMAIN_ID": "3"}


def kafka(broker=None, **environment):
    return own_place(broker, environment, kafka=True)


def test_on_dds_it_has_a_partition_that_nobody_else_has():
    one, other = (own_place(environment=DDS, kafka=False, site=False) for _ in range(2))
    assert set(one) == {"LSST_DDS_PARTITION_PREFIX", "LSST_DDS_DOMAIN_ID"}
    assert one["LSST_DDS_PARTITION_PREFIX"] != other["LSST_DDS_PARTITION_PREFIX"]


def test_a_salobj_with_configurations_by_site_gets_a_site_that_is_no_observatory():
    variables = own_place(environment={**DDS, "LSST_SITE": "summit"}, kafka=False, site=True)
    assert variables["LSST_SITE"] == "dailycal"


def test_on_kafka_it_leaves_the_names_that_others_use():
    used = {"LSST_TOPIC_SUBNAME": "sal", "LSST_SITE": "summit"}
    one, other = kafka(**used), kafka(**used)
    assert one["LSST_SITE"] == "dailycal"
    assert re.fullmatch(r"dailycal_[0-9a-f]{12}", one["LSST_TOPIC_SUBNAME"])
    assert one["LSST_TOPIC_SUBNAME"] != other["LSST_TOPIC_SUBNAME"]


def test_without_a_word_about_brokers_it_takes_the_one_on_this_machine():
    variables = kafka()
    assert variables["LSST_KAFKA_BROKER_ADDR"] == "localhost:9092"
    assert variables["LSST_SCHEMA_REGISTRY_URL"] == "http://localhost:8081"


@pytest.mark.parametrize(
    "environment",
    [
        {"LSST_KAFKA_BROKER_ADDR": f"{FOREIGN}:9092"},
        {"LSST_KAFKA_BROKER_ADDR": f"localhost:9092,{FOREIGN}:9092"},
        {"LSST_KAFKA_HOST": FOREIGN},
        {"LSST_SCHEMA_REGISTRY_URL": f"https://{FOREIGN}:8081"},
        {"LSST_KAFKA_BROKER_ADDR": "no-such-host.invalid:9092"},
    ],
)
def test_a_broker_that_is_not_on_this_machine_is_refused_by_the_variable_that_names_it(environment):
    variable = next(iter(environment))
    with pytest.raises(TransportError, match=f"{variable} names .*--broker"):
        kafka(**environment)


def test_a_broker_that_is_asked_for_may_be_anywhere():
    variables = kafka(f"{FOREIGN}:9094", LSST_KAFKA_BROKER_ADDR="elsewhere:9092")
    assert variables["LSST_KAFKA_BROKER_ADDR"] == f"{FOREIGN}:9094"
    assert (variables["LSST_KAFKA_HOST"], variables["LSST_KAFKA_BROKER_PORT"]) == (FOREIGN, "9094")


def test_a_port_of_its_own_counts_for_a_host_that_the_environment_names():
    variables = kafka(LSST_KAFKA_HOST="127.0.0.1", LSST_KAFKA_BROKER_PORT="29092")
    assert variables["LSST_KAFKA_BROKER_ADDR"] == "127.0.0.1:29092"


@pytest.mark.parametrize("text", ["localhost", "localhost:", ":9092", "localhost:kafka"])
def test_what_is_no_host_and_port_is_refused(text):
    with pytest.raises(TransportError, match="no HOST:PORT"):
        kafka(text)


def test_dds_has_no_broker():
    with pytest.raises(TransportError, match="Leave --broker out"):
        own_place("localhost:9092", DDS, kafka=False)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1"])
def test_the_loopback_is_this_machine(host):
    assert is_local(host)


def test_an_address_of_this_machine_is_this_machine():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((FOREIGN, 9))  # sends nothing: it only chooses an address
        except OSError:
            pytest.skip("no interface but the loopback")
        address = probe.getsockname()[0]
    assert is_local(address)


@pytest.mark.parametrize("host", [FOREIGN, "no-such-host.invalid"])
def test_others_are_not(host):
    assert not is_local(host)
