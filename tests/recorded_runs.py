# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs that really took place, in the observatory in memory, and what they left."""

import dataclasses
import pathlib

import numpy as np
import yaml

from direct_ports import ports_of
from lsst.ts.dailycal.calibration import (
    configuration_schema,
    make_plan,
    make_run_config,
    validate_configuration,
)
from lsst.ts.dailycal.figures.frames import draw_frame
from lsst.ts.dailycal.journal import MemoryStorage
from lsst.ts.dailycal.model import ImageTags
from lsst.ts.dailycal.model.detector import LATISS
from lsst.ts.dailycal.pipelines.raw.frame import RawFrame
from lsst.ts.dailycal.run import Run, RunContext, RunJournal
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.direct.archive import DirectArchive
from lsst.ts.dailycal.sim.direct.observatory import DirectObservatory
from lsst.ts.dailycal.sim.direct.store import Store
from lsst.ts.dailycal.testing.loop import run_fast

GIVEN = {"script_mode": "BIAS_DARK", "exp_times_dark": 5}


@dataclasses.dataclass(frozen=True)
class RecordedRun:
    """What a run left."""

    run_id: str
    lines: tuple[str, ...]
    store: Store

    @property
    def archive(self) -> DirectArchive:
        """Its repository."""
        return DirectArchive(self.store)

    def write_journal(self, directory: pathlib.Path, count: int | None = None) -> pathlib.Path:
        """Write the first records to a journal; all of them by default."""
        directory.mkdir(exist_ok=True)
        path = directory / f"{self.run_id}.jsonl"
        path.write_text("".join(self.lines[:count]), encoding="utf-8")
        return path

    def write_frames(self, directory: pathlib.Path) -> None:
        """Write the raw frames, for a process that draws them."""
        directory.mkdir(exist_ok=True)
        for raw in self.store.raws:
            np.save(directory / f"{raw.exposure.name.exposure_id}.npy", raw.frame.pixels)


def record_run(run_id: str, *faults: str, **given: object) -> RecordedRun:
    """Carry a run out, at the speed of the processor."""
    return run_fast(_record(run_id, faults, {**GIVEN, **given}))


async def _record(run_id: str, faults: tuple[str, ...], given: dict[str, object]) -> RecordedRun:
    schema, storage = configuration_schema(), MemoryStorage()
    full = validate_configuration(schema, given)
    config = make_run_config(full, schema)

    async def checkpoint(_: str) -> None:
        return None

    observatory = DirectObservatory(SimulationConfig(frame=DIRECT_FRAME, faults=faults))
    async with observatory:
        context = RunContext(
            run_id=run_id,
            config=config,
            plan=make_plan(config),
            ports=ports_of(observatory),
            journal=RunJournal(storage, observatory.clock),
            tags=ImageTags("2026-11-23T12:00:00.000"),
            checkpoint=checkpoint,
        )
        await Run(context, yaml.safe_dump(full)).execute()
    lines = tuple(line if line.endswith("\n") else f"{line}\n" for line in storage.lines)
    return RecordedRun(run_id, lines, observatory.store)


def draw_recorded(directory: str, exposure_id: int, kind: str, amplifier: str) -> bytes:
    """Draw a frame that `RecordedRun.write_frames` wrote; called in another process."""
    pixels = np.load(pathlib.Path(directory) / f"{exposure_id}.npy")
    geometry = LATISS.resized(*DIRECT_FRAME)
    frame = RawFrame.from_arrays(pixels, geometry, exposure=exposure_id, image_type="")
    return draw_frame(frame, kind, amplifier)
