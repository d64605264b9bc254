# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whoever watches a run may raise, be slow or hang: the run goes on, and the others hear it all."""

import asyncio
import threading
import time

import pytest
from fault_matrix import OBSERVERS
from rigs import carry_out, certified, make_rig

from lsst.ts.dailycal.announce.console import ConsoleAnnouncer
from lsst.ts.dailycal.journal.observers import PATIENCE
from lsst.ts.dailycal.page import announce_before
from lsst.ts.dailycal.testing.loop import run_fast

LONGEST = 60.0
"""How long a whole run in memory may take, in seconds; one of a hanging observer would not end."""


class Recorder:
    """Hears everything."""

    def __init__(self):
        self.heard = []

    def notify(self, event):
        self.heard.append(event)


class Raising:
    def notify(self, event):
        raise RuntimeError("no")


class Slow:
    def notify(self, event):
        time.sleep(0.01)


class Hanging:
    def __init__(self):
        self.end = threading.Event()

    def notify(self, event):
        self.end.wait()


KINDS = {
    "an observer raises": Raising,
    "an observer is slow": Slow,
    "an observer hangs": Hanging,
}


@pytest.mark.parametrize("case", [case for case in OBSERVERS if case.fault in KINDS])
def test_an_observer_harms_neither_the_run_nor_another_observer(case, caplog, record_property):
    bad, good = KINDS[case.fault](), Recorder()

    async def scenario():
        rig = make_rig()
        rig.observers = (bad, good)
        async with rig.observatory:
            await carry_out(rig)
        return rig

    begin = time.monotonic()
    rig = run_fast(scenario())
    assert time.monotonic() - begin < LONGEST
    if isinstance(bad, Hanging):
        bad.end.set()
    assert good.heard == rig.events
    assert len(certified(rig)) == case.certifications
    assert case.says in caplog.text
    record_property("fault", [case.fault, ""])


def test_an_announcer_that_hangs_is_given_up_at_its_deadline(record_property):
    (case,) = [case for case in OBSERVERS if "announcer" in case.fault]
    end = threading.Event()

    async def scenario():
        announcer = ConsoleAnnouncer(lambda _: end.wait())
        begin = time.monotonic()
        problems = await announcer.announce(announce_before(), 0.2)
        return problems, time.monotonic() - begin

    problems, took = asyncio.run(scenario())
    end.set()
    assert case.says in problems[0]
    assert took < PATIENCE
    record_property("fault", [case.fault, ""])
