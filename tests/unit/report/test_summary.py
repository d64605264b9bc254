# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

import dataclasses
import json

import pytest
from report_journal import BIASES, DARKS, GENERATE, VERIFY, decision, name

from lsst.ts.dailycal import model
from lsst.ts.dailycal.model import CalibrationStatus, ImageType
from lsst.ts.dailycal.report import summarize_run
from lsst.ts.dailycal.report.plain import to_plain
from lsst.ts.dailycal.run import read_run_entries


def test_images_are_counted_by_what_became_of_them(journal):
    journal.start()
    journal.take(BIASES[0], 1)
    journal.take(BIASES[1], 2)
    journal.take(BIASES[2], 3, ingest=False)
    bias, dark = summarize_run(journal.records).calibrations
    assert (bias.planned, bias.taken, bias.ingested, bias.kept) == (3, 3, 2, 1)
    assert (bias.first, bias.last) == (name(1), name(3))
    assert (dark.planned, dark.taken, dark.first) == (1, 0, None)


def test_the_acquisition_lasts_from_the_first_request_to_the_last_readout(journal):
    journal.start()
    journal.take(BIASES[0], 1, seconds=2.0)
    journal.take(BIASES[1], 2, seconds=3.0)
    bias, dark = summarize_run(journal.records).calibrations
    assert bias.acquisition_time == pytest.approx(2.0 + 1.0 + 3.0)
    assert dark.acquisition_time == 0.0


def test_a_job_lasts_from_the_request_to_the_result(journal):
    journal.start()
    journal.job(VERIFY, 12.5)
    (job,) = summarize_run(journal.records).jobs
    assert (job.status, job.exit_code, job.duration) == ("done", 0, pytest.approx(12.5))
    assert job.collection == "u/ocps/job-verify"


def test_a_job_that_was_asked_for_again_counts_from_the_second_request(journal):
    journal.start()
    journal.add(model.JobAsked(VERIFY, model.JobRequest("p", "c", "q")))
    journal.add(model.Resumed(journal.records[0].event.tags), 1000.0)
    journal.job(VERIFY, 12.5)
    (job,) = summarize_run(journal.records).jobs
    assert job.duration == pytest.approx(12.5)


def test_a_job_without_a_result_has_no_duration(journal):
    journal.start()
    journal.add(model.JobAsked(VERIFY, model.JobRequest("p", "c", "q")))
    assert [job.status for job in summarize_run(journal.records).jobs] == ["asked"]
    journal.add(model.JobSubmitted(VERIFY, "job-1"))
    assert [job.status for job in summarize_run(journal.records).jobs] == ["running"]
    journal.add(model.JobAbandoned(VERIFY, "job-1", "stopped"))
    (job,) = summarize_run(journal.records).jobs
    assert (job.status, job.duration, job.exit_code) == ("given up", None, None)


def test_a_job_that_failed_says_so(journal):
    journal.start()
    journal.job(GENERATE, 3.0, exit_code=1)
    (job,) = summarize_run(journal.records).jobs
    assert (job.status, job.exit_code) == ("failed", 1)


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (model.RunOutcome("run-1", ()), "done"),
        (model.RunOutcome("run-1", (), model.Failure("take images", "no camera")), "failed"),
        (model.RunOutcome("run-1", (), model.Failure("run", "stopped"), True), "stopped"),
    ],
)
def test_the_status_follows_from_the_outcome(journal, outcome, status):
    journal.start()
    assert summarize_run(journal.records).status == "open"
    journal.add(model.RunEnded(outcome))
    assert summarize_run(journal.records).status == status


def test_a_rejection_is_no_failure(journal):
    rejected = model.CalibrationOutcome(ImageType.BIAS, CalibrationStatus.REJECTED, 2, 3, 2)
    journal.start(BIASES)
    journal.add(model.Decided(decision(accepted=False, bad_exposures=(1, 2))))
    journal.add(model.RunEnded(model.RunOutcome("run-1", (rejected,))))
    summary = summarize_run(journal.records)
    assert (summary.status, summary.calibrations[0].status) == ("done", "rejected")


def test_lost_images_are_named_with_the_reason(journal):
    journal.start()
    journal.take(BIASES[0], 1, ingest=False)
    journal.add(model.ImageLost(name(1), "ATOODS says 2"))
    assert summarize_run(journal.records).lost == ((name(1), "ATOODS says 2"),)


def test_only_warnings_are_kept_of_the_messages(journal):
    journal.start()
    journal.add(model.Message(20, "all is well"))
    journal.add(model.Message(30, "less well"))
    assert summarize_run(journal.records).warnings == ("less well",)


def test_a_journal_without_a_beginning_is_refused(journal):
    journal.add(model.Message(20, "hello"))
    with pytest.raises(model.JournalError, match="does not begin"):
        summarize_run(journal.records)


def test_records_come_back_from_a_file_with_their_times(journal, tmp_path):
    journal.start()
    journal.take(DARKS[0], 7, seconds=5.0)
    path = journal.write(tmp_path / "run-1.jsonl")
    assert read_run_entries(path) == journal.records


def test_a_line_that_a_crash_cut_short_is_left_out(journal, tmp_path):
    journal.start()
    journal.take(DARKS[0], 7)
    path = journal.write(tmp_path / "run-1.jsonl")
    text = path.read_text(encoding="ascii")
    path.write_text(text[:-20], encoding="ascii")
    assert read_run_entries(path) == journal.records[:-1]


def test_json_has_names_as_people_write_them(journal):
    journal.start()
    journal.take(BIASES[0], 1)
    journal.job(VERIFY, 2.0)
    plain = json.loads(json.dumps(to_plain(summarize_run(journal.records))))
    assert plain["calibrations"][0]["first"] == "AT_O_20261123_000001"
    assert plain["calibrations"][0]["image_type"] == "BIAS"
    assert plain["jobs"][0]["key"] == "verify BIAS"


def test_every_field_of_a_summary_can_be_json(journal):
    journal.start()
    journal.add(model.Decided(decision()))
    validity = model.Validity("2026-11-23T12:00:00", "2026-11-24T12:00:00")
    certification = model.Certification("bias", "u/ocps/1", "LATISS/calib/daily", validity)
    journal.add(model.Certified(ImageType.BIAS, certification))
    summary = summarize_run(journal.records)
    plain = json.loads(json.dumps(to_plain(summary)))
    assert set(plain) == {field.name for field in dataclasses.fields(summary)}
    assert plain["calibrations"][0]["certification"]["validity"]["end"] == validity.end
