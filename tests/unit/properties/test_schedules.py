# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Any schedule of events that are late, lost, doubled or out of order ends well."""

from hypothesis import event, given, note
from hypothesis import strategies as st
from rigs import carry_out, certified, finish, make_rig
from searching import examples

from lsst.ts.dailycal.journal import MemoryStorage
from lsst.ts.dailycal.model import CalibrationStatus, RunEnded
from lsst.ts.dailycal.testing.loop import run_fast

CAMERA = [
    "camera_refuses",
    "start_integration_lost",
    "start_integration_late",
    "start_integration_twice",
    "end_readout_lost",
    "end_readout_late",
    "end_readout_twice",
    "camera_ack_lost",
    "camera_ack_late",
    "camera_ack_twice",
    "camera_ack_failed",
]
IMAGE = [
    "header_silent",
    "header_late",
    "header_twice",
    "ingest_silent",
    "ingest_error",
    "ingest_late",
    "ingest_twice",
    "ingest_reordered",
    "ingest_foreign",
    "file_empty",
]
JOB = [
    "job_refused",
    "job_not_acknowledged",
    "job_error",
    "job_result_before_ack",
    "job_result_never",
    "job_result_late",
    "job_result_twice",
    "job_results_reordered",
    "ocps_fault",
    "ocps_restarted",
]


@st.composite
def faults(draw):
    """A fault of the way of an image or a job, when it strikes, and by how much."""
    name = draw(st.sampled_from([*CAMERA, *IMAGE, *JOB]))
    word = draw(st.sampled_from(["", "BIAS/", "DARK/"]))
    first = draw(st.integers(1, 4))
    last = first + draw(st.integers(0, 2))
    delay = ""
    if name.endswith("_late"):
        most = 1500 if name.startswith("job") else 200
        delay = f":delay={draw(st.integers(0, most))}"
    return f"{name}@{word}{first}-{last}{delay}"


@st.composite
def storms(draw):
    """Several faults of the same exposure."""
    when = draw(st.sampled_from(["1", "2", "BIAS/3", "DARK/1", "DARK/3"]))
    points = [CAMERA[1:4], CAMERA[4:7], CAMERA[7:], IMAGE[:3], IMAGE[3:9]]
    names = [draw(st.sampled_from(point)) for point in points if draw(st.booleans())]
    return [f"{name}@{when}" for name in names]


singles = st.lists(faults(), max_size=6, unique_by=lambda text: text.partition("@")[0])
schedules = st.one_of(singles, storms(), st.builds(lambda a, b: a + b, singles, storms()))


@examples(40)
@given(schedule=schedules)
def test_any_schedule_ends_once_in_bounded_time_and_resume_does_the_rest(schedule):
    run_fast(_end_well(schedule))


async def _end_well(schedule):
    rig = make_rig(*schedule)
    async with rig.observatory:
        outcome = await carry_out(rig)
        resumes = await finish(rig, outcome, most=8)
        event(f"resumes: {resumes}")
        check_result(rig)


class Killed(BaseException):
    """The process is gone."""


class MortalStorage(MemoryStorage):
    """Keeps a number of records; then the process is gone."""

    def __init__(self, lines, lives):
        super().__init__()
        self.lines = lines
        self.lives = lives

    def append(self, line):
        if self.lives <= 0:
            raise Killed
        self.lives -= 1
        super().append(line)


@examples(20)
@given(schedule=schedules, kills=st.lists(st.integers(1, 25), min_size=1, max_size=3))
def test_any_schedule_with_any_kills_is_mended_by_resume(schedule, kills):
    run_fast(_survive(schedule, kills))


async def _survive(schedule, kills):
    rig = make_rig(*schedule)
    async with rig.observatory:
        for lives in kills:
            run = rig.make(MortalStorage(rig.storage.lines, lives))
            try:
                await run.execute()
            except Killed:
                note(f"killed at record {len(rig.storage.lines)}")
            rig.observatory.repair()
        outcome = await carry_out(rig, MortalStorage(rig.storage.lines, 100_000))
        await finish(rig, outcome, most=8)
        check_result(rig)


def check_result(rig):
    """The result is that of a run without faults: every frame wanted is in what is certified."""
    assert set(certified(rig)) == {"bias", "dark"}
    for calibration in rig.of(RunEnded)[-1].outcome.calibrations:
        assert calibration.status is CalibrationStatus.CERTIFIED
        assert calibration.kept == calibration.wanted
