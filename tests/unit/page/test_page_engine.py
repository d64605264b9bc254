# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The engine of the page, with a queue in memory and a time that jumps."""

import asyncio
import dataclasses
import logging

import pytest
from queue_in_memory import (
    AnnouncerInMemory,
    Behaviour,
    CameraInMemory,
    ComponentsInMemory,
    GaugesInMemory,
    LoopClock,
    QueueInMemory,
    RepositoryInMemory,
)

from lsst.ts.dailycal.journal import MemoryStorage
from lsst.ts.dailycal.model import (
    CertificationError,
    ComponentName,
    ComponentStatus,
    Conflict,
    Finding,
    JournalError,
    Occasion,
    ProcessState,
    QueuedScript,
    ScriptPath,
    ScriptState,
    Severity,
    Validity,
)
from lsst.ts.dailycal.page import (
    BIAS_DARK,
    AnnouncementMade,
    CheckSettings,
    ChecksMade,
    PageChecks,
    PageEnded,
    PageJournal,
    PageOptions,
    PagePorts,
    PageRun,
    PageStarted,
    PageTimes,
    StepEnded,
    StepProgress,
    StepQueued,
    StepStatus,
    make_page_plan,
    read_page_journal,
)
from lsst.ts.dailycal.testing.loop import run_fast

ENABLE_ATCS = "auxtel/enable_atcs.py"
CALIBRATIONS = "auxtel/make_latiss_calibrations.py"
NAMES = [step.name for step in BIAS_DARK.steps]


class Recorder:
    def __init__(self):
        self.events = []

    def notify(self, event):
        self.events.append(event)

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]


class Stage:
    """A page run with everything in memory."""

    def __init__(self, queue=None, *, options=None, settings=None, **ports):
        self.queue = queue or QueueInMemory()
        self.announcer = ports.pop("announcer", AnnouncerInMemory())
        self.recorder = Recorder()
        self.storage = MemoryStorage()
        self.repository = ports.pop("repository", RepositoryInMemory())
        components = ports.pop("components", ComponentsInMemory())
        components.queue = self.queue
        self.ports = PagePorts(
            queue=self.queue,
            announcer=self.announcer,
            components=components,
            clock=LoopClock(),
            camera=ports.pop(
                "camera", CameraInMemory(Finding("ATCamera use", Severity.OK, "idle"))
            ),
            gauges=ports.pop("gauges", GaugesInMemory()),
            repository=lambda _: self.repository,
        )
        self.plan = make_page_plan(BIAS_DARK, options or PageOptions())
        self.settings = settings or CheckSettings(data_path="/", image_bytes=1.0)
        self.run = None

    def execute(self, *, resume_queue=False, meanwhile=None):
        async def main():
            self.run = PageRun(
                "run-1",
                self.plan,
                self.ports,
                checks=PageChecks(self.ports, self.settings),
                journal=PageJournal(self.storage, LoopClock(), [self.recorder]),
                times=PageTimes(),
            )
            async with asyncio.TaskGroup() as group:
                if meanwhile is not None:
                    group.create_task(meanwhile(self))
                return await self.run.execute(resume_queue=resume_queue)

        return run_fast(main())

    def statuses(self, outcome):
        return {step.name: step.status for step in outcome.steps}


@pytest.mark.prevents("D26")
def test_the_page_is_carried_out_in_order_and_announced_before_and_after():
    stage = Stage()
    outcome = stage.execute()
    assert outcome.succeeded
    assert not outcome.reason
    assert [request.script for request in stage.queue.added] == [
        step.script for step in BIAS_DARK.steps
    ]
    assert set(stage.statuses(outcome).values()) == {StepStatus.DONE}
    made = stage.announcer.made
    assert [item.occasion for item in made] == [Occasion.BEFORE, Occasion.AFTER]
    assert "about 18 minutes" in made[0].text
    assert isinstance(stage.recorder.events[0], PageStarted)
    assert isinstance(stage.recorder.events[-1], PageEnded)


def test_a_script_is_added_only_after_the_end_of_the_one_before():
    stage = Stage()
    stage.execute()
    queued = [
        event for event in stage.recorder.events if isinstance(event, (StepQueued, StepEnded))
    ]
    kinds = [type(event) for event in queued]
    assert kinds == [StepQueued, StepEnded] * len(NAMES)


