# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The journal: what it keeps, and what a crash leaves."""

import dataclasses

import pytest

from lsst.ts.dailycal.journal import Entry, FileStorage
from lsst.ts.dailycal.model import (
    AmplifierMeasurement,
    Comparison,
    ComparisonVerdict,
    ExposureAsked,
    ExposureTaken,
    FrameTrouble,
    FrameVerdict,
    Image,
    ImageIngested,
    ImageLost,
    ImageMeasurement,
    ImageName,
    ImageTags,
    ImageType,
    JobKey,
    JobRequest,
    JobResult,
    JobStep,
    JournalError,
    LeftOut,
    Message,
    PlannedExposure,
    Resumed,
    RunStarted,
    TroubleKind,
)
from lsst.ts.dailycal.model import events as event_module
from lsst.ts.dailycal.model.decisions import Certification, Decision, Validity
from lsst.ts.dailycal.model.outcomes import (
    CalibrationOutcome,
    CalibrationStatus,
    Failure,
    RunOutcome,
)
from lsst.ts.dailycal.run import RunJournal, RunState, read_journal
from lsst.ts.dailycal.run.journal import RUN_CODEC

PLANNED = PlannedExposure(ImageType.DARK, 5.0, 1, 2, False)
NAME = ImageName(20261123, 7)
TAGS = ImageTags("2026-11-23T12:00:00.000", program="BLOCK-1")
KEY = JobKey(JobStep.VERIFY, ImageType.DARK)
GENERATED = JobKey(JobStep.GENERATE, ImageType.DARK)
DECISION = Decision(ImageType.DARK, True, 20, (), 11, 8, ((1, "NOISE", 3),))
CERTIFICATION = Certification("dark", "u/ocps/a", "LATISS/calib/daily", Validity("a", "b"))
TROUBLE = FrameTrouble(TroubleKind.DEAD, ("C10",), "C10 gives a constant")
AMPLIFIER = AmplifierMeasurement(
    "C10", 1.25, 25e3, 0.5, 8.0, 8.5, 1.1, 0, 1, 0, 0, 2, 1024, 4, 928, 0.1, 0.2, 0.01, (1.0, 2.0)
)
MEASUREMENT = ImageMeasurement(
    NAME, NAME.exposure_id, "DARK", 5.0, 5.02, "a.seq 1", (1, 2), (AMPLIFIER,), "ab", 0.2
)
FAILURE = Failure("verify DARK", "no result", "look")
OUTCOME = RunOutcome(
    "run",
    (CalibrationOutcome(ImageType.DARK, CalibrationStatus.REJECTED, 2, 3, 2, DECISION, FAILURE),),
    FAILURE,
)
COMPARISON = Comparison(
    ImageType.DARK, ComparisonVerdict.WORSE, "u/ocps/1/run", ("level of C10 differs",), False
)
EVENTS = [
    RunStarted("run", "script_mode: DARK\n", (PLANNED,), (KEY,), TAGS, "0.1"),
    Resumed(TAGS),
    ExposureAsked(PLANNED, 1, "group#1"),
    event_module.ExposureFailed(PLANNED, 1, "lost \u2603 \n line", NAME),
    ExposureTaken(Image(PLANNED, NAME, ("late",))),
    ImageIngested(NAME),
    ImageLost(NAME, "corrupt"),
    event_module.ImageDamaged(NAME, "the file is short"),
    event_module.ImageMeasured(
        NAME, FrameVerdict.BAD, (TROUBLE,), rejected=True, measurement=MEASUREMENT
    ),
    event_module.AmplifiersGivenUp(ImageType.DARK, ("C10",), "C10: dead"),
    event_module.ImageUnclaimed(NAME, "group#1"),
    event_module.JobAsked(KEY, JobRequest("p", "c", "q")),
    event_module.JobSubmitted(KEY, "abc"),
    event_module.JobFinished(KEY, JobResult("abc", 0, "{}")),
    event_module.JobAbandoned(KEY, "abc", "late"),
    event_module.CombinationNoted(KEY, (LeftOut(7, "SEQNAME is b"),), ("few frames",)),
    event_module.Decided(DECISION),
    event_module.Compared(COMPARISON),
    event_module.Certified(ImageType.DARK, CERTIFICATION),
    Message(20, "hello"),
    event_module.RunEnded(OUTCOME),
]


class Clock:
    def tai(self):
        return 1.5


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_every_event_survives_the_way_through_the_journal(event):
    line = RUN_CODEC.encode(event, number=3, tai=1.5)
    assert "\n" not in line
    assert RUN_CODEC.decode(line) == Entry(3, 1.5, event)


def test_every_kind_of_event_is_tested_above():
    kinds = {getattr(event_module, name) for name in event_module.__all__ if name != "Event"}
    assert {type(event) for event in EVENTS} == kinds


async def test_what_is_recorded_is_read_again(tmp_path):
    path = tmp_path / "journals" / "run.jsonl"
    journal = RunJournal(FileStorage(path), Clock())
    for event in EVENTS:
        await journal.record(event)
    assert read_journal(path) == EVENTS


async def test_a_line_that_a_crash_cut_short_is_left_out_and_spoils_no_other(tmp_path):
    path = tmp_path / "run.jsonl"
    await RunJournal(FileStorage(path), Clock()).record(EVENTS[0])
    with path.open("a") as file:
        file.write('{"version":1,"number":1,"tai":1.5,"event":"Mess')
    assert read_journal(path) == EVENTS[:1]
    journal = RunJournal(FileStorage(path), Clock(), events=read_journal(path))
    await journal.record(EVENTS[1])
    assert read_journal(path) == EVENTS[:2]


