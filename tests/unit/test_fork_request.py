# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a program is asked for, of the process that forks it."""

import socket

import pytest

from lsst.ts.dailycal.forking.request import Streams, send


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_program_that_has_ended_before_its_starter_goes_on_was_started(ends, monkeypatch):
    ours, theirs = ends
    send_fds = socket.send_fds

    def send_and_be_served_at_once(*args):
        sent = send_fds(*args)
        theirs.close()
        return sent

    monkeypatch.setattr(socket, "send_fds", send_and_be_served_at_once)
    send(ours, b"{}\n", Streams())


def test_a_request_that_does_not_fit_in_one_packet_arrives_whole(ends, monkeypatch):
    ours, theirs = ends
    send_fds = socket.send_fds

    def send_a_part(connection, buffers, files):
        return send_fds(connection, [buffers[0][:5]], files)

    monkeypatch.setattr(socket, "send_fds", send_a_part)
    send(ours, b'{"argv": []}\n', Streams())
    arrived = b""
    while not arrived.endswith(b"\n"):
        arrived += theirs.recv(100)
    assert arrived == b'{"argv": []}\n'
