# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal of a small run, made by hand."""

import pathlib

from lsst.ts.dailycal import model
from lsst.ts.dailycal.journal import Entry
from lsst.ts.dailycal.model import ImageType, JobKey, JobStep
from lsst.ts.dailycal.run.journal import RUN_CODEC

TAGS = model.ImageTags(group_id="2026-11-23T12:00:00.000")
BIASES = tuple(model.PlannedExposure(ImageType.BIAS, 0.0, n, 3, n == 1) for n in (1, 2, 3))
DARKS = (model.PlannedExposure(ImageType.DARK, 5.0, 1, 1, False),)
VERIFY = JobKey(JobStep.VERIFY, ImageType.BIAS)
GENERATE = JobKey(JobStep.GENERATE, ImageType.BIAS)


def name(seq_num: int) -> model.ImageName:
    return model.ImageName(day_obs=20261123, seq_num=seq_num)


def decision(**changes) -> model.Decision:
    given = {
        "image_type": ImageType.BIAS,
        "accepted": True,
        "exposures": 2,
        "bad_exposures": (),
        "bad_exposure_limit": 2,
        "failure_limit": 8,
    }
    return model.Decision(**{**given, **changes})


class JournalMaker:
    """Collects records; every one is a second after the one before unless told otherwise."""

    def __init__(self) -> None:
        self.records: list[Entry] = []
        self.now = 1_000_000.0

    def add(self, event: model.Event, after: float = 1.0) -> None:
        self.now += after
        self.records.append(Entry(len(self.records), self.now, event))

    def start(self, exposures=BIASES + DARKS) -> None:
        self.add(model.RunStarted("run-1", "script_mode: BIAS", exposures, (), TAGS, "0.1.0"))

    def take(self, planned, seq_num: int, *, seconds: float = 2.0, ingest: bool = True) -> None:
        self.add(model.ExposureAsked(planned, 1, f"g#{seq_num}"))
        self.add(model.ExposureTaken(model.Image(planned, name(seq_num))), seconds)
        if ingest:
            self.add(model.ImageIngested(name(seq_num)), 0.0)

    def job(self, key: JobKey, seconds: float, exit_code: int = 0) -> None:
        self.add(model.JobAsked(key, model.JobRequest("p", "c", "q")))
        self.add(model.JobSubmitted(key, f"job-{key.step}"), 0.0)
        self.add(model.JobFinished(key, model.JobResult(f"job-{key.step}", exit_code)), seconds)

    def write(self, path: pathlib.Path) -> pathlib.Path:
        lines = [
            RUN_CODEC.encode(record.event, number=number, tai=record.tai)
            for number, record in enumerate(self.records)
        ]
        path.write_text("\n".join(lines) + "\n", encoding="ascii")
        return path
