# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of sockets is right: one that others could reach is found."""

import contextlib
import socket
import subprocess
import sys
import time

import pytest
from socket_table import SocketWatch, sockets

pytestmark = pytest.mark.system

OPENING = """
import socket, sys
{how}
print("open", flush=True)
sys.stdin.read()
"""
ANY = "0.0.0.0"  # noqa: S104 - what is to be found
PATIENCE = 30.0


@contextlib.contextmanager
def helper(how):
    """Run a process that opens a socket."""
    argv = [sys.executable, "-c", OPENING.format(how=how)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as it:
        try:
            assert it.stdout.readline() == "open\n"
            yield it
        finally:
            it.stdin.close()


@pytest.mark.parametrize(
    ("how", "table", "address"),
    [
        (f"s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('{ANY}', 0))", "udp", ANY),
        (f"s = socket.create_server(('{ANY}', 0))", "tcp", ANY),
        (
            "s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); s.bind(('::', 0))",
            "udp6",
            "::",
        ),
        ("s = socket.create_server(('::', 0), family=socket.AF_INET6)", "tcp6", "::"),
    ],
)
def test_a_socket_that_others_can_reach_is_found(how, table, address):
    with helper(how) as process:
        (found,) = sockets([process.pid])
    assert (found.table, found.address, found.is_local) == (table, address, False)
    assert found.port > 0


@pytest.mark.parametrize(
    "how",
    [
        "s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('127.0.0.1', 0))",
        "s = socket.create_server(('::1', 0), family=socket.AF_INET6)",
        "s = socket.socket(type=socket.SOCK_DGRAM); s.bind(('0.0.0.0', 0)); "
        "s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b'lo')",
    ],
)
def test_a_socket_on_the_loopback_is_known_to_be_local(how):
    with helper(how) as process:
        (found,) = sockets([process.pid])
    assert found.is_local


def test_a_watch_finds_what_a_process_of_a_process_leaves_open():
    how = (
        "import subprocess; subprocess.Popen([sys.executable, '-c', "
        "'import socket; s = socket.create_server((\"0.0.0.0\", 0)); input()'])"
    )
    with helper(how) as process, SocketWatch(process.pid) as watch:
        deadline = time.monotonic() + PATIENCE
        while not watch.strays:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        (stray,) = watch.strays
    assert stray.pid != process.pid
    assert watch.saw("create_server")
    assert not watch.saw("no such word")


OTHERS = [(index, name) for index, name in socket.if_nameindex() if name != "lo"]


@pytest.mark.skipif(not OTHERS, reason="this machine has no network but the loopback")
def test_a_watch_finds_a_multicast_group_on_another_device():
    index, device = OTHERS[0]
    join = (
        "import struct; s = socket.socket(type=socket.SOCK_DGRAM); "
        "group = socket.inet_aton('239.255.77.77'); "
        f"where = struct.pack('=4s4xi', group, {index}); "
        "s.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, where)"
    )
    watch = SocketWatch(0)
    with helper(join):
        watch.look()
    assert (device, "239.255.77.77") in watch.joined
