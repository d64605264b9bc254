# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is said of jobs that OCPS did not accept, and of the logs of those that failed."""

import pytest
from rigs import carry_out, make_rig

from lsst.ts.dailycal.cli.report.job_logs import failed_logs
from lsst.ts.dailycal.model import ImageType, JobKey, JobStep
from lsst.ts.dailycal.report import summarize_run
from lsst.ts.dailycal.report.progress import Progress
from lsst.ts.dailycal.report.summary import JobSummary
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.testing.loop import run_fast

VERIFY = JobKey(JobStep.VERIFY, ImageType.BIAS)
JOB = "0d4a3c62e778ab13e99688d4ab7533d4"


async def entries_with(fault):
    rig = make_rig(fault)
    async with rig.observatory:
        await carry_out(rig)
    return [RUN_CODEC.decode(line) for line in rig.storage.lines]


@pytest.mark.parametrize("fault", ["job_refused", "job_not_acknowledged"])
def test_a_job_that_was_refused_is_not_accepted_and_no_longer_asked_for(fault):
    entries = run_fast(entries_with(f"{fault}@verify/BIAS"))
    jobs = {str(job.key): job for job in summarize_run(entries).jobs}
    assert jobs["verify BIAS"].status == "not accepted"
    assert jobs["verify BIAS"].collection == ""
    progress = Progress()
    for entry in entries:
        progress.apply_run(entry.event, entry.tai)
    assert all(job.ended is not None for job in progress.jobs.values())


@pytest.fixture
def journal(tmp_path):
    path = tmp_path / "journal" / "run.jsonl"
    path.parent.mkdir()
    path.touch()
    return path


def logs_of(journal, text, status="failed", said=()):
    log = journal.parent.parent / "jobs" / JOB / "out" / "ocps.log"
    log.parent.mkdir(parents=True)
    log.write_text(text, encoding="utf-8")

    class Summary:
        failures = said
        jobs = (JobSummary(VERIFY, JOB, status, 1, 3.0),)

    return failed_logs(journal, Summary()), log


def test_the_log_of_a_failed_job_is_named_with_its_last_error(journal):
    text = "lsst.a INFO: begun\nlsst.a ERROR: first\nlsst.b ERROR: no  header\nlsst.a INFO: end\n"
    found, log = logs_of(journal, text)
    assert found == {"Log, verify BIAS": f"{log}\nlsst.b ERROR: no header"}


def test_what_was_raised_first_is_the_error(journal):
    text = (
        "lsst.a ERROR: task failed\nTraceback (most recent call last):\n"
        "lsst.raw.RawFrameError: the file is short\n\nThe above exception was the cause:\n"
        "ValueError: formatter\nlsst.b ERROR: details are in traceback\n"
    )
    found, log = logs_of(journal, text)
    assert found == {"Log, verify BIAS": f"{log}\nRawFrameError: the file is short"}


def test_a_log_without_an_error_is_named_alone(journal):
    found, log = logs_of(journal, "lsst.a INFO: begun\n")
    assert found == {"Log, verify BIAS": str(log)}


def test_the_log_of_a_job_that_was_given_up_with_a_stop_is_not_named(journal):
    assert logs_of(journal, "lsst.a INFO: begun\n", "given up")[0] == {}


def test_the_log_of_a_job_that_is_done_is_not_named(journal):
    assert logs_of(journal, "lsst.a ERROR: passed\n", "done")[0] == {}


def test_a_log_that_cannot_be_read_from_here_is_not_named(journal):
    class Summary:
        failures = ()
        jobs = (JobSummary(VERIFY, JOB, "failed", 1, 3.0),)

    assert failed_logs(journal, Summary()) == {}


def test_an_error_that_is_said_as_a_failure_is_not_repeated_with_the_log(journal):
    text = "RawFrameError: AT_1.fits: the file is short\n"
    said = ("take BIAS: 19 of 20 images. Lost: AT_1 (AT_1.fits: the file is short).",)
    found, log = logs_of(journal, text, said=said)
    assert found == {"Log, verify BIAS": str(log)}
