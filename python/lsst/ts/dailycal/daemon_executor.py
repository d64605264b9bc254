# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thread for calls that may block for long, and that nothing must wait for at the end."""

__all__ = ["DaemonExecutor"]

import concurrent.futures
import queue
import threading
import typing
import weakref
from collections.abc import Callable

_Item = tuple[concurrent.futures.Future[typing.Any], Callable[[], typing.Any]] | None


class DaemonExecutor(concurrent.futures.Executor):
    """Runs calls one after the other in a daemon thread.

    The executors of the standard library are joined when the process ends. A Butler that waits
    for a locked database would hold a script for five minutes after its end; this one does not.

    The thread ends with `shutdown`, or when nobody has the executor any more.

    Parameters
    ----------
    name : `str`
        Name of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[_Item] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(
        self, fn: Callable[..., typing.Any], /, *args: typing.Any, **kwargs: typing.Any
    ) -> concurrent.futures.Future[typing.Any]:
        """Schedule a call."""
        if self._thread is None:
            # The thread has the queue only: it would keep an executor that nobody needs alive.
            self._thread = threading.Thread(
                target=_work, args=(self._calls,), name=self._name, daemon=True
            )
            self._thread.start()
            weakref.finalize(self, self._calls.put, None)
        future: concurrent.futures.Future[typing.Any] = concurrent.futures.Future()
        self._calls.put((future, lambda: fn(*args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the thread end when it has done what was scheduled; does not wait for it."""
        self._calls.put(None)


def _work(calls: queue.SimpleQueue[_Item]) -> None:
    while (item := calls.get()) is not None:
        future, call = item
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
            future.set_exception(error)
        # What was called may be the last that has the executor.
        del item, future, call
