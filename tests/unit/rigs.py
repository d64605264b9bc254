# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs in the observatory in memory, and what must hold of each of them."""

import asyncio
import dataclasses
import functools

import yaml

from direct_ports import ports_of
from lsst.ts.dailycal.calibration import (
    configuration_schema,
    final_verdict,
    make_plan,
    make_run_config,
    validate_configuration,
)
from lsst.ts.dailycal.journal import MemoryStorage, Observer
from lsst.ts.dailycal.model import (
    CalibrationStatus,
    Certified,
    Decided,
    Event,
    ExposureAsked,
    ExposureFailed,
    ExposureTaken,
    ImageTags,
    ImageUnclaimed,
    JobAbandoned,
    JobFinished,
    JobSubmitted,
    RunEnded,
    RunOutcome,
)
from lsst.ts.dailycal.run import Checkpoint, Run, RunContext, RunJournal, RunState
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.sim.clock import tai_from_iso
from lsst.ts.dailycal.sim.config import SimulationConfig
from lsst.ts.dailycal.sim.direct.observatory import DirectObservatory

FRAME = (32, 32)
START = "2026-11-23T20:00:00"
QUICK = {
    "script_mode": "BIAS_DARK",
    "n_bias": 3,
    "n_dark": 2,
    "exp_times_dark": 5,
    "generate_calibrations": True,
    # Where frames are what goes wrong, tests measure them; it takes as long as all the rest.
    "measure": False,
    # A dozen rows say little of the noise; what is verified is not what is tested here.
    "accept_rule": "exposures",
    "number_verification_tests_threshold_bias": 17,
    "number_verification_tests_threshold_dark": 17,
}
CARRIED_OUT = {
    CalibrationStatus.CERTIFIED,
    CalibrationStatus.VERIFIED,
    CalibrationStatus.REJECTED,
}


async def _checkpoint(name: str) -> None:
    del name


@dataclasses.dataclass
class Rig:
    """One run, carried out by one process after another."""

    observatory: DirectObservatory
    storage: MemoryStorage = dataclasses.field(default_factory=MemoryStorage)
    processes: int = 0
    given: dict[str, object] = dataclasses.field(default_factory=dict)
    """What is configured otherwise than in `QUICK`."""
    checkpoint: Checkpoint = _checkpoint
    observers: tuple[Observer, ...] = ()

    def make(self, storage: MemoryStorage | None = None) -> Run:
        """Make what the next process has: the journal, and nothing else."""
        if storage is not None:
            self.storage = storage
        schema = configuration_schema()
        config = make_run_config(validate_configuration(schema, {**QUICK, **self.given}), schema)
        observatory = self.observatory
        self.processes += 1
        self.context = RunContext(
            run_id="run",
            config=config,
            plan=make_plan(config),
            ports=ports_of(observatory),
            journal=RunJournal(self.storage, observatory.clock, self.observers, events=self.events),
            tags=ImageTags(f"2026-11-23T12:00:{self.processes:02d}.000"),
            checkpoint=self.checkpoint,
        )
        return Run(self.context, yaml.safe_dump({**QUICK, **self.given}))

    @property
    def events(self) -> list[Event]:
        return [decoded(line) for line in self.storage.lines]

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def state(self) -> RunState:
        return RunState(self.events)

    @property
    def longest(self) -> float:
        """The longest that a process may take, from the deadlines alone."""
        plan, config = self.context.plan, self.context.config
        deadlines = plan.timeouts
        attempts = sum(
            3 * deadlines.exposure(item).exposure + 4 * deadlines.late_event
            for item in plan.exposures
        )
        job = deadlines.job_acceptance + 2 * deadlines.job + deadlines.cleanup
        jobs = len(plan.jobs) * (job + 4 * deadlines.repository)
        ingest = (deadlines.ingest + deadlines.repository) * len(plan.exposures)
        return (attempts + ingest) * config.max_attempts + jobs


@functools.lru_cache(maxsize=4096)
def decoded(line: str) -> Event:
    """Decode a line; those before the end are looked at again and again."""
    return RUN_CODEC.decode(line).event


