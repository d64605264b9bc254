# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sockets of Cyclone, as the kernel sees them.

Cyclone sends from the loopback address when told so, but it listens on all interfaces.
Here its sockets are tied to the loopback device, so that nothing from outside comes in.
"""

from __future__ import annotations

__all__ = ["DiscoverySocket", "bind_to_loopback", "discovery_ports", "free_domain"]

import array
import contextlib
import fcntl
import os
import pathlib
import random
import socket
import termios
from collections import deque

_FIRST_PORT = 7400
_PORTS_OF_A_DOMAIN = 250
_FIRST_PARTICIPANT_PORT = 10
_LAST_QUIET_DOMAIN = 100
_CLAIM = 2
"""Offset of the port that says that somebody is about to enter a domain; no participant's."""
_MOST_CLAIMS = 4
_claims: deque[socket.socket] = deque()
"""Held until participants should be there, which say it by their own ports."""
_UDP = pathlib.Path("/proc/net/udp")
_OPEN_FILES = pathlib.Path("/proc/self/fd")
_LOOPBACK_DEVICE = b"lo"


def _is_discovery_port(port: int, domain: int) -> bool:
    # Participant i listens for discovery at the even port 10 + 2 i of its domain's ports.
    offset = port - _FIRST_PORT - _PORTS_OF_A_DOMAIN * domain
    return _FIRST_PARTICIPANT_PORT <= offset < _PORTS_OF_A_DOMAIN and offset % 2 == 0


def discovery_ports(domain: int) -> set[int]:
    """Return the discovery ports that participants on this machine have open.

    Parameters
    ----------
    domain : `int`
        The DDS domain.

    Returns
    -------
    ports : `set` [`int`]
        Empty where the kernel does not tell.
    """
    try:
        lines = _UDP.read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return set()
    ports = {int(line.split(None, 2)[1].rpartition(":")[2], 16) for line in lines}
    return {port for port in ports if _is_discovery_port(port, domain)}


def free_domain() -> int:
    """Return a DDS domain in which nobody on this machine takes part, or is about to.

    For ``LSST_DDS_DOMAIN_ID`` of a test run or a simulation, whose processes need not hear
    of those of another then. It is kept for the one who asked until four others were asked for.

    Returns
    -------
    domain : `int`
        From 1 to 100: the ports of higher ones are also given to outgoing connections. Any of
        them if none is free; partitions differ all the same.
    """
    domains = list(range(1, _LAST_QUIET_DOMAIN + 1))
    random.shuffle(domains)
    free = (domain for domain in domains if not discovery_ports(domain) and _claim(domain))
    return next(free, domains[0])


def _claim(domain: int) -> bool:
    """Keep a domain for this process; return whether nobody else has."""
    claim = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        claim.bind(("127.0.0.1", _FIRST_PORT + _PORTS_OF_A_DOMAIN * domain + _CLAIM))
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    while len(_claims) > _MOST_CLAIMS:
        _claims.popleft().close()
    return True


def _own_sockets() -> list[tuple[int, socket.socket]]:
    """Return ports and duplicates of this process's UDP sockets."""
    sockets = []
    try:
        paths = list(_OPEN_FILES.iterdir())
    except OSError:
        return []
    for path in paths:
        with contextlib.suppress(OSError):
            if not str(path.readlink()).startswith("socket:"):
                continue
            duplicate = socket.socket(fileno=os.dup(int(path.name)))
            if duplicate.family == socket.AF_INET and duplicate.type == socket.SOCK_DGRAM:
                sockets.append((int(duplicate.getsockname()[1]), duplicate))
            else:
                duplicate.close()
    return sockets


def bind_to_loopback(domain: int) -> None:
    """Tie this process's sockets of a domain to the loopback device, where the kernel can."""
    lowest = _FIRST_PORT + _PORTS_OF_A_DOMAIN * domain
    for port, duplicate in _own_sockets():
        with duplicate:
            if lowest <= port < lowest + _PORTS_OF_A_DOMAIN:
                # Refused before Linux 5.7 without privileges, and unknown elsewhere. Sending
                # is confined to the loopback address all the same.
                with contextlib.suppress(OSError, AttributeError):
                    duplicate.setsockopt(
                        socket.SOL_SOCKET, socket.SO_BINDTODEVICE, _LOOPBACK_DEVICE
                    )


class DiscoverySocket:
    """The socket that Cyclone reads discovery from: where this process hears of others.

    What another process has sent lies in it as soon as that process has sent it, and Cyclone
    may take its time to read it on a busy machine.

    Parameters
    ----------
    domain : `int`
        The DDS domain.
    """

    def __init__(self, domain: int) -> None:
        self.port = 0
        self._socket: socket.socket | None = None
        for port, duplicate in _own_sockets():
            if _is_discovery_port(port, domain) and self._socket is None:
                self.port, self._socket = port, duplicate
            else:
                duplicate.close()

    def has_unread(self) -> bool:
        """Return whether something has come that Cyclone has not read; False if not known."""
        if self._socket is None:
            return False
        size = array.array("i", [0])
        try:
            fcntl.ioctl(self._socket, termios.FIONREAD, size)
        except (OSError, ValueError):
            return False  # closed meanwhile
        return size[0] > 0

    def close(self) -> None:
        """Let go of the socket, so that its port is free when Cyclone closes it."""
        if self._socket is not None:
            self._socket.close()
