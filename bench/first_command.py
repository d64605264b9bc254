# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""How often is the first command to a process that has just started lost?

Processes come one after the other, say that they are there, and wait for a command, as scripts of
a queue do. None may be lost; see decision 0003.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "standins"))

import dds
from ddsutil.topicclass import TopicClass
from standins_kit import EVERY_TYPE, Pair

PATIENCE = 8.0
OTHERS = 10
"""Pairs of readers and writers that a process has besides, as a component has topics."""
ANY = [dds.DDSStateKind.ANY_STATE]
LOST = 3
KIND = TopicClass(EVERY_TYPE)


def make_pair(partition: str, kind: dds.DDSDurabilityKind = dds.DDSDurabilityKind.VOLATILE) -> Pair:
    """Make a reader and a writer."""
    return Pair(KIND, partition, kind)


def come(number: int) -> int:
    """Say that this process is there, and wait for the command to it."""
    commands = make_pair("commands")
    others = [make_pair(f"other{item}") for item in range(OTHERS)]
    events = make_pair("events", dds.DDSDurabilityKind.TRANSIENT)
    condition = commands.reader.create_readcondition(ANY)
    waitset = dds.WaitSet()
    waitset.attach(condition)
    events.writer.write(events.sample(TestID=number))
    deadline = time.monotonic() + PATIENCE
    found = False
    while not found and time.monotonic() < deadline:
        waitset.wait(dds.DDSDuration(sec=1))
        found = any(data.TestID == number for data, _ in commands.reader.take_cond(condition, 100))
    for pair in (events, commands, *others):
        pair.participant.close()
    return 0 if found else LOST


def answer(ended: threading.Event, opened: threading.Event) -> None:
    """Send a command to everybody who says that it is there."""
    commands = make_pair("commands")
    events = make_pair("events", dds.DDSDurabilityKind.TRANSIENT)
    condition = events.reader.create_readcondition(ANY)
    waitset = dds.WaitSet()
    waitset.attach(condition)
    opened.set()
    while not ended.is_set():
        waitset.wait(dds.DDSDuration(sec=1))
        for data, _ in events.reader.take_cond(condition, 100):
            commands.writer.write(commands.sample(TestID=data.TestID))


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--at-once", type=int, default=3, help="processes that come at one time")
    parser.add_argument("--come", type=int, metavar="NUMBER", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.come is not None:
        return come(args.come)
    os.environ.setdefault("LSST_DDS_DOMAIN_ID", str(dds.free_domain()))
    ended, opened = threading.Event(), threading.Event()
    server = threading.Thread(target=answer, args=(ended, opened), daemon=True)
    server.start()
    if not opened.wait(PATIENCE):
        return 1
    deadline = time.monotonic() + 60 * args.minutes
    codes: list[int] = []

    def let_them_come(first: int) -> None:
        number = first
        while time.monotonic() < deadline:
            number += args.at_once
            program = [sys.executable, __file__, "--come", str(number)]
            codes.append(subprocess.run(program, check=False).returncode)

    threads = [threading.Thread(target=let_them_come, args=(item,)) for item in range(args.at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ended.set()
    server.join()
    lost = codes.count(LOST)
    sys.stdout.write(f"{len(codes)} processes came, {lost} commands were lost\n")
    return int(any(codes))


if __name__ == "__main__":
    sys.exit(main())
