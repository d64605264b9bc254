# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many whole procedures in a row in one simulated observatory: does anything grow?

Each procedure is what ``dailycal run`` does: all steps of the page as scripts of the queue, with
a SAL domain of its own, in this process. The frames are small and few, because their number
only says how often the same loops are gone through: set ``--frames`` for more. The memory of
ATOODS is judged fairly after 300 frames: so many fill SQLAlchemy's cache of statements, which
the Butler uses and which holds 750.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import dataclasses
import datetime
import gc
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from growth import LIMITS, Growth, judge, label
from samples import count_endpoints, sample
from soak_page import render

from lsst.ts.dailycal.cli.page.options import Place
from lsst.ts.dailycal.cli.page.session import component_groups, enable_queue, new_run_id, session
from lsst.ts.dailycal.cli.simulate.reference import prepare_repository
from lsst.ts.dailycal.journal import FileStorage
from lsst.ts.dailycal.page import (
    BIAS_DARK,
    CheckSettings,
    PageChecks,
    PageJournal,
    PageOptions,
    PageRun,
    make_page_plan,
)
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.supervisor import ObservatoryOptions, SimulatedObservatory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lsst.ts.dailycal.page import PagePlan

DRIVER = "this process"
TIME_SCALE = 50.0
QUEUE = 2
START_TIMEOUT = 180.0
PROCEDURE_TIMEOUT = 600.0
_ARENA_MAX = -8
"""Number of that option of the C library's ``mallopt``."""
LAST_WORDS = 20.0
"""How long the processes of the last script and job may take to end (s)."""
Figures = dict[str, dict[str, list[float]]]
"""Values by process and figure, one a procedure."""


def make_plan(frames: int) -> PagePlan:
    """Plan the page with so many biases and darks."""
    text = f"script_mode: BIAS_DARK\nn_bias: {frames}\nn_dark: {frames}\nexp_times_dark: 5\n"
    return make_page_plan(BIAS_DARK, PageOptions(configurations={"calibrations": text}))


async def carry_out(plan: PagePlan, place: Place, directory: Path) -> int:
    """Carry the page out once, and return how many DDS entities this process had at its end.

    Raises
    ------
    RuntimeError
        If a step was not done.
    """
    import dds

    settings = CheckSettings(data_path=str(directory), image_bytes=1e5)
    run_id = new_run_id()
    said: list[str] = []
    async with session(place, plan.to_do, said.append, said.append) as ports:
        storage = FileStorage(directory / "pages" / f"{run_id}.jsonl")
        page = PageRun(
            run_id,
            plan,
            ports,
            checks=PageChecks(ports, settings),
            journal=PageJournal(storage, ports.clock, []),
            command="dailycal run",
        )
        async with asyncio.timeout(PROCEDURE_TIMEOUT):
            outcome = await page.execute()
        if not outcome.succeeded:
            raise RuntimeError(f"The procedure did not succeed: {outcome.reason}")
        own = dds.DomainParticipant()
        try:
            return count_entities(own.shared.handle)
        finally:
            own.close()


def count_entities(entity: int) -> int:
    """Count an entity of Cyclone's and all that was made through it."""
    from dds._cyclone import lib  # the handle of the library that the stand-in has opened

    number = lib.dds_get_children(entity, None, 0)
    if number <= 0:
        return 1
    children = (ctypes.c_int32 * number)()
    lib.dds_get_children(entity, children, number)
    return 1 + sum(map(count_entities, children))


async def settle(observatory: SimulatedObservatory) -> None:
    """Wait until the processes of scripts and jobs have ended, so that all that is left counts."""
    lasting = {process.pid for process in observatory.processes}
    deadline = time.monotonic() + LAST_WORDS
    while time.monotonic() < deadline:
        others = [
            child for pid in lasting for child in psutil.Process(pid).children(recursive=True)
        ]
        if not others:
            return
        await asyncio.sleep(0.1)
    raise RuntimeError(f"Processes of scripts or jobs have not ended: {others}")


def take_samples(observatory: SimulatedObservatory, figures: Figures, entities: int) -> None:
    """Add the present values of all processes."""
    gc.collect()
    # What was freed and is kept for the next who asks is no growth.
    ctypes.CDLL(None).malloc_trim(0)
    processes = {process.log.stem: psutil.Process(process.pid) for process in observatory.processes}
    values = {name: sample(process) for name, process in processes.items()}
    values[DRIVER] = sample(psutil.Process())
    values[DRIVER] |= {"endpoints": float(entities), "objects": float(len(gc.get_objects()))}
    for name, count in count_endpoints(processes).items():
        values[name]["endpoints"] = count
    for name, row in values.items():
        for figure, value in row.items():
            figures.setdefault(name, {}).setdefault(figure, []).append(value)


