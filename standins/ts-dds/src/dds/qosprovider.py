# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading quality of service profiles from the XML of the OMG's DDS-XML vocabulary."""

from __future__ import annotations

__all__ = ["QosProvider"]

import functools
import pathlib
import urllib.parse
import urllib.request
import xml.etree.ElementTree as ElementTree

from .errors import DDSException
from .kinds import DDSDurabilityKind, DDSHistoryKind, DDSOwnershipKind, DDSReliabilityKind
from .qos import (
    LENGTH_UNLIMITED,
    DurabilityPolicy,
    DurabilityServicePolicy,
    HistoryPolicy,
    OwnershipPolicy,
    PartitionQosPolicy,
    Qos,
    ReliabilityPolicy,
)


class QosProvider:
    """Gives the policies of one profile in a file.

    Parameters
    ----------
    uri : `str`
        Where the file is; a ``file:`` URI or a path.
    profile : `str`
        Name of the profile.

    Raises
    ------
    DDSException
        If the file cannot be read or has no such profile.
    """

    def __init__(self, uri: str, profile: str) -> None:
        self.uri = uri
        self.profile = profile
        self._sections = _read_profile(uri, profile)

    def _get(self, section: str) -> Qos:
        return self._sections.get(section, Qos()).copy()

    def get_participant_qos(self) -> Qos:
        """Return the policies of the domain participant."""
        return self._get("domainparticipant_qos")

    def get_topic_qos(self) -> Qos:
        """Return the policies of topics."""
        return self._get("topic_qos")

    def get_publisher_qos(self) -> Qos:
        """Return the policies of publishers."""
        return self._get("publisher_qos")

    def get_subscriber_qos(self) -> Qos:
        """Return the policies of subscribers."""
        return self._get("subscriber_qos")

    def get_reader_qos(self) -> Qos:
        """Return the policies of data readers."""
        return self._get("datareader_qos")

    def get_writer_qos(self) -> Qos:
        """Return the policies of data writers."""
        return self._get("datawriter_qos")


def _path(uri: str) -> pathlib.Path:
    if uri.startswith("file:"):
        return pathlib.Path(urllib.request.url2pathname(urllib.parse.urlparse(uri).path))
    return pathlib.Path(uri)


@functools.cache
def _read_profile(uri: str, profile: str) -> dict[str, Qos]:
    try:
        # A file that the person or a package has put on this machine.
        root = ElementTree.parse(_path(uri)).getroot()  # noqa: S314
    except (OSError, ElementTree.ParseError) as error:
        raise DDSException(
            f"cannot read quality of service profiles from {uri}: {error}"
        ) from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    for element in root.iter("qos_profile"):
        if element.get("name") == profile:
            return {section.tag: _read_section(section) for section in element}
    raise DDSException(f"{uri} has no quality of service profile named {profile!r}")


def _text(section: ElementTree.Element, path: str) -> str | None:
    text = section.findtext(path)
    return None if text is None else text.strip()


def _number(section: ElementTree.Element, path: str, default: int) -> int:
    text = _text(section, path)
    if text is None:
        return default
    return LENGTH_UNLIMITED if text == "LENGTH_UNLIMITED" else int(text)


def _seconds(section: ElementTree.Element, path: str, default: float) -> float:
    sec, nanosec = _text(section, f"{path}/sec"), _text(section, f"{path}/nanosec")
    if sec is None and nanosec is None:
        return default
    if "DURATION_INFINITE_SEC" in (sec, nanosec) or "DURATION_INFINITE_NSEC" in (sec, nanosec):
        return 4e9
    return int(sec or 0) + int(nanosec or 0) * 1e-9


def _read_section(section: ElementTree.Element) -> Qos:
    durability = _text(section, "durability/kind") or "VOLATILE_DURABILITY_QOS"
    history = _text(section, "history/kind") or "KEEP_LAST_HISTORY_QOS"
    service = _text(section, "durability_service/history_kind") or "KEEP_LAST_HISTORY_QOS"
    reliability = _text(section, "reliability/kind") or "BEST_EFFORT_RELIABILITY_QOS"
    ownership = _text(section, "ownership/kind") or "SHARED_OWNERSHIP_QOS"
    autodispose = _text(section, "writer_data_lifecycle/autodispose_unregistered_instances")
    names = [name.text or "" for name in section.iterfind("partition/name/element")]
    return Qos(
        durability=DurabilityPolicy(DDSDurabilityKind[durability.removesuffix("_DURABILITY_QOS")]),
        history=HistoryPolicy(
            DDSHistoryKind[history.removesuffix("_HISTORY_QOS")],
            _number(section, "history/depth", 1),
        ),
        durability_service=DurabilityServicePolicy(
            _seconds(section, "durability_service/service_cleanup_delay", 0.0),
            DDSHistoryKind[service.removesuffix("_HISTORY_QOS")],
            _number(section, "durability_service/history_depth", 1),
            _number(section, "durability_service/max_samples", LENGTH_UNLIMITED),
            _number(section, "durability_service/max_instances", LENGTH_UNLIMITED),
            _number(section, "durability_service/max_samples_per_instance", LENGTH_UNLIMITED),
        ),
        reliability=ReliabilityPolicy(
            DDSReliabilityKind[reliability.removesuffix("_RELIABILITY_QOS")],
            _seconds(section, "reliability/max_blocking_time", 0.1),
        ),
        ownership=OwnershipPolicy(DDSOwnershipKind[ownership.removesuffix("_OWNERSHIP_QOS")]),
        partition=PartitionQosPolicy(names),
        autodispose=autodispose != "false",
    )
