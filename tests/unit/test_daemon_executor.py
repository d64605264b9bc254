# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import threading

from lsst.ts.dailycal.daemon_executor import DaemonExecutor

PATIENCE = 60.0


def test_calls_are_done_one_after_the_other_in_one_thread():
    executor = DaemonExecutor("test")
    done = [executor.submit(threading.get_ident) for _ in range(3)]
    threads = {item.result(PATIENCE) for item in done}
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
    executor.shutdown()


def test_an_error_belongs_to_whoever_waits_and_the_next_call_is_done():
    executor = DaemonExecutor("test")
    failed = executor.submit(int, "no number")
    assert isinstance(failed.exception(PATIENCE), ValueError)
    assert executor.submit(int, "5").result(PATIENCE) == 5
    executor.shutdown()


def test_the_thread_ends_with_the_last_who_has_the_executor():
    """A page that is carried out every day in one process must not gather threads."""
    executor = DaemonExecutor("test")
    thread = executor.submit(threading.current_thread).result(PATIENCE)
    assert thread.is_alive()
    del executor
    thread.join(PATIENCE)
    assert not thread.is_alive()