async def soak(
    procedures: int, frames: int, directory: Path, end: float
) -> tuple[Figures, list[float], bool]:
    """Carry out procedures in one observatory; return figures and times, and whether all worked.

    None is begun after ``end``, a time of `time.monotonic`, nor after one that failed.
    """
    config = SimulationConfig(root=directory / "run", frame=DIRECT_FRAME, time_scale=TIME_SCALE)
    await asyncio.to_thread(prepare_repository, config, lambda _: None)
    plan = make_plan(frames)
    options = ObservatoryOptions(
        config, groups=component_groups(QUEUE), start_timeout=START_TIMEOUT
    )
    figures: Figures = {}
    times: list[float] = []
    async with SimulatedObservatory(options) as observatory:
        os.environ.update(observatory.environment)
        place = Place("the soak", simulated=True, queue=QUEUE, joined=observatory.config)
        import lsst.ts.salobj as salobj  # takes its environment when it is imported

        async with salobj.Domain() as domain:
            await enable_queue(domain, QUEUE)
        for number in range(1, procedures + 1):
            if time.monotonic() > end:
                sys.stderr.write("The time is up.\n")
                break
            begin = time.perf_counter()
            try:
                entities = await carry_out(plan, place, directory)
            except (RuntimeError, TimeoutError) as error:
                sys.stderr.write(f"procedure {number} of {procedures} failed: {error!r}\n")
                return figures, times, False
            times.append(time.perf_counter() - begin)
            await settle(observatory)
            take_samples(observatory, figures, entities)
            sys.stderr.write(f"procedure {number} of {procedures}: {times[-1]:.1f} s\n")
    return figures, times, True


def show(growths: Mapping[tuple[str, str], Growth], times: list[float]) -> None:
    """Print the table."""
    sys.stdout.write(
        f"{'process':34}{'figure':12}{'first':>9}{'10th':>9}{'last':>9}"
        f"{'slope':>9}{'limit':>8}  verdict\n"
    )
    for (name, figure), item in growths.items():
        sys.stdout.write(
            f"{name[:33]:34}{label(figure):12}{item.first:9.1f}{item.tenth:9.1f}{item.last:9.1f}"
            f"{item.slope:9.3f}{item.limit:8.2f}  {item.verdict}\n"
        )
    sys.stdout.write(
        f"{len(times)} procedures in {sum(times):.0f} s, "
        f"{min(times):.1f} to {max(times):.1f} s each\n"
    )


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--procedures", type=int, default=50)
    parser.add_argument("--frames", type=int, default=6, help="biases, and darks, a procedure")
    parser.add_argument("--minutes", type=float, default=float("inf"),
                        help="begin no procedure after this time")  # fmt: skip
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--page", type=Path, help="write a page of the documentation here")
    args = parser.parse_args()
    end = time.monotonic() + 60 * args.minutes
    # Each procedure opens a SAL domain, whose threads would each get a heap of their own: what is
    # freed in one is not given to the next, and looks like growth until all heaps are large enough.
    ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
    directory = Path(tempfile.mkdtemp(prefix="soak-"))
    # Before anything opens a journal: they are to lie with the rest.
    os.environ["DAILYCAL_JOURNAL_DIR"] = str(directory / "journal")
    figures, times, worked = asyncio.run(soak(args.procedures, args.frames, directory, end))
    if worked:
        shutil.rmtree(directory)
    else:
        sys.stderr.write(f"Its logs and journals are in {directory}\n")
    growths = {
        (name, figure): judge(figure, values[figure])
        for name, values in figures.items()
        for figure in LIMITS
        if figure in values
    }
    if times:
        show(growths, times)
    if args.page:
        today = datetime.datetime.now(datetime.UTC).date()
        page = render(growths, times, frames=args.frames, worked=worked, day=today)
        args.page.write_text(page, encoding="utf-8")
    if args.json:
        rows = [
            {"process": name, "figure": figure, "verdict": item.verdict}
            | dataclasses.asdict(item)
            | {"values": figures[name][figure]}
            for (name, figure), item in growths.items()
        ]
        text: dict[str, Any] = {"procedures": len(times), "seconds": times, "figures": rows}
        args.json.write_text(json.dumps(text, indent=2) + "\n", encoding="utf-8")
    return int(not worked or any(item.verdict == "grows" for item in growths.values()))


if __name__ == "__main__":
    sys.exit(main())