def test_the_journal_tells_the_same_as_was_shown(tmp_path):
    stage = Stage()
    stage.execute()
    path = tmp_path / "page.jsonl"
    path.write_text("\n".join(stage.storage.lines) + '\n{"cut sho', encoding="ascii")
    shown = [event for event in stage.recorder.events if not isinstance(event, StepProgress)]
    assert read_page_journal(path) == shown


def test_a_failed_step_ends_the_page_and_says_how_to_go_on():
    reason = "ATMCS went to FAULT on command enable. Send it to STANDBY."
    queue = QueueInMemory({ENABLE_ATCS: Behaviour(end=ScriptState.FAILED, reason=reason)})
    stage = Stage(queue)
    outcome = stage.execute()
    assert not outcome.succeeded
    assert stage.statuses(outcome) == {
        "enable-atcs": StepStatus.FAILED,
        **dict.fromkeys(NAMES[1:], StepStatus.NOT_REACHED),
    }
    assert reason in outcome.reason
    advice = "\n".join(outcome.advice)
    assert "ScriptQueue:2 is paused on script 200001" in advice
    assert outcome.command == "dailycal run --resume run-1 --resume-queue"
    assert outcome.headline == ("Step enable-atcs failed: ATMCS went to FAULT on command enable.")
    assert "To leave LATISS" not in advice, "it was never enabled"
    assert [item.occasion for item in stage.announcer.made] == [Occasion.BEFORE, Occasion.FAILURE]
    assert outcome.headline in stage.announcer.made[1].text
    assert len(queue.added) == 1


def test_once_latiss_may_be_enabled_it_is_said_how_to_leave_it():
    queue = QueueInMemory({"auxtel/enable_latiss.py": Behaviour(end=ScriptState.FAILED)})
    advice = "\n".join(Stage(queue).execute().advice)
    assert "To leave LATISS as the page does instead: dailycal run --from-step standby-" in advice


def test_the_queue_may_take_a_while_to_pause_after_a_failure():
    class Slow(QueueInMemory):
        async def status(self, timeout):
            status = await super().status(timeout)
            if asyncio.get_running_loop().time() < 16.0:
                return dataclasses.replace(status, running=True)
            return status

    queue = Slow({ENABLE_ATCS: Behaviour(end=ScriptState.FAILED)})
    outcome = Stage(queue).execute()
    assert "ScriptQueue:2 is paused on script 200001" in outcome.advice[0]


def test_the_summit_is_not_told_a_long_story():
    reason = "Error in run: " + "word " * 500
    queue = QueueInMemory({ENABLE_ATCS: Behaviour(end=ScriptState.FAILED, reason=reason)})
    stage = Stage(queue)
    stage.execute()
    text = stage.announcer.made[1].text
    assert len(text) < 400
    assert "Error in run" not in text


def test_calibrations_that_fail_are_gone_on_with_by_one_command():
    reason = "verify DARK: no result. Nothing is lost; resume: 20261123T120000-7 finishes this run."
    queue = QueueInMemory({CALIBRATIONS: Behaviour(end=ScriptState.FAILED, reason=reason)})
    outcome = Stage(
        queue,
        options=PageOptions(from_step="calibrations"),
        components=ComponentsInMemory(rest="ENABLED"),
    ).execute()
    assert outcome.headline == "Step calibrations failed: verify DARK: no result."
    assert outcome.kept == "What was taken is kept."
    assert outcome.command == "dailycal run --resume run-1 --resume-queue"


def test_the_summit_is_told_no_text_of_an_exception():
    reason = "OSError: [Errno 5] Input/output error: '/data/x.fits' <ScriptState.DONE: 8>"
    queue = QueueInMemory({ENABLE_ATCS: Behaviour(end=ScriptState.FAILED, reason=reason)})
    stage = Stage(queue)
    outcome = stage.execute()
    assert outcome.headline == "Step enable-atcs failed: the reason is in its log."
    assert stage.announcer.made[1].text == (
        "AuxTel: LATISS bias and dark calibrations have ended early. "
        "Step enable-atcs failed: the reason is in its log. "
        "The telescope and the dome were not moved."
    )
    assert reason in outcome.reason


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (Behaviour(process=ProcessState.LOADFAILED, end=ScriptState.UNKNOWN), "not be started"),
        (
            Behaviour(process=ProcessState.CONFIGUREFAILED, end=ScriptState.UNCONFIGURED),
            "the queue did not hear it answer in time",
        ),
        (Behaviour(end=ScriptState.CONFIGURE_FAILED), "refused its configuration"),
        (Behaviour(end=ScriptState.RUNNING), "was killed"),
        (Behaviour(process=ProcessState.TERMINATED, end=ScriptState.RUNNING), "was terminated"),
        (Behaviour(refuses="no such script"), "no such script"),
    ],
)
def test_every_way_to_end_is_told_apart(behaviour, words):
    stage = Stage(QueueInMemory({ENABLE_ATCS: behaviour}))
    outcome = stage.execute()
    assert stage.statuses(outcome)["enable-atcs"] is StepStatus.FAILED
    assert words in outcome.reason


