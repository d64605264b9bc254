# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pictures of frames, made in a process of its own: they would block everybody for seconds."""

__all__ = ["AMPLIFIER", "DETECTOR", "HISTOGRAM", "PictureError", "PictureMaker"]

import asyncio
import collections
import concurrent.futures
import multiprocessing
import typing
from collections.abc import Callable, Sequence

from ..figures.plots import Series, amplifier_multiples
from ..report.parts import AMPLIFIER_ORDER

DETECTOR, AMPLIFIER, HISTOGRAM = "detector", "amplifier", "histogram"
"""Kinds of pictures of a frame."""
DEADLINE = 60.0
"""How long a picture may take, in seconds; one of a full-size frame takes 2 on a quiet machine."""
_KEPT = 96
"""Pictures that are kept; each has some 300 kB."""

Key = tuple[str, ...]


class PictureError(LookupError):
    """There is no such picture, or it was not made in time; the text says why."""


class PictureMaker:
    """Makes pictures, one at a time, and keeps the last ones.

    Use it as an asynchronous context.

    Parameters
    ----------
    make_frame : `~collections.abc.Callable`
        Makes a picture in the other process: is given repository, exposure id, kind and the name
        of an amplifier, and returns the file. It must be a function of a module.
    """

    def __init__(self, make_frame: Callable[[str, int, str, str], bytes]) -> None:
        self._make_frame = make_frame
        self._kept: collections.OrderedDict[Key, bytes] = collections.OrderedDict()
        self._making: dict[Key, asyncio.Future[bytes]] = {}
        self._pool: concurrent.futures.ProcessPoolExecutor | None = None

    async def __aenter__(self) -> typing.Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._end_worker()

    async def frame(self, repository: str, exposure_id: int, kind: str, amplifier: str) -> bytes:
        """Return a picture of a frame (`bytes`).

        Raises
        ------
        PictureError
            If there is none.
        """
        key = (repository, str(exposure_id), kind, amplifier)
        return await self._get(
            key, lambda: self._submit(self._make_frame, repository, exposure_id, kind, amplifier)
        )

    async def plot(
        self, key: Key, biases: Sequence[Series], darks: Sequence[Series], label: str
    ) -> bytes:
        """Return a plot of what was measured on each amplifier (`bytes`).

        Raises
        ------
        PictureError
            If it could not be made.
        """
        return await self._get(key, lambda: self._submit(_plot, biases, darks, label))

    async def _get(self, key: Key, start: Callable[[], asyncio.Future[bytes]]) -> bytes:
        """Look a picture up, wait for it if somebody waits already, or have it made."""
        if key in self._kept:
            self._kept.move_to_end(key)
            return self._kept[key]
        if key not in self._making:
            self._making[key] = start()
            self._making[key].add_done_callback(lambda future: self._keep(key, future))
        try:
            # Somebody else may wait for the same picture.
            return await asyncio.wait_for(asyncio.shield(self._making[key]), DEADLINE)
        except TimeoutError:
            # A file server that hangs would keep everybody from the next picture.
            self._end_worker()
            raise PictureError(f"The picture was not made within {DEADLINE:.0f} s.") from None
        except concurrent.futures.process.BrokenProcessPool:
            self._pool = None  # the next one starts another process
            raise PictureError("The process that makes the pictures was killed.") from None
        except LookupError as error:
            raise PictureError(str(error.args[0] if error.args else error)) from error

    def _keep(self, key: Key, future: asyncio.Future[bytes]) -> None:
        self._making.pop(key, None)
        if future.cancelled() or future.exception() is not None:
            return
        self._kept[key] = future.result()
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    def _end_worker(self) -> None:
        """End the process, whatever it waits for; the next picture starts another one."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            for child in multiprocessing.active_children():
                child.kill()
            self._pool = None

    def _submit(self, function: Callable[..., bytes], *args: object) -> asyncio.Future[bytes]:
        if self._pool is None:
            # Not forked: threads of this process may hold locks that nobody would ever release.
            self._pool = concurrent.futures.ProcessPoolExecutor(
                1, multiprocessing.get_context("spawn")
            )
        return asyncio.get_running_loop().run_in_executor(self._pool, function, *args)


def _plot(biases: Sequence[Series], darks: Sequence[Series], label: str) -> bytes:
    svg = amplifier_multiples(biases, darks, label, ordered=AMPLIFIER_ORDER)
    return svg.encode("utf-8")
