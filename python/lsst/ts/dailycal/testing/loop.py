# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""An event loop with a time of its own, which jumps to the next timer when nothing is to be done.

A quarter of an hour of waiting takes no time, and the order of events is as it would be.
While work is outstanding in an executor the time stands still. Sockets, pipes and
subprocesses, which follow the real time, are refused.

Asynchronous tests get it by this line in their ``conftest.py``::

    from lsst.ts.dailycal.testing.loop import pytest_asyncio_loop_factories
"""

__all__ = ["FastEventLoop", "pytest_asyncio_loop_factories", "run_fast"]

import asyncio
import concurrent.futures
import contextlib
import selectors
import typing
from collections.abc import Callable, Coroutine, Iterator, Mapping

import pytest

T = typing.TypeVar("T")
Args = typing.TypeVarTuple("Args")


class _FastSelector(selectors.BaseSelector):
    """A selector that lets the time jump where another one would wait."""

    def __init__(self) -> None:
        self._inner = selectors.DefaultSelector()
        self.now = 0.0
        self.outstanding = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.outstanding:
            # A thread of the executor will wake the loop; until then the time stands still.
            return self._inner.select(None if timeout is None or timeout > 0 else 0)
        ready = self._inner.select(0)
        if ready or timeout == 0:
            return ready
        if timeout is None:
            waiting = ", ".join(sorted(task.get_name() for task in asyncio.all_tasks()))
            raise RuntimeError(f"Nothing will ever bring about what is waited for by {waiting}.")
        self.now += max(timeout, 0.0)
        return ready

    def register(
        self, fileobj: typing.Any, events: int, data: typing.Any = None
    ) -> selectors.SelectorKey:
        return self._inner.register(fileobj, events, data)

    def unregister(self, fileobj: typing.Any) -> selectors.SelectorKey:
        return self._inner.unregister(fileobj)

    def close(self) -> None:
        self._inner.close()

    def get_map(self) -> Mapping[typing.Any, selectors.SelectorKey]:
        return self._inner.get_map()


class FastEventLoop(asyncio.SelectorEventLoop):
    """The event loop; its time starts at 0."""

    def __init__(self) -> None:
        self._fast = _FastSelector()
        super().__init__(self._fast)
        self._pool: concurrent.futures.ThreadPoolExecutor | None = None

    def time(self) -> float:
        """Tell the time of the loop, in seconds (`float`)."""
        return self._fast.now

    def run_in_executor(
        self,
        executor: concurrent.futures.Executor | None,
        func: Callable[[*Args], T],
        *args: *Args,
    ) -> asyncio.Future[T]:
        """Do work in a thread; the time stands still meanwhile."""
        if executor is None:
            if self._pool is None:
                self._pool = concurrent.futures.ThreadPoolExecutor(thread_name_prefix="fast")
                self.set_default_executor(self._pool)
            executor = self._pool
        work = executor.submit(func, *args)
        self._fast.outstanding += 1
        future = asyncio.wrap_future(work, loop=self)
        # After the line above, or the loop could look between the end of the count and the
        # result, and jump.
        work.add_done_callback(self._finish)
        return future

    @contextlib.contextmanager
    def hanging(self) -> Iterator[None]:
        """Let the time go on although a call in an executor has not ended.

        For that call, in its own thread: what hangs must not stop the time of whoever has a
        deadline for it.
        """
        self.call_soon_threadsafe(self._count, -1)
        try:
            yield
        finally:
            if not self.is_closed():
                self.call_soon_threadsafe(self._count, 1)

    async def shutdown_default_executor(self, *args: typing.Any, **kwargs: typing.Any) -> None:
        """End the threads, which takes real time.

        Python 3.12 and later give a time limit.
        """
        self._fast.outstanding += 1
        try:
            await super().shutdown_default_executor(*args, **kwargs)
        finally:
            self._fast.outstanding -= 1

    def _finish(self, _: object) -> None:
        if not self.is_closed():
            self.call_soon_threadsafe(self._count, -1)

    def _count(self, change: int) -> None:
        self._fast.outstanding += change

    def _refuse(self, *_: object, **__: object) -> typing.NoReturn:
        raise NotImplementedError("This loop has a time of its own: no sockets, no processes.")

    add_reader = _refuse
    add_writer = _refuse
    create_connection = _refuse
    create_server = _refuse
    create_datagram_endpoint = _refuse
    connect_read_pipe = _refuse
    connect_write_pipe = _refuse
    subprocess_exec = _refuse
    subprocess_shell = _refuse


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Tell pytest-asyncio which loop to use; a hook of its plugin."""
    return {"fast": FastEventLoop}


def run_fast(main: Coroutine[typing.Any, typing.Any, T]) -> T:
    """Run a coroutine on a `FastEventLoop`.

    Parameters
    ----------
    main : `~collections.abc.Coroutine`
        What to run.

    Returns
    -------
    result
        Its result.

    Raises
    ------
    AssertionError
        If it leaves a task behind.
    """
    with asyncio.Runner(loop_factory=FastEventLoop) as runner:
        result = runner.run(main)
        left = [task.get_name() for task in asyncio.all_tasks(runner.get_loop())]
        assert not left, f"Tasks left behind: {', '.join(sorted(left))}"  # noqa: S101
        return result
