# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watch the journals of runs for all who look at them: each is read once, however many look."""

__all__ = ["Watcher", "Watchers"]

import asyncio
import hashlib
import json
import logging
import time
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from ..calibration import statistics_dataset_type
from ..model import CalibrationError, ImageType, JobStep
from ..model.verification import TestResult
from .fragments import Renderer
from .source import RunSource
from .view import RunView, read_view

_LOG = logging.getLogger(__name__)
INTERVAL = 0.5
"""How often a journal is looked at, in seconds."""
CLOCK = 5.0
"""How often the times of a run that goes on are written anew, in seconds."""
PATIENCE = 60.0
"""How long nobody may look before a run is not watched any more, in seconds."""

ReadTests = Callable[[str, str, str], Sequence[TestResult]]


class Watcher:
    """What is known of one run, kept up to date as long as somebody looks.

    Parameters
    ----------
    path : `~pathlib.Path`
        Its journal.
    source : `RunSource`
        Where repositories are.
    renderer : `Renderer`
        Makes HTML.
    read_tests : `~collections.abc.Callable`
        Reads verification tests; blocks.
    """

    def __init__(
        self, path: Path, source: RunSource, renderer: Renderer, read_tests: ReadTests
    ) -> None:
        self._path = path
        self._source = source
        self._renderer = renderer
        self._read_tests = read_tests
        self._changed = asyncio.Condition()
        self._lock = asyncio.Lock()
        self._sizes: tuple[int, ...] = ()
        self._read = 0.0
        self._view: RunView | None = None
        self._parts: dict[str, str] = {}
        self.state = ""  # which tells the parts from those of before
        self._tests: dict[str, Sequence[TestResult]] = {}
        self._repository: str | None = None
        self.wanted = time.monotonic()
        self.is_ended = False

    async def view(self) -> RunView:
        """Return what is known (`RunView`).

        Raises
        ------
        JournalError
            If the journal is damaged.
        """
        await self.look()
        assert self._view is not None  # noqa: S101 - look has read it
        return self._view

    async def page(self) -> str:
        """Return the whole page (`str`)."""
        view, pictures = await self.view(), bool(await self.repository())
        # Of what was known before the page is rendered: at worst its parts are sent once more.
        return await asyncio.to_thread(
            self._renderer.page, view, self._tests, pictures=pictures, state=self.state
        )

    async def parts(self) -> Mapping[str, str]:
        """Return the parts of the page as they are now."""
        await self.look()
        return self._parts

    async def repository(self) -> str:
        """Return the repository of the run (`str`); empty if it cannot be read from here."""
        return await self._find_repository(await self.view())

    async def _find_repository(self, view: RunView) -> str:
        if self._repository is None and view.journal is not None:
            self._repository = await asyncio.to_thread(self._source.repository, view.journal)
        return self._repository or ""

    async def wait(self, timeout: float) -> None:
        """Wait until something may have changed, at most some seconds."""
        self.wanted = time.monotonic()
        try:
            async with asyncio.timeout(timeout), self._changed:
                await self._changed.wait()
        except TimeoutError:
            return

    async def end(self) -> None:
        """Wake everybody up, since the server ends."""
        self.is_ended = True
        async with self._changed:
            self._changed.notify_all()

    async def look(self) -> None:
        """Read the journals if there is something new in them."""
        self.wanted = time.monotonic()
        async with self._lock:
            sizes = await asyncio.to_thread(self._sizes_now)
            is_old = (
                self._view is not None
                and not self._view.is_over
                and time.monotonic() - self._read > CLOCK
            )
            if self._view is not None and sizes == self._sizes and not is_old:
                return
            self._view = await asyncio.to_thread(self._read_view)
            self._sizes, self._read = sizes, time.monotonic()
            await self._look_for_tests(self._view)
            pictures = bool(await self._find_repository(self._view))
            self._parts, self.state = await asyncio.to_thread(
                self._make_parts, self._view, pictures=pictures
            )
        async with self._changed:
            self._changed.notify_all()

    def _make_parts(self, view: RunView, *, pictures: bool) -> tuple[dict[str, str], str]:
        """Render the parts, and tell them from others in few letters, once for all readers."""
        parts = self._renderer.parts(view, self._tests, pictures=pictures)
        return parts, hashlib.blake2b(json.dumps(parts).encode(), digest_size=12).hexdigest()

    def _read_view(self) -> RunView:
        scale = self._source.time_scale(self._path)
        return read_view(self._path, scale=scale, list_run=self._source.listed)

    def _sizes_now(self) -> tuple[int, ...]:
        paths = {self._path, self._view.journal if self._view is not None else None}
        return tuple(path.stat().st_size for path in sorted(filter(None, paths)))

    async def _look_for_tests(self, view: RunView) -> None:
        """Read the tests of the verifications that have ended, once."""
        for job in view.report.jobs if view.report is not None else ():
            name = str(job.key.image_type)
            if job.key.step is not JobStep.VERIFY or job.status != "done" or name in self._tests:
                continue
            repository = await self._find_repository(view)
            if not repository:
                return
            dataset_type = statistics_dataset_type(ImageType(job.key.image_type))
            try:
                self._tests[name] = await asyncio.to_thread(
                    self._read_tests, repository, job.collection, dataset_type
                )
            except CalibrationError:
                self._tests[name] = ()  # the page goes on without them


class Watchers:
    """The runs that are being looked at.

    Use it as an asynchronous context; leaving it ends the watching.

    Parameters
    ----------
    source, renderer, read_tests
        As for `Watcher`.
    """

    def __init__(self, source: RunSource, renderer: Renderer, read_tests: ReadTests) -> None:
        self._facts = (source, renderer, read_tests)
        self._watchers: dict[Path, Watcher] = {}
        self._group = asyncio.TaskGroup()
        self._looking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> typing.Self:
        await self._group.__aenter__()
        self._looking = self._group.create_task(self._look())
        return self

    async def __aexit__(self, *exc_info: typing.Any) -> None:
        assert self._looking is not None  # noqa: S101 - made when it was entered
        self._looking.cancel()
        await self._group.__aexit__(*exc_info)

    def watch(self, path: Path) -> Watcher:
        """Return the watcher of a run (`Watcher`)."""
        if path not in self._watchers:
            self._watchers[path] = Watcher(path, *self._facts)
        self._watchers[path].wanted = time.monotonic()
        return self._watchers[path]

    def end(self) -> None:
        """Let everybody go who waits, since the server ends."""
        for watcher in self._watchers.values():
            self._group.create_task(watcher.end())

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            for path, watcher in list(self._watchers.items()):
                wanted = watcher.wanted
                if time.monotonic() - wanted > PATIENCE:
                    del self._watchers[path]
                    continue
                try:
                    await watcher.look()
                except Exception:  # noqa: BLE001 - half written or removed: whoever asks is told
                    _LOG.debug("%s cannot be read now.", path, exc_info=True)
                    continue
                watcher.wanted = wanted  # only people count
