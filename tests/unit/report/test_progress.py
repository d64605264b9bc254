# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The fold of what is heard of a run, what it says of the time left, and how it is shown."""

import io

import pytest
from report_journal import BIASES, DARKS, TAGS, VERIFY, JournalMaker
from rich.console import Console

from lsst.ts.dailycal import model
from lsst.ts.dailycal.model import ImageType, JobKey, JobStep, ScriptState, ScriptUpdate
from lsst.ts.dailycal.page import (
    BIAS_DARK,
    PageEnded,
    PageOptions,
    PageOutcome,
    PageStarted,
    StepEnded,
    StepOutcome,
    StepProgress,
    StepQueued,
    StepStarted,
    StepStatus,
    make_page_plan,
)
from lsst.ts.dailycal.report.outlook import clock_text, describe_activity, look_ahead
from lsst.ts.dailycal.report.panel import render_panel
from lsst.ts.dailycal.report.progress import Progress

NAMES = [step.name for step in BIAS_DARK.steps]
VERIFY_DARK = JobKey(JobStep.VERIFY, ImageType.DARK)
UTC = 1_795_613_000.0


def begun(scale=1.0) -> Progress:
    """A page whose steps before the calibrations are done, a second each."""
    progress = Progress(make_page_plan(BIAS_DARK, PageOptions()), scale)
    started = PageStarted("page-1", "bias-dark", tuple((name, "") for name in NAMES), 1108.0, "0")
    progress.apply_page(started, 0.0)
    for number, name in enumerate(NAMES[:4]):
        progress.apply_page(StepStarted(name, "x.py", ""), float(number))
        done = StepOutcome(name, StepStatus.DONE, 200000 + number, 1.0)
        progress.apply_page(StepEnded(done), number + 1.0)
    progress.apply_page(StepStarted("calibrations", "x.py", "script_mode: BIAS_DARK\n"), 4.0)
    progress.apply_page(StepQueued("calibrations", 200004), 4.0)
    return progress


def with_run(progress: Progress, *, until="jobs", jobs=(VERIFY, VERIFY_DARK)) -> Progress:
    """Give it the records of a run that begins at 10 s: 3 biases, 1 dark, and its jobs."""
    journal = JournalMaker()
    journal.now = 10.0
    journal.add(model.RunStarted("run-1", "job_timeout: 900.0", BIASES + DARKS, jobs, TAGS, "0"))
    for number, planned in enumerate(BIASES, start=1):
        journal.take(planned, number)
    if until != "biases":
        journal.take(DARKS[0], 4)
        journal.job(VERIFY, 30.0)
        journal.add(model.JobAsked(VERIFY_DARK, model.JobRequest("p", "c", "q")))
        journal.add(model.JobSubmitted(VERIFY_DARK, "job-7"), 0.0)
    for record in journal.records:
        progress.apply_run(record.event, record.tai)
    return progress


def shown(progress, now, width=60, **options) -> list[str]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, color_system=None)
    console.print(render_panel(progress, now, UTC, width, **options))
    return stream.getvalue().splitlines()


def test_the_clock_goes_on_while_a_job_never_answers():
    progress = with_run(begun())
    accepted = progress.jobs[VERIFY_DARK].accepted
    texts = [clock_text(progress, accepted + wait, UTC + wait) for wait in (46.0, 47.0, 3600.0)]
    assert texts[0].startswith("5/6 calibrations  verifying DARK, 0:46 of at most 15:00 · page ")
    assert texts[0].endswith(" UTC")
    assert "0:47 of at most 15:00" in texts[1]
    assert "1:00:00 of at most 15:00" in texts[2]


def test_what_is_exposed_is_named_and_counted_as_it_comes():
    progress = with_run(begun(), until="biases")
    progress.apply_run(model.ExposureAsked(DARKS[0], 1, "g#4"), 30.0)
    assert describe_activity(progress, 31.0) == "exposing DARK 1/1"
    bias, dark = progress.counts()
    assert (bias.taken, bias.ingested, bias.wanted, bias.measured) == (3, 3, 3, None)
    assert (dark.taken, dark.ingested, dark.wanted) == (0, 0, 1)


