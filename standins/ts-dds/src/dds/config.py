# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cyclone's configuration: loopback only, unless the person says otherwise."""

from __future__ import annotations

__all__ = ["DOMAIN_VARIABLE", "configuration", "domain_id"]

import os

from .errors import DDSException

DOMAIN_VARIABLE = "LSST_DDS_DOMAIN_ID"
"""Names the DDS domain, a number below 230; processes in different domains never meet."""

_CYCLONE_VARIABLE = "CYCLONEDDS_URI"

# Without multicast every participant says hello to each port that another one could have,
# so this bounds the number of processes in one domain. A domain has room for 120.
_LAST_PARTICIPANT = 119

# Cyclone 11 looks at its library of types without the lock when a topic is made. An announcement
# with an unknown type that comes then changes it, and the topic is refused ("Bad Parameter"). Names
# of SAL types hold the hash of their fields, so names are enough.
_CYCLONE = "1.16"
"""Cyclone's vendor id, whose announcements of types are not looked at."""

_LOOPBACK = f"""<CycloneDDS><Domain Id="any">
<General>
<Interfaces><NetworkInterface name="lo" multicast="false"/></Interfaces>
<AllowMulticast>false</AllowMulticast>
</General>
<Discovery>
<ParticipantIndex>auto</ParticipantIndex>
<MaxAutoParticipantIndex>{_LAST_PARTICIPANT}</MaxAutoParticipantIndex>
<Peers><Peer Address="127.0.0.1"/></Peers>
</Discovery>
<Compatibility><IgnoreTypeInformation>{_CYCLONE}</IgnoreTypeInformation></Compatibility>
</Domain></CycloneDDS>
"""


def configuration() -> str | None:
    """Return the configuration to use; `None` if the person has given one to Cyclone."""
    return None if os.environ.get(_CYCLONE_VARIABLE) else _LOOPBACK


def domain_id() -> int:
    """Return the number of the DDS domain.

    Raises
    ------
    DDSException
        If the environment names something that is not a domain.
    """
    text = os.environ.get(DOMAIN_VARIABLE, "0")
    if not text.isdigit() or int(text) > 229:
        raise DDSException(f"${DOMAIN_VARIABLE} must be a number from 0 to 229, not {text!r}")
    return int(text)
