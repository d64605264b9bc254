# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The measuring port over the Butler: frames are read in a process of their own."""

__all__ = ["ButlerMeasuring"]

import asyncio
import contextlib
import json
import os
import signal
import sys
import typing

from ..forking import Program, start_program
from ..model import ImageMeasurement, ImageName, MeasurementError
from .measure_worker import CONVERTER

_REMEDY = "Frames are taken and processed all the same; measure: false leaves measuring out."
_LONGEST_ANSWER = 1 << 20  # bytes; that of a frame with 16 amplifiers has 10 000
_END = 5.0  # seconds to be gone after SIGKILL


class ButlerMeasuring:
    """Measures the frames of a repository in a process that opens it once.

    The process is started with the first frame. One that does not answer in time is killed, and
    the next frame gets another one.

    Parameters
    ----------
    repo : `str`
        The repository: alias, path or URI.
    """

    def __init__(self, repo: str) -> None:
        self._repo = repo
        self._process: Program | None = None
        self._lock = asyncio.Lock()

    async def measure(self, name: ImageName, timeout: float) -> ImageMeasurement:
        """Measure a frame."""
        async with self._lock:
            answer = None
            try:
                async with asyncio.timeout(timeout):
                    answer = await self._ask(str(name))
            except TimeoutError as error:
                raise MeasurementError(
                    f"{name} was not measured within {timeout:g} s.", remedy=_REMEDY
                ) from error
            except OSError as error:
                raise MeasurementError(
                    f"{name} was not measured: the process for it cannot be used ({error}).",
                    remedy=_REMEDY,
                ) from error
            finally:
                if answer is None:  # its answer could come later, and be taken for another's
                    await self._end()
        if "error" in answer:
            raise MeasurementError(
                f"{name} cannot be read from here: {answer['error']}.", remedy=_REMEDY
            )
        return CONVERTER.structure(answer["measurement"], ImageMeasurement)

    async def close(self) -> None:
        """End the process."""
        await self._end()

    async def _ask(self, request: str) -> dict[str, typing.Any]:
        process = self._process or await self._start()
        if process.stdin is None or process.stdout is None:
            raise OSError("it has no pipes")
        process.stdin.write(f"{request}\n".encode("ascii"))
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line:
            raise OSError(f"it ended with code {await process.wait()}")
        answer: dict[str, typing.Any] = json.loads(line)
        return answer

    async def _start(self) -> Program:
        worker = [sys.executable, "-m", f"{__package__}.measure_worker", self._repo]
        self._process = await start_program(
            worker,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_ANSWER,
        )
        return self._process

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END):
                await process.wait()