def test_the_reason_of_a_refusal_is_what_the_script_said_and_not_its_configuration():
    """salobj logs the configuration in full after it, on several lines and without a reason."""
    given = "script_mode: BIAS_DARK\nresume: 20200101T000000-200001\n"
    said = "There is no journal of run 20200101T000000-200001. It was looked for in /there."
    messages = ((logging.ERROR, said), (logging.ERROR, f"config({given}) failed"))
    refusing = Behaviour(end=ScriptState.CONFIGURE_FAILED, messages=messages)
    options = PageOptions(configurations={"calibrations": given})
    stage = Stage(QueueInMemory({CALIBRATIONS: refusing}), options=options)
    outcome = stage.execute()
    reason = "There is no journal of run 20200101T000000-200001."
    assert outcome.headline == (
        f"Step calibrations failed: The script refused its configuration: {reason}"
    )
    assert outcome.headline in stage.announcer.made[1].text
    assert outcome.steps[-2].reason.endswith(said)
    assert not outcome.kept
    # To go on with it would be refused again.
    assert outcome.command.startswith("dailycal run --from-step calibrations")


def test_a_script_that_somebody_else_stops_stops_the_page():
    stage = Stage(QueueInMemory({ENABLE_ATCS: Behaviour(end=ScriptState.STOPPED)}))
    outcome = stage.execute()
    assert outcome.stopped
    assert stage.statuses(outcome)["enable-atcs"] is StepStatus.STOPPED


def test_a_queue_that_falls_silent_leaves_the_step_unknown():
    queue = QueueInMemory({ENABLE_ATCS: Behaviour(duration=100, silent_after=20)})
    stage = Stage(queue)
    outcome = stage.execute()
    assert stage.statuses(outcome)["enable-atcs"] is StepStatus.UNKNOWN
    assert "may still be running" in outcome.headline


async def stop_after_five_seconds(stage):
    await asyncio.sleep(5.5)
    stage.run.stop()


def test_an_observer_who_stops_the_page_stops_its_script_and_no_other_begins():
    stage = Stage(QueueInMemory({ENABLE_ATCS: Behaviour(duration=100)}))
    outcome = stage.execute(meanwhile=stop_after_five_seconds)
    assert stage.queue.stopped == [200001]
    assert outcome.stopped
    assert len(stage.queue.added) == 1


def test_a_script_that_ends_its_dark_first_is_stopped_although_the_queue_gave_up():
    queue = QueueInMemory({ENABLE_ATCS: Behaviour(duration=1000)})
    queue.gives_up_on_stop = 45.0
    stage = Stage(queue)
    outcome = stage.execute(meanwhile=stop_after_five_seconds)
    assert outcome.stopped
    assert stage.statuses(outcome)["enable-atcs"] is StepStatus.STOPPED


def test_a_rejection_of_what_was_taken_is_not_announced_as_success():
    said = "BIAS: rejected, 20 of 20 images, 20 of 20 exposures bad (rejected from 11)"
    stage = Stage(QueueInMemory({CALIBRATIONS: Behaviour(messages=((logging.WARNING, said),))}))
    outcome = stage.execute()
    assert outcome.succeeded
    assert outcome.rejection == said
    assert outcome.steps[-2].rejected == (said,)
    assert "verification REJECTED BIAS;" in stage.announcer.made[-1].text
    assert "complete" not in stage.announcer.made[-1].text


def test_masked_amplifiers_are_announced_with_what_is_complete():
    said = "BIAS: certified without amplifiers: C13 masked BAD"
    stage = Stage(QueueInMemory({CALIBRATIONS: Behaviour(messages=((logging.WARNING, said),))}))
    outcome = stage.execute()
    assert outcome.succeeded
    assert outcome.steps[-2].masked == (said,)
    assert stage.announcer.made[-1].text.endswith(f"complete. {said}.")


