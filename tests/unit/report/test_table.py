# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

from report_journal import BIASES, VERIFY, decision

from lsst.ts.dailycal import model
from lsst.ts.dailycal.model import ImageType
from lsst.ts.dailycal.report import summarize_run
from lsst.ts.dailycal.report.table import outcome_text


def lines_of(journal, where=None, width=160):
    return outcome_text(summarize_run(journal.records), where, width).splitlines()


def line_with(lines, text):
    return next(line for line in lines if text in line)


def test_the_table_says_what_was_taken_and_what_passed(journal):
    journal.start(BIASES)
    for number, planned in enumerate(BIASES, start=1):
        journal.take(planned, number)
    journal.job(VERIFY, 12.0)
    journal.add(model.Decided(decision()))
    lines = lines_of(journal)
    assert line_with(lines, "accepted").split() == [
        *("BIAS", "3", "of", "3", "3", "2", "accepted,", "0", "of", "2", "bad", "-")
    ]
    assert "u/ocps/job-verify" in line_with(lines, "verify BIAS")
    assert "12 s" in line_with(lines, "verify BIAS")
    assert "AT_O_20261123_000001 to AT_O_20261123_000003" in line_with(lines, "take BIAS")


def test_failed_tests_are_counted_over_exposures_and_amplifiers(journal):
    journal.start(BIASES)
    failures = ((1, "NOISE", 16), (2, "NOISE", 9), (2, "MEAN", 1))
    journal.add(model.Decided(decision(accepted=False, bad_exposures=(1, 2), failures=failures)))
    lines = lines_of(journal)
    assert "rejected, 2 of 2 bad" in line_with(lines, "BIAS")
    assert "in 2 of 2 exposures, on at most 16 amplifiers" in line_with(lines, "BIAS NOISE")
    assert "in 1 of 2 exposures, on at most 1 amplifier (bad from 8)" in line_with(
        lines, "BIAS MEAN"
    )


def test_a_test_that_is_not_counted_is_shown_as_such(journal):
    journal.start(BIASES)
    name = "READ_NOISE_CONSISTENT"
    journal.add(model.Decided(decision(failures=((1, name, 9),), not_counted=(name,))))
    assert line_with(lines_of(journal), name).endswith("on at most 9 amplifiers (not counted)")


def test_a_certified_calibration_shows_its_validity(journal):
    journal.start(BIASES)
    validity = model.Validity("2026-11-23T12:00:00", "2026-11-24T12:00:00")
    certification = model.Certification("bias", "u/ocps/1", "LATISS/calib/daily", validity)
    journal.add(model.Certified(ImageType.BIAS, certification))
    line = line_with(lines_of(journal), "BIAS")
    assert "LATISS/calib/daily, valid 2026-11-23T12:00:00 to 2026-11-24T12:00:00 TAI" in line


def test_failures_come_with_what_to_do(journal):
    journal.start(BIASES)
    failure = model.Failure("take images", "no endReadout within 32 s.", "Look at ATCamera.")
    journal.add(model.RunEnded(model.RunOutcome("run-1", (), failure)))
    lines = lines_of(journal)
    assert "failed" in lines[0]
    assert line_with(lines, "endReadout").strip() == (
        "take images: no endReadout within 32 s. Look at ATCamera."
    )


def test_texts_of_others_are_never_markup(journal):
    journal.start(BIASES)
    journal.add(model.ImageLost(model.ImageName(20261123, 1), "[red]x[/red] [/nothing]"))
    assert "[red]x[/red] [/nothing]" in "\n".join(lines_of(journal))


def test_it_is_told_where_everything_is(journal):
    journal.start(BIASES)
    assert line_with(lines_of(journal, {"Raw files": "/data/raw"}), "Raw files").endswith(
        "/data/raw"
    )


def test_plain_text_has_no_escape_codes(journal):
    journal.start(BIASES)
    assert "\x1b" not in "\n".join(lines_of(journal))


def test_a_reason_that_does_not_fit_on_a_line_goes_on_below_its_own_beginning(journal):
    journal.start(BIASES)
    failure = model.Failure("take images", "word " * 20)
    journal.add(model.RunEnded(model.RunOutcome("run-1", (), failure)))
    lines = lines_of(journal, width=60)
    where = lines.index("Failed")
    assert [line[:6] for line in lines[where + 1 : where + 3]] == ["  take", "  word"]
