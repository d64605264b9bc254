# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The live page of recorded runs: one in the middle, one good, one rejected, one failed."""

import asyncio
import contextlib
import dataclasses
import pathlib
import threading
from collections.abc import Iterator

from aiohttp import web

from lsst.ts.dailycal.cli.serve.source import LocalRuns
from lsst.ts.dailycal.model import ExposureAsked
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.run.lock import run_lock
from lsst.ts.dailycal.web.app import make_app
from lsst.ts.dailycal.web.clock import now_tai
from recorded_runs import RecordedRun, draw_recorded, record_run

SMALL = {"n_bias": 4, "n_dark": 6}
GOOD, REJECTED, FAILED, MIDDLE = (f"20261123T143000-20000{number}" for number in (1, 2, 3, 4))
NAMES = {"good": GOOD, "rejected": REJECTED, "failed": FAILED, "middle": MIDDLE}
LEAK = tuple(f"light_leak@DARK/{number}" for number in (5, 6, 7))
"""Light in half of the darks that are used; the first one is not."""


@dataclasses.dataclass
class Served:
    """The runs, and where they are shown."""

    address: str
    directory: pathlib.Path
    runs: dict[str, RecordedRun]


@contextlib.contextmanager
def serve_runs(root: pathlib.Path) -> Iterator[Served]:
    """Carry the runs out, at the speed of the processor, and serve their pages."""
    root.mkdir(exist_ok=True)
    good = record_run(GOOD, generate_calibrations=True, **SMALL)
    runs = {
        GOOD: good,
        # Where frames are not judged as they come, verification is what finds the light.
        REJECTED: record_run(REJECTED, *LEAK, measure=False, **SMALL),
        FAILED: record_run(FAILED, "camera_fault@DARK/3", **SMALL),
        MIDDLE: dataclasses.replace(good, run_id=MIDDLE),
    }
    for run in runs.values():
        run.write_frames(root / run.run_id)
        count = middle_of(run) if run.run_id == MIDDLE else len(run.lines)
        until_now(run, count).write_journal(root / "journal", count)

    class Runs(LocalRuns):
        """Their repositories are in memory, and their frames in directories."""

        def repository(self, journal):
            return str(root.absolute() / journal.stem)

    def read_tests(repository, collection, dataset_type):
        return runs[pathlib.Path(repository).name].archive.read_tests(collection, dataset_type)

    app = make_app(Runs(root / "journal"), draw_recorded, read_tests)
    lock = run_lock(root / "journal" / f"{MIDDLE}.jsonl")
    with lock.hold("a run that is told again"), serving(app) as address:
        yield Served(address, root, runs)


def until_now(run: RecordedRun, count: int) -> RecordedRun:
    """Move a run in time so that its first records end now: its clock ran ahead of the real one."""
    entries = [RUN_CODEC.decode(line) for line in run.lines]
    moved = now_tai() - entries[count - 1].tai
    lines = (
        RUN_CODEC.encode(item.event, number=item.number, tai=item.tai + moved) for item in entries
    )
    return dataclasses.replace(run, lines=tuple(f"{line}\n" for line in lines))


def middle_of(run: RecordedRun) -> int:
    """Count the records up to the exposure of the fifth dark."""
    asked = [
        number
        for number, line in enumerate(run.lines, start=1)
        if isinstance(event := RUN_CODEC.decode(line).event, ExposureAsked)
        and event.planned.image_type == "DARK"
    ]
    return asked[4]


@contextlib.contextmanager
def serving(app: web.Application) -> Iterator[str]:
    """Serve an application from a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    runner = web.AppRunner(app)

    async def start() -> str:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0]
        return f"http://{host}:{port}/"

    try:
        yield asyncio.run_coroutine_threadsafe(start(), loop).result(20)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()
