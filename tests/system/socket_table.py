# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sockets of processes, as the kernel has them: no program need be installed to see them.

``/proc/net`` tells the address of a socket and not the device that it is tied to, so that is asked
for with the kernel's own protocol, sock_diag.
"""

import contextlib
import dataclasses
import ipaddress
import pathlib
import socket
import struct
import threading
import time
import typing
from collections.abc import Iterable, Iterator

import psutil

_PROC = pathlib.Path("/proc")
_TABLES = {
    "udp": (socket.AF_INET, socket.IPPROTO_UDP),
    "udp6": (socket.AF_INET6, socket.IPPROTO_UDP),
    "tcp": (socket.AF_INET, socket.IPPROTO_TCP),
    "tcp6": (socket.AF_INET6, socket.IPPROTO_TCP),
}
_NETLINK_SOCK_DIAG, _SOCK_DIAG_BY_FAMILY = 4, 20
_REQUEST_AND_DUMP = 0x301
_ERROR, _DONE = 2, 3
_INTERVAL = 0.5
_MOMENT = 1.0
"""How long a socket may be open before it is tied (s)."""
_ALL_STATES = 0xFFFFFFFF
_HEADER = struct.Struct("=IHHII")
_MESSAGE = struct.Struct("=4B2H16s16sI8s5I")


@dataclasses.dataclass(frozen=True, slots=True)
class Socket:
    """A socket of a process that can be reached, or reach others, by IP."""

    inode: int
    """Its number in the kernel."""
    pid: int
    """The process."""
    table: str
    """The table of the kernel that it is in; raw for one that goes past the addresses."""
    address: str
    """Its own address."""
    port: int
    """Its own port."""
    peer: int
    """The port that it is connected to; 0 for none."""
    device: str = ""
    """The device that it is tied to; empty for none."""

    @property
    def is_local(self) -> bool:
        """Is it tied to the loopback device, or to an address of it?"""
        if self.device == "lo":
            return True
        try:
            address = ipaddress.ip_address(self.address)
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return (mapped or address).is_loopback


def sockets(pids: Iterable[int]) -> list[Socket]:
    """Return the sockets of processes by which others can be reached, or reach them.

    One that is neither bound nor connected is in no table, and nobody can hear it.
    """
    owners = {inode: pid for pid in pids for inode in _inodes(pid)}
    found = [
        Socket(inode, owners[inode], table, address, port, peer)
        for inode, table, address, port, peer in _addresses()
        if inode in owners
    ]
    past_ip = _column("raw", 9) | _column("raw6", 9) | _column("packet", 8)
    found += [Socket(inode, owners[inode], "raw", "", 0, 0) for inode in owners.keys() & past_ip]
    devices = dict(_devices())
    return [dataclasses.replace(item, device=devices.get(item.inode, "")) for item in found]


def groups() -> set[tuple[str, str]]:
    """Return the multicast groups that somebody on this machine has joined, with the device."""
    joined, device = set(), ""
    for line in (_PROC / "net/igmp").read_text().splitlines()[1:]:
        if line[0].isdigit():
            device = line.split()[1]
        else:
            number = int(line.split()[0], 16)
            joined.add((device, str(ipaddress.ip_address(struct.pack("=I", number)))))
    return joined


class SocketWatch:
    """Looks at the sockets of a process and of all that it starts, again and again.

    Cyclone opens its sockets on all addresses, and they are tied to the loopback device a moment
    later; so only one that is seen to stay open to others counts.

    Attributes
    ----------
    seen : `dict` [`int`, `list` [`str`]]
        Command lines of the processes of which a socket was seen, by process id.
    peers : `set` [`int`]
        Ports that sockets were connected to.
    """

    def __init__(self, pid: int) -> None:
        self.seen: dict[int, list[str]] = {}
        self.peers: set[int] = set()
        self._pid = pid
        self._open: dict[Socket, list[float]] = {}
        self._before = groups()
        self._joined: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look_for_ever, name="sockets")

    def __enter__(self) -> typing.Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def look(self) -> None:
        """Look once."""
        with self._lock:
            lines = _family(self._pid)
            for item in sockets(lines):
                self.seen[item.pid] = lines[item.pid]
                self.peers.add(item.peer)
                if not item.is_local:
                    self._open.setdefault(item, []).append(time.monotonic())
            self._joined |= groups() - self._before

    @property
    def strays(self) -> list[Socket]:
        """Sockets that stayed open to other machines."""
        with self._lock:
            return [item for item, when in self._open.items() if when[-1] - when[0] > _MOMENT]

    @property
    def joined(self) -> set[tuple[str, str]]:
        """Device and address of multicast groups that were joined off the loopback device."""
        return {(device, group) for device, group in self._joined if device != "lo"}

    def saw(self, word: str) -> bool:
        """Tell whether a socket was seen of a process that has a word in its command line."""
        with self._lock:
            return any(word in part for line in self.seen.values() for part in line)

    def _look_for_ever(self) -> None:
        while not self._end.wait(_INTERVAL):
            self.look()


def _family(pid: int) -> dict[int, list[str]]:
    lines = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for item in (process, *process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                lines[item.pid] = item.cmdline()
    return lines


def _inodes(pid: int) -> set[int]:
    found = set()
    with contextlib.suppress(OSError):
        for path in (_PROC / str(pid) / "fd").iterdir():
            with contextlib.suppress(OSError):  # closed meanwhile
                kind, _, inode = str(path.readlink()).partition(":")
                if kind == "socket":
                    found.add(int(inode.strip("[]")))
    return found


def _rows(table: str) -> list[list[str]]:
    try:
        return [line.split() for line in (_PROC / "net" / table).read_text().splitlines()[1:]]
    except FileNotFoundError:
        return []  # this kernel has no such protocol


def _column(table: str, number: int) -> set[int]:
    return {int(row[number]) for row in _rows(table)}


def _addresses() -> Iterator[tuple[int, str, str, int, int]]:
    for table in _TABLES:
        for row in _rows(table):
            text, _, port = row[1].partition(":")
            # The kernel prints each 32-bit word of the address as a number of this machine.
            words = (int(text[at : at + 8], 16) for at in range(0, len(text), 8))
            address = ipaddress.ip_address(b"".join(struct.pack("=I", word) for word in words))
            peer = row[2].rpartition(":")[2]
            yield int(row[9]), table, str(address), int(port, 16), int(peer, 16)


def _devices() -> Iterator[tuple[int, str]]:
    for family_, protocol in _TABLES.values():
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as link:
            request = struct.pack("=4BI48x", family_, protocol, 0, 0, _ALL_STATES)
            size = _HEADER.size + len(request)
            link.send(_HEADER.pack(size, _SOCK_DIAG_BY_FAMILY, _REQUEST_AND_DUMP, 1, 0) + request)
            yield from _answers(link)


def _answers(link: socket.socket) -> Iterator[tuple[int, str]]:
    while True:
        data = link.recv(1 << 17)
        while data:
            size, kind, *_ = _HEADER.unpack_from(data)
            if kind == _DONE:
                return
            if kind == _ERROR:
                raise OSError("the kernel does not tell of sockets (sock_diag)")
            fields = _MESSAGE.unpack_from(data, _HEADER.size)
            index, inode = fields[8], fields[14]
            if index:
                yield inode, socket.if_indextoname(index)
            data = data[(size + 3) & ~3 :]
