# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A place of its own on the transport of the installed salobj: DDS, or a Kafka broker."""

__all__ = ["SITE", "TransportError", "is_local", "own_place"]

import ipaddress
import os
import socket
import urllib.parse
import uuid
from collections.abc import Iterator, Mapping

from ..model import CalibrationError
from .csc.compat import reads_site, transport_is_kafka

SITE = "dailycal"
"""Name of the site: no observatory's, so that no observatory's configurations are taken."""
_BROKER_PORT = "9092"
_REGISTRY = "http://localhost:8081"
_DOMAIN_VARIABLE = "LSST_DDS_DOMAIN_ID"


class TransportError(CalibrationError):
    """A simulated observatory must not, or cannot, use the transport that it was given."""


def own_place(
    broker: str | None = None,
    environment: Mapping[str, str] = os.environ,
    *,
    kafka: bool | None = None,
    site: bool | None = None,
) -> dict[str, str]:
    """Choose a place that nobody else uses. Blocks: names are looked up.

    Parameters
    ----------
    broker : `str`, optional
        Kafka brokers, ``HOST:PORT`` with commas between them, wherever they are; by default
        those of the environment, or the one at the usual port, which must be on this machine.
    environment : `~collections.abc.Mapping`, optional
        Variables that name brokers.
    kafka, site : `bool`, optional
        What the installed salobj needs; by default it is looked at.

    Returns
    -------
    variables : `dict` [`str`, `str`]
        What a program needs in its environment to be in that place.

    Raises
    ------
    TransportError
        If a broker is not on this machine and was not asked for, or if there is none to ask for.
    """
    name = uuid.uuid4().hex[:12]
    kafka = transport_is_kafka() if kafka is None else kafka
    if kafka:
        return {
            # Whatever the environment says: others are in that one. No hyphen in an Avro name.
            "LSST_TOPIC_SUBNAME": f"dailycal_{name}",
            "LSST_SITE": SITE,
            **_brokers(broker, environment),
        }
    if broker is not None:
        raise TransportError(
            "The installed salobj speaks DDS, which has no broker.",
            remedy="Leave --broker out.",
        )
    variables = {"LSST_DDS_PARTITION_PREFIX": f"dailycal-{name}", **_own_dds_domain(environment)}
    if reads_site() if site is None else site:
        variables["LSST_SITE"] = SITE
    return variables


def is_local(host: str) -> bool:
    """Tell whether a host is this machine, by whatever name.

    Parameters
    ----------
    host : `str`
        A name or an address; all addresses of a name count.
    """
    try:
        found = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return all(_is_own_address(family, address) for family, _, _, _, address in found)


def _is_own_address(family: int, address: tuple[object, ...]) -> bool:
    if ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
        return True
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        try:
            probe.bind(address)  # only an address of this machine can be bound to
        except OSError:
            return False
    return True


def _brokers(wanted: str | None, environment: Mapping[str, str]) -> dict[str, str]:
    """Settle which brokers and which schema registry are used."""
    addresses, told_by = wanted, "--broker"
    if addresses is None:
        addresses, told_by = _usual_brokers(environment)
    hosts = [_split_host(address, told_by) for address in addresses.split(",")]
    registry = environment.get("LSST_SCHEMA_REGISTRY_URL") or _REGISTRY
    if wanted is None:
        for variable, host in _foreign(hosts, told_by, registry):
            raise TransportError(
                f"{variable} names {host}, which is not this machine: a simulated observatory "
                "does not speak there unless it is told to.",
                remedy="Start a broker on this machine, or name that one with --broker HOST:PORT.",
            )
    host, port = hosts[0]
    return {
        "LSST_KAFKA_BROKER_ADDR": addresses,
        "LSST_KAFKA_HOST": host,
        "LSST_KAFKA_BROKER_PORT": port,
        "LSST_SCHEMA_REGISTRY_URL": registry,
    }


def _usual_brokers(environment: Mapping[str, str]) -> tuple[str, str]:
    """Return the brokers that the environment names, and the variable that does."""
    if addresses := environment.get("LSST_KAFKA_BROKER_ADDR"):
        return addresses, "LSST_KAFKA_BROKER_ADDR"
    if host := environment.get("LSST_KAFKA_HOST"):
        port = environment.get("LSST_KAFKA_BROKER_PORT") or _BROKER_PORT
        return f"{host}:{port}", "LSST_KAFKA_HOST"
    return f"localhost:{_BROKER_PORT}", "nothing"


def _split_host(address: str, told_by: str) -> tuple[str, str]:
    host, _, port = address.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit():
        raise TransportError(
            f"{told_by} says {address!r}, which is no HOST:PORT.",
            remedy=f"Write it like localhost:{_BROKER_PORT}.",
        )
    return host, port


def _foreign(
    hosts: list[tuple[str, str]], told_by: str, registry: str
) -> Iterator[tuple[str, str]]:
    """Find what is not on this machine: the variable that names it, and its name."""
    for host, _ in hosts:
        if not is_local(host):
            yield told_by, host
    host = urllib.parse.urlsplit(registry).hostname or registry
    if not is_local(host):
        yield "LSST_SCHEMA_REGISTRY_URL", host


def _own_dds_domain(environment: Mapping[str, str]) -> dict[str, str]:
    """Choose a DDS domain that nobody else on this machine is in, where that can be done.

    Partitions keep observatories apart in any case; in a domain of its own, one need not hear
    of the processes of the others either.
    """
    if given := environment.get(_DOMAIN_VARIABLE):
        return {_DOMAIN_VARIABLE: given}
    try:
        import dds
    except ImportError:
        return {}
    free_domain = getattr(dds, "free_domain", None)
    return {} if free_domain is None else {_DOMAIN_VARIABLE: str(free_domain())}