async def test_a_record_that_is_missing_is_noticed(tmp_path):
    path = tmp_path / "run.jsonl"
    journal = RunJournal(FileStorage(path), Clock())
    for event in EVENTS[:4]:
        await journal.record(event)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *lines[2:]]) + "\n")
    with pytest.raises(JournalError, match="record 2 stands where 1 should"):
        read_journal(path)


def test_a_journal_of_a_newer_program_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "run.jsonl"
    path.write_text(
        RUN_CODEC.encode(EVENTS[0], number=0, tai=0).replace('"version":1', '"version":99')
    )
    with pytest.raises(JournalError, match="newer ts_dailycal"):
        read_journal(path)


def test_a_journal_that_is_not_there_is_an_error_with_what_to_do(tmp_path):
    with pytest.raises(JournalError, match="dailycal runs"):
        read_journal(tmp_path / "none.jsonl")


async def test_an_event_that_cannot_be_stored_did_not_happen(tmp_path):
    (tmp_path / "file").touch()
    journal = RunJournal(FileStorage(tmp_path / "file" / "run.jsonl"), Clock())
    with pytest.raises(JournalError, match="DAILYCAL_JOURNAL_DIR"):
        await journal.record(EVENTS[0])
    assert journal.state.started is None


async def test_an_observer_that_raises_harms_nobody(tmp_path, caplog):
    heard = []

    class Bad:
        def notify(self, event):
            raise RuntimeError("no")

    class Good:
        def notify(self, event):
            heard.append(event)

    journal = RunJournal(FileStorage(tmp_path / "run.jsonl"), Clock(), [Bad(), Good()])
    await journal.record(EVENTS[0])
    await journal.settle()
    assert heard == EVENTS[:1]
    assert "Observer Bad failed on RunStarted" in caplog.text


def test_a_lost_image_has_to_be_taken_again_and_a_late_one_has_not():
    slot_events = [EVENTS[0], ExposureAsked(PLANNED, 1, "g#1"), ExposureTaken(Image(PLANNED, NAME))]
    state = RunState(slot_events)
    (slot,) = state.slots.values()
    assert state.is_pending(slot)
    assert not state.is_settled(ImageType.DARK, 3)
    state.apply(ImageLost(NAME, "corrupt"))
    assert state.next_slot(3) is slot
    state.apply(ImageIngested(NAME))
    assert state.next_slot(3) is None
    assert state.usable(ImageType.DARK) == [NAME]


def _taken(number: int, attempt: int = 1) -> list:
    name = ImageName(20261123, number)
    return [
        ExposureAsked(PLANNED, attempt, f"g#{number}"),
        ExposureTaken(Image(PLANNED, name)),
        ImageIngested(name),
    ]


def test_a_bad_frame_is_replaced_and_stays_among_the_images_but_not_among_the_usable():
    state = RunState([EVENTS[0], *_taken(7)])
    (slot,) = state.slots.values()
    state.apply(event_module.ImageMeasured(NAME, FrameVerdict.BAD, (TROUBLE,), rejected=True))
    assert state.usable(ImageType.DARK) == []
    assert state.next_slot(3) is slot
    for event in _taken(8, attempt=2):
        state.apply(event)
    assert state.usable(ImageType.DARK) == [ImageName(20261123, 8)]
    assert state.next_slot(3) is None
    assert state.all_images == [NAME, ImageName(20261123, 8)]
    assert [event.name for event in state.rejected(ImageType.DARK)] == [NAME]


def test_a_bad_frame_that_is_not_to_be_retaken_stays_usable():
    state = RunState([EVENTS[0], *_taken(7)])
    state.apply(event_module.ImageMeasured(NAME, FrameVerdict.BAD, (TROUBLE,)))
    assert state.usable(ImageType.DARK) == [NAME]
    assert state.is_settled(ImageType.DARK, 3)


def test_a_frame_that_still_settles_uses_up_no_attempt():
    state = RunState([EVENTS[0], *_taken(7)])
    (slot,) = state.slots.values()
    settling = event_module.ImageMeasured(NAME, FrameVerdict.SETTLING, rejected=True)
    for _ in range(2):
        state.apply(settling)
        assert slot.attempts == 0
    assert state.next_slot(1) is slot


def test_later_frames_may_change_what_is_said_of_a_frame_and_its_measurement_stays():
    state = RunState([EVENTS[0], *_taken(7)])
    state.apply(event_module.ImageMeasured(NAME, FrameVerdict.GOOD, measurement=MEASUREMENT))
    state.apply(event_module.ImageMeasured(NAME, FrameVerdict.BAD, (TROUBLE,), rejected=True))
    assert state.measured[NAME].reasons == ("C10 gives a constant",)
    assert state.measurements[NAME] is MEASUREMENT
    assert state.usable(ImageType.DARK) == []


def test_what_combination_left_out_holds_until_it_is_combined_again():
    """What verification dropped then is in no later combination: the first one said why."""
    again = dataclasses.replace(GENERATED, attempt=2)
    asked = event_module.JobAsked(again, JobRequest("p", "c", "q"))
    steps = [
        dataclasses.replace(asked, key=GENERATED),
        event_module.CombinationNoted(GENERATED, (LeftOut(7, "a"), LeftOut(8, "b"))),
        event_module.Decided(dataclasses.replace(DECISION, left_out=(7, 9))),
        asked,
        event_module.CombinationNoted(again, (LeftOut(6, "c"),)),
        asked,  # as the job failed after all
    ]
    state, found = RunState(EVENTS[:1]), []
    for event in steps:
        state.apply(event)
        found.append(state.uncombined(ImageType.DARK))
    assert found == [{}, {7: "a", 8: "b"}, {7: "a"}, {7: "a"}, {7: "a", 6: "c"}, {7: "a"}]