async def carry_out(rig: Rig, storage: MemoryStorage | None = None) -> RunOutcome:
    """Let one process carry the run out, and check what must hold whatever happens."""
    run = rig.make(storage)
    loop = asyncio.get_running_loop()
    begin, ended_before = loop.time(), len(rig.of(RunEnded))
    outcome = await run.execute()
    assert loop.time() - begin <= rig.longest, "it took longer than its deadlines allow"
    ends = rig.of(RunEnded)
    assert len(ends) == ended_before + 1, "one process, one end"
    assert ends[-1].outcome == outcome
    assert isinstance(rig.events[-1], RunEnded), "nothing comes after the end"
    check_truth(rig, outcome)
    return outcome


def check_truth(rig: Rig, outcome: RunOutcome) -> None:
    """What the journal and the outcome say agrees with itself and with the observatory."""
    taken = [event.image.name for event in rig.of(ExposureTaken)]
    failed = [event.image_name for event in rig.of(ExposureFailed) if event.image_name]
    assert len(set(taken)) == len(taken), "an image was counted twice"
    asked = [event.group_id for event in rig.of(ExposureAsked)]
    assert len(set(asked)) == len(asked), "two attempts cannot be told apart"
    assert len(asked) == len(rig.of(ExposureTaken)) + len(rig.of(ExposureFailed))
    unclaimed = [event.name for event in rig.of(ImageUnclaimed)]
    assert not set(unclaimed) & {*taken, *failed}
    known = {*taken, *failed, *unclaimed}
    assert sorted(RunState(rig.events).all_images) == sorted([*taken, *failed, *unclaimed])
    there = {raw.exposure.name for raw in rig.observatory.store.raws}
    assert there <= known, "an image is in the Butler, and nobody accounts for it"
    for calibration in outcome.calibrations:
        assert calibration.kept <= calibration.wanted
        assert calibration.taken >= calibration.kept
        usable = set(RunState(rig.events).usable(calibration.image_type))
        assert usable <= there, "an image is said to be in the Butler, and is not"
    certified = [event.image_type for event in rig.of(Certified)]
    assert len(set(certified)) == len(certified), "something was certified twice"
    accepted = {event.decision.image_type for event in rig.of(Decided) if event.decision.accepted}
    assert set(certified) <= accepted, "something was certified that was not accepted"
    check_jobs(rig)
    verdict = final_verdict(outcome)
    carried_out = all(item.status in CARRIED_OUT for item in outcome.calibrations)
    assert verdict.success == (carried_out and outcome.failure is None)
    if not verdict.success:
        assert verdict.reason.count(outcome.run_id) >= 1, "the way to go on is named"


def check_jobs(rig: Rig) -> None:
    """Every job has one end, and that is its own."""
    submitted = {event.job_id: event.key for event in rig.of(JobSubmitted)}
    finished = [event.result.job_id for event in rig.of(JobFinished)]
    assert len(set(finished)) == len(finished), "a job ended twice"
    for event in rig.of(JobFinished):
        assert submitted[event.result.job_id] == event.key, "a result went to another job"
    for event in rig.of(JobAbandoned):
        assert not event.job_id or submitted[event.job_id] == event.key


def statuses(outcome: RunOutcome) -> tuple[str, ...]:
    """Return what became of each image type (`tuple` [`str`])."""
    return tuple(item.status.value for item in outcome.calibrations)


async def finish(rig: Rig, outcome: RunOutcome, most: int) -> int:
    """Repair the observatory and resume, until all is done; return how often that took."""
    for number in range(most):
        if final_verdict(outcome).success:
            return number
        rig.observatory.repair()
        outcome = await carry_out(rig)
    assert final_verdict(outcome).success, f"still not done: {final_verdict(outcome).reason}"
    return most


def make_rig(*faults: str, frame: tuple[int, int] = FRAME, start: str = START) -> Rig:
    """Make an observatory in which these things go wrong."""
    config = SimulationConfig(frame=frame, faults=faults, start_tai=tai_from_iso(start))
    return Rig(DirectObservatory(config))


def certified(rig: Rig) -> dict[str, tuple[float, float]]:
    """What is certified in the end: the validity of each type."""
    store = rig.observatory.store
    found: dict[str, tuple[float, float]] = {}
    for item in store.certifications("LATISS/calib/daily"):
        assert item.dataset_type not in found, "certified twice"
        found[item.dataset_type] = (item.begin, item.end)
    return found
