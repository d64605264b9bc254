# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A thread for a Butler, which must never be called from an event loop."""

__all__ = ["DaemonExecutor"]

import concurrent.futures
import queue
import threading
import typing
from collections.abc import Callable


class DaemonExecutor(concurrent.futures.Executor):
    """Runs calls one after the other in a daemon thread.

    The executors of the standard library are joined when the process ends. A Butler that waits
    for a locked database would hold a script for five minutes after its end; this one does not.
    """

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[
            tuple[concurrent.futures.Future[typing.Any], Callable[[], typing.Any]] | None
        ] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def submit(
        self, fn: Callable[..., typing.Any], /, *args: typing.Any, **kwargs: typing.Any
    ) -> concurrent.futures.Future[typing.Any]:
        """Schedule a call."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="butler", daemon=True)
            self._thread.start()
        future: concurrent.futures.Future[typing.Any] = concurrent.futures.Future()
        self._calls.put((future, lambda: fn(*args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the thread end when it has done what was scheduled; does not wait for it."""
        self._calls.put(None)

    def _work(self) -> None:
        while (item := self._calls.get()) is not None:
            future, call = item
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits
                future.set_exception(error)