def test_a_script_that_never_stops_is_told_with_what_the_queue_said():
    queue = QueueInMemory({ENABLE_ATCS: Behaviour(duration=1000)})
    queue.gives_up_on_stop = 400.0
    stage = Stage(queue)
    outcome = stage.execute(meanwhile=stop_after_five_seconds)
    assert stage.statuses(outcome)["enable-atcs"] is StepStatus.UNKNOWN
    assert "did not end within 3 min" in outcome.reason
    assert "refused command stopScripts: Timeout" in outcome.reason


async def pause_and_forget(stage):
    await asyncio.sleep(0.5)
    stage.queue.running = False


async def pause_for_a_minute(stage):
    await pause_and_forget(stage)
    await asyncio.sleep(60)
    stage.queue.running = True


def test_a_queue_that_is_paused_meanwhile_is_waited_for_with_a_remark():
    stage = Stage()
    outcome = stage.execute(meanwhile=pause_for_a_minute)
    assert outcome.succeeded
    remarks = {event.remark for event in stage.recorder.of(StepProgress) if event.remark}
    assert remarks == {"the queue is paused: resume it in LOVE to go on"}


def test_a_queue_that_nobody_resumes_is_given_up_and_the_script_taken_out():
    stage = Stage()
    outcome = stage.execute(meanwhile=pause_and_forget)
    assert stage.queue.stopped == [200001]
    assert stage.statuses(outcome)["enable-atcs"] is StepStatus.FAILED
    assert "Nobody acted for 1 h" in outcome.reason


def test_a_script_that_takes_too_long_is_stopped():
    stage = Stage(QueueInMemory({ENABLE_ATCS: Behaviour(duration=1e6)}))
    outcome = stage.execute()
    assert stage.queue.stopped == [200001]
    assert "its deadline of 10 min" in outcome.steps[0].reason


def nothing_was_moved(stage, outcome, skipped=0):
    assert outcome.reason.startswith("Nothing was started.")
    assert not stage.queue.added
    assert not stage.announcer.made
    assert set(list(stage.statuses(outcome).values())[skipped:]) == {StepStatus.NOT_REACHED}


def status(name, state, **rest):
    return {name: ComponentStatus(ComponentName(name), state, alive=True, **rest)}


@pytest.mark.parametrize(
    ("options", "command"),
    [
        (PageOptions(), "dailycal run"),
        (PageOptions(from_step="calibrations"), "dailycal run --resume run-1"),
        (PageOptions(skip=("enable-atcs",)), "dailycal run --resume run-1"),
        (
            PageOptions(configurations={"calibrations": "script_mode: BIAS"}),
            "dailycal run --resume run-1",
        ),
    ],
)
def test_a_page_that_nothing_was_begun_of_is_begun_again_as_it_was_wanted(options, command):
    camera = CameraInMemory(Finding("ATCamera use", Severity.REFUSAL, "somebody exposes"))
    outcome = Stage(options=options, camera=camera).execute()
    assert outcome.headline.startswith("Nothing was started")
    assert outcome.command == command


@pytest.mark.prevents("D21")
@pytest.mark.parametrize(
    ("ports", "words"),
    [
        (
            {"components": ComponentsInMemory(**status("ATDome", "FAULT", error_code=3))},
            "ATDome: FAULT, error 3",
        ),
        (
            {
                "components": ComponentsInMemory(
                    **status("ATCamera", "OFFLINE", remark="offline substate PUBLISH_ONLY")
                )
            },
            "setAvailable",
        ),
        ({"gauges": GaugesInMemory(ccd=-98.0)}, "CCD temperature: -98 °C"),
        (
            {"camera": CameraInMemory(Finding("ATCamera use", Severity.REFUSAL, "busy", "Wait."))},
            "ATCamera use: busy",
        ),
        (
            {"repository": RepositoryInMemory(error=CertificationError("cannot be read"))},
            "Repository: cannot be read",
        ),
        (
            {"repository": RepositoryInMemory(lacks="dark")},
            "Repository: no dark in LATISS/calib of LATISS is valid tonight",
        ),
    ],
)
def test_what_is_not_right_refuses_the_page_before_anything_moves(ports, words):
    stage = Stage(**ports)
    outcome = stage.execute()
    nothing_was_moved(stage, outcome)
    assert words in outcome.reason


def test_a_paused_queue_refuses_the_page_unless_it_may_be_resumed():
    queue = QueueInMemory()
    queue.running, queue.current = False, QueuedScript(200001, "a.py", ScriptState.FAILED)
    stage = Stage(queue)
    outcome = stage.execute()
    nothing_was_moved(stage, outcome)
    assert "paused on script 200001 a.py FAILED" in outcome.reason
    settings = dataclasses.replace(stage.settings, may_resume=True)
    stage = Stage(queue, settings=settings)
    assert stage.execute(resume_queue=True).succeeded
    assert queue.resumed == 1


