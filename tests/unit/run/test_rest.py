# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is left of a run that is gone on with."""

import pytest

from lsst.ts.dailycal import model
from lsst.ts.dailycal.calibration.timeouts import JOB_TIME_PER_EXPOSURE
from lsst.ts.dailycal.model import ImageType, JobKey, JobStep
from lsst.ts.dailycal.run.rest import missing_exposures, time_of_rest
from lsst.ts.dailycal.run.state import RunState

BIASES = tuple(model.PlannedExposure(ImageType.BIAS, 0.0, n, 3, n == 1) for n in (1, 2, 3))
DARKS = tuple(model.PlannedExposure(ImageType.DARK, 30.0, n, 2, False) for n in (1, 2))
JOBS = tuple(JobKey(JobStep.VERIFY, kind) for kind in ImageType)
TAGS = model.ImageTags(group_id="2026-11-23T12:00:00.000")


def taken(*planned):
    for number, item in enumerate(planned, start=1):
        name = model.ImageName(20261123, number)
        yield model.ExposureTaken(model.Image(item, name))
        yield model.ImageIngested(name)


def state(*events):
    start = model.RunStarted("run-1", "", BIASES + DARKS, JOBS, TAGS, "0")
    return RunState((start, *events))


def test_of_a_run_that_has_only_begun_everything_is_left():
    assert missing_exposures(state()) == [*BIASES, *DARKS]
    # 3 biases at 4 s, 2 darks at 34 s; biases are verified while darks are taken.
    assert time_of_rest(state()) == pytest.approx(12.0 + 68.0 + 2 * JOB_TIME_PER_EXPOSURE)


def test_what_was_taken_is_not_left():
    past = state(*taken(*BIASES, DARKS[0]))
    assert missing_exposures(past) == [DARKS[1]]
    assert time_of_rest(past) == pytest.approx(34.0 + 2 * JOB_TIME_PER_EXPOSURE)


def test_jobs_without_a_result_are_left_and_those_that_failed_too():
    past = taken(*BIASES, *DARKS)
    done = (
        model.JobAsked(JOBS[0], model.JobRequest("p", "c", "q")),
        model.JobSubmitted(JOBS[0], "job-1"),
        model.JobFinished(JOBS[0], model.JobResult("job-1", 0)),
    )
    failed = (*done[:2], model.JobFinished(JOBS[0], model.JobResult("job-1", 1)))
    past = list(past)
    assert time_of_rest(state(*past, *done)) == pytest.approx(2 * JOB_TIME_PER_EXPOSURE)
    assert time_of_rest(state(*past, *failed)) == pytest.approx(4 * JOB_TIME_PER_EXPOSURE)