def test_the_time_left_is_learned_from_the_run_itself():
    """Exposures that take half of the planned time halve what is left of them."""
    planned = tuple(model.PlannedExposure(ImageType.DARK, 6.0, n, 4, False) for n in range(1, 5))
    progress = Progress()
    journal = JournalMaker()
    journal.now = 0.0
    journal.add(model.RunStarted("run-1", "", planned, (), TAGS, "0"))
    for number in (1, 2):
        journal.add(model.ExposureAsked(planned[number - 1], 1, f"g#{number}"), 0.0)
        image = model.Image(planned[number - 1], model.ImageName(20261123, number))
        journal.add(model.ExposureTaken(image), 5.0)
    for record in journal.records:
        progress.apply_run(record.event, record.tai)
    assert look_ahead(progress, journal.now).left == pytest.approx(10.0)  # and not 20
    assert look_ahead(progress, journal.now + 3.0).left == pytest.approx(7.0)


def test_a_simulation_expects_its_exposures_at_its_own_pace_and_its_jobs_at_theirs():
    real, simulated = begun(), begun(scale=50.0)
    slow, fast = (look_ahead(item, 5.0).left for item in (real, simulated))
    step = BIAS_DARK.steps[4]
    processing = real.steps[step.name].processing
    assert processing > 100.0
    exposing = real.steps[step.name].planned - processing
    assert slow - fast == pytest.approx(exposing * 0.98 + processing * 0.5)


def test_a_run_that_is_over_has_nothing_left():
    progress = begun()
    progress.apply_page(PageEnded(PageOutcome("page-1", ())), 9.0)
    assert look_ahead(progress, 10.0) is None


def test_a_remark_for_people_stands_before_everything_else():
    progress = begun()
    remark = "the queue is paused: resume it in LOVE to go on"
    update = ScriptUpdate(200004, state=ScriptState.CONFIGURED)
    progress.apply_page(StepProgress("calibrations", update, remark), 5.0)
    assert describe_activity(progress, 6.0) == remark


def test_no_state_of_a_script_is_shown_as_unknown():
    progress = begun()
    progress.apply_page(StepProgress("calibrations", ScriptUpdate(200004)), 5.0)
    assert describe_activity(progress, 9.0) == "loading, 0:05"


@pytest.mark.parametrize("width", [60, 100])
def test_the_display_fits_into_sixty_columns_and_twenty_lines(width):
    progress = with_run(begun())
    for number in range(5):
        progress.warn(f"warning {number}: " + "word " * 40)
    lines = shown(progress, 100.0, width)
    assert len(lines) <= 18  # and a line or two that are kept, above it
    assert max(map(len, lines)) < width
    text = "\n".join(lines)
    for words in ("enable-latiss", "calibrations", "taken 3/3, ingested 3", "taken 1/1, ingested 1",
                  "verifying BIAS: done after 30 s", "verifying DARK, 0:", "left, done about",
                  "! warning 4"):  # fmt: skip
        assert words in text


def test_a_terminal_without_unicode_gets_ascii_only():
    progress = with_run(begun())
    progress.warn("x" * 200)
    text = "\n".join(shown(progress, 60.0, ascii_only=True))
    assert text.isascii()
    assert "####" in text


def test_a_watcher_knows_the_steps_from_the_journal():
    progress = Progress()
    steps = tuple((name, "done in page-0" * (number < 4)) for number, name in enumerate(NAMES))
    configuration = ("calibrations", "script_mode: BIAS_DARK\nn_bias: 5\n")
    progress.apply_page(
        PageStarted("page-1", "bias-dark", steps, 900.0, "0", configurations=(configuration,)), 0.0
    )
    assert [step.name for step in progress.to_do] == ["calibrations", "standby-latiss"]
    assert progress.steps["calibrations"].title == "Take biases and darks"
    assert progress.steps["calibrations"].takes_images


def test_a_journal_that_does_not_fit_together_is_no_reason_to_show_nothing():
    progress = begun()
    progress.apply_run(model.JobFinished(VERIFY, model.JobResult("job-1", 0)), 5.0)
    assert shown(progress, 6.0)
