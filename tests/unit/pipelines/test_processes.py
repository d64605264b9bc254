# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import multiprocessing
import os
import signal
import threading

import numpy as np
import pytest

from lsst.ts.dailycal.pipelines.processes import in_processes
from lsst.ts.dailycal.pipelines.raw.error import RawFrameError
from lsst.ts.dailycal.pipelines.threads import in_threads, workers_for

MUCH = 10**9
needs_cores = pytest.mark.skipif(workers_for(MUCH) == 1, reason="there is one core only")
# Others of the tests may have threads; that those hold no lock is what Python warns of.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")


@needs_cores
def test_items_are_worked_on_in_other_processes_and_come_in_order():
    factor = np.float32(3.0)  # not pickled: it is there when the process begins
    # On a busy machine one process may be through with all before another begins.
    both = multiprocessing.get_context("fork").Barrier(2)

    def work(number):
        if number < 2:
            both.wait(60.0)
        inside = in_threads(lambda _: threading.get_ident(), range(3), MUCH)
        return number * factor, os.getpid(), len(set(inside))

    values, processes, threads = zip(*in_processes(work, range(12), MUCH), strict=True)
    assert values == tuple(3.0 * number for number in range(12))
    assert os.getpid() not in processes
    assert 1 < len(set(processes)) <= 4
    assert set(threads) == {1}  # what is one of many starts no others


def test_small_items_are_not_worth_a_process():
    assert list(in_processes(lambda _: os.getpid(), range(2), 10)) == [os.getpid()] * 2


@needs_cores
def test_an_error_comes_as_it_was_raised_and_ends_the_rest():
    def work(number):
        if number == 3:
            raise RawFrameError("frame.fits", "it is short", "Segment07")
        return number

    results = in_processes(work, range(100), MUCH)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(RawFrameError, match="Segment07") as caught:
        next(results)
    assert caught.value.problem == "it is short"


@needs_cores
def test_a_process_that_is_ended_from_outside_is_told():
    with pytest.raises(ChildProcessError, match="enough memory"):
        list(in_processes(lambda _: os.kill(os.getpid(), signal.SIGKILL), range(3), MUCH))