def test_a_script_that_the_queue_lacks_refuses_the_page():
    queue = QueueInMemory()
    queue.available_scripts -= {ScriptPath(CALIBRATIONS, is_standard=False)}
    stage = Stage(queue)
    outcome = stage.execute()
    nothing_was_moved(stage, outcome)
    assert CALIBRATIONS in outcome.reason


@pytest.mark.prevents("D26")
def test_a_scheduler_without_configuration_refuses_the_page_and_says_which_is_meant():
    stage = Stage(options=PageOptions(configurations={"enable-scheduler": ""}))
    outcome = stage.execute()
    nothing_was_moved(stage, outcome)
    assert "enable-scheduler: config must be given" in outcome.reason
    assert "auxtel_fbs_image_photocal.yaml" in outcome.reason


def test_calibrations_alone_are_refused_if_nobody_has_enabled_what_they_need():
    stage = Stage(options=PageOptions(from_step="calibrations"))
    outcome = stage.execute()
    nothing_was_moved(stage, outcome, skipped=4)
    for name in ("ATCamera", "ATSpectrograph", "ATHeaderService", "ATOODS", "OCPS:1"):
        assert f"{name}: STANDBY. No step of this run enables it" in outcome.reason
    assert "ATMCS" not in outcome.reason


def test_a_conflict_refuses_only_who_wants_to_certify():
    conflict = Conflict("bias", "LATISS/calib/daily", "u/run", Validity("a", "b"))
    assert Stage(repository=RepositoryInMemory(conflict)).execute().succeeded
    text = "script_mode: BIAS_DARK\ngenerate_calibrations: true\n"
    stage = Stage(
        repository=RepositoryInMemory(conflict),
        options=PageOptions(configurations={"calibrations": text}),
    )
    outcome = stage.execute()
    nothing_was_moved(stage, outcome)
    assert "bias in LATISS/calib/daily" in outcome.reason


def test_what_the_observer_accepts_does_not_refuse():
    settings = CheckSettings(accepted=("CCD temperature",), data_path="/", image_bytes=1.0)
    stage = Stage(gauges=GaugesInMemory(ccd=-98.0), settings=settings)
    assert stage.execute().succeeded
    findings = stage.recorder.of(ChecksMade)[0].findings
    (ccd,) = [finding for finding in findings if finding.subject == "CCD temperature"]
    assert ccd.severity is Severity.WARNING


@pytest.mark.prevents("D21")
def test_preconditions_of_a_step_are_looked_at_again_before_it():
    gauges = GaugesInMemory()

    async def warm_up(_):
        await asyncio.sleep(25)
        gauges.values["ccd"] = -98.0

    stage = Stage(gauges=gauges)
    outcome = stage.execute(meanwhile=warm_up)
    assert stage.statuses(outcome)["calibrations"] is StepStatus.FAILED
    assert CALIBRATIONS not in [request.script.path for request in stage.queue.added]
    assert "CCD temperature" in outcome.reason


@pytest.mark.parametrize(
    "announcer",
    [
        AnnouncerInMemory(problem="#summit-auxtel: not_in_channel"),
        AnnouncerInMemory(error=RuntimeError("broken")),
        AnnouncerInMemory(delay=1e6),
    ],
)
def test_an_announcement_that_does_not_work_is_told_and_harms_nothing(announcer):
    stage = Stage(announcer=announcer)
    assert stage.execute().succeeded
    made = stage.recorder.of(AnnouncementMade)
    assert len(made) == 2
    assert all(event.problems for event in made)


def test_nobody_waits_for_an_announcement():
    stage = Stage(announcer=AnnouncerInMemory(delay=8.0))
    stage.execute()
    kinds = [type(event) for event in stage.recorder.events]
    assert kinds.index(StepQueued) < kinds.index(AnnouncementMade)


def test_a_journal_that_cannot_be_written_ends_the_page():
    class Full(MemoryStorage):
        def append(self, line):
            if len(self.lines) == 4:
                raise JournalError("The disk is full.")
            super().append(line)

    stage = Stage()
    stage.storage = Full()
    with pytest.raises(BaseExceptionGroup) as caught:
        stage.execute()
    assert caught.group_contains(JournalError, match="disk is full", depth=1)
