# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run under way: the fold of everything that is heard of it, for whoever shows it.

The page's events, the script's events and the records of the script's journal all go into one
value, whatever of them can be heard at a place.
"""

__all__ = ["Progress"]

import collections
import typing
from collections.abc import Callable, Sequence

import yaml

from ..calibration.plan import make_plan
from ..calibration.timeouts import EXPOSURE_OVERHEAD, READOUT_TIME
from ..model import (
    ConfigurationError,
    Event,
    ExposureAsked,
    ExposureTaken,
    ImageName,
    ImageType,
    JobAbandoned,
    JobAsked,
    JobFinished,
    JobKey,
    JobSubmitted,
    JournalError,
    Resumed,
    RunStarted,
    ScriptUpdate,
    Severity,
)
from ..page import (
    PROCEDURES,
    ConditionsRead,
    PageEnded,
    PageEvent,
    PageOptions,
    PagePlan,
    PageStarted,
    PageStep,
    StepEnded,
    StepProgress,
    StepQueued,
    StepStarted,
    StepStatus,
    calibration_config,
    make_page_plan,
)
from ..run.state import RunState
from .progress_items import JOB_TIMEOUT, ImageCounts, JobView, StepView


class Progress:
    """What is known of a run.

    Parameters
    ----------
    plan : `PagePlan`, optional
        The plan of the page; without it the run is that of a script alone.
    scale : `float`, optional
        How much faster than at the telescope exposures are: 1 at the telescope.
    """

    def __init__(self, plan: PagePlan | None = None, scale: float = 1.0) -> None:
        self.scale = scale
        self.run_id = ""
        self.began: float | None = None
        self.steps: dict[str, StepView] = {}
        self.script = ScriptUpdate(0)
        self.script_planned = 0.0
        self.script_began: float | None = None
        self.script_left: Callable[[float], float | None] | None = None
        """Tells from the time a script has run how long it still will, where no journal does."""
        self.remark = ""
        self.doing = "starting"
        self.doing_since: float | None = None
        self.run: RunState | None = None
        self.run_config: dict[str, typing.Any] = {}
        self.jobs: dict[JobKey, JobView] = {}
        self.exposing_since: float | None = None
        self.exposing_until: float | None = None
        self.exposed = 0.0
        self.measured: set[ImageName] = set()
        self.bad_frames: dict[ImageName, str] = {}
        self.measures = False
        self.warnings: collections.deque[str] = collections.deque(maxlen=3)
        self.is_over = False
        self.outcome: typing.Any = None
        if plan is not None:
            self.plan(plan)

    def plan(self, plan: PagePlan) -> None:
        """Take the steps of a plan."""
        for planned in plan.steps:
            step = planned.step
            self.steps[step.name] = StepView(
                step.name,
                step.title,
                step.duration,
                _processing(step),
                planned.skipped,
                configuration=step.configuration,
                takes_images=step.takes_images,
            )

    @property
    def current(self) -> StepView | None:
        """The step under way (`StepView` or `None`)."""
        for step in self.steps.values():
            if step.began is not None and step.status is StepStatus.NOT_REACHED:
                return step
        return None

    @property
    def to_do(self) -> Sequence[StepView]:
        """The steps that are carried out (`~collections.abc.Sequence` [`StepView`])."""
        return [step for step in self.steps.values() if not step.skipped]

    def apply_page(self, event: PageEvent, at: float) -> None:
        """Take note of an event of the page, heard or recorded at a time in seconds."""
        match event:
            case PageStarted():
                self.run_id, self.began = event.run_id, at
                if not self.steps:
                    self._plan_again(event)
                for name, skipped in event.steps:
                    step = self.steps.setdefault(name, StepView(name, name, 60.0))
                    step.skipped = skipped
            case StepStarted():
                step = self._step(event.name)
                step.began, step.configuration = at, event.configuration
                self.script, self.remark = ScriptUpdate(0), ""
            case StepQueued():
                self._step(event.name).index = event.index
            case StepProgress():
                self.script, self.remark = event.update, event.remark
            case StepEnded(outcome):
                step = self._step(outcome.name)
                step.status, step.took = outcome.status, outcome.duration
            case PageEnded():
                self.is_over, self.outcome = True, event.outcome
            case ConditionsRead():
                for item in event.readings:
                    if item.severity > Severity.OK:
                        self.warn(f"{item.title} is outside its limits.")
            case _:
                pass

    def _plan_again(self, event: PageStarted) -> None:
        """Take the plan from the journal, for whoever was not there when it was made."""
        procedure = PROCEDURES.get(event.procedure)
        if procedure is None:
            return
        options = PageOptions(
            configurations={name: text for name, text in event.configurations if text},
            reasons={name: reason for name, reason in event.steps if reason},
        )
        try:
            self.plan(make_page_plan(procedure, options))
        except ConfigurationError:
            return  # of a version whose configurations were others: its steps are known by name

    def _step(self, name: str) -> StepView:
        return self.steps.setdefault(name, StepView(name, name, 60.0))

    def apply_run(self, event: Event, at: float) -> None:
        """Take note of a record of the script's journal, made at a time in seconds."""
        if isinstance(event, RunStarted) or self.run is None:
            self.run = RunState()
        try:
            self.run.apply(event)
        except JournalError:
            return  # what cannot be folded is shown by `dailycal status`
        match event:
            case RunStarted():
                self.run_config = _read(event.config)
                self.script_began = self.script_began or at
                if not self.steps:
                    self.run_id = event.run_id
                    self.began = self.began or at
            case Resumed():
                self.script_began = at
                # Of a run that is no part of a page, what is done is counted from here.
                self.began = self.began if self.steps else at
                self.exposing_since = self.exposing_until = None
                self.exposed = 0.0
            case ExposureAsked():
                self.exposing_since = self.exposing_since or at
            case ExposureTaken(image):
                self.exposing_until = at
                self.exposed += image.planned.exposure_time + READOUT_TIME + EXPOSURE_OVERHEAD
            case JobAsked(key):
                allowed = float(self.run_config.get("job_timeout", JOB_TIMEOUT))
                self.jobs[key] = JobView(key, at, allowed=allowed)
            case JobSubmitted(key):
                self.jobs[key].accepted = at
            case JobAbandoned(key):
                self.jobs[key].ended = at
            case JobFinished(key, result):
                self.jobs[key].ended, self.jobs[key].succeeded = at, result.succeeded
            case _:
                self._apply_measured(event)

    def _apply_measured(self, event: typing.Any) -> None:
        """Count the frames that were measured, by versions that measure them."""
        # By its name: a journal of a version that does not measure has no such record.
        if type(event).__name__ != "ImageMeasured" or self.run is None:
            return
        self.measures = True
        self.measured.add(event.name)
        if str(event.verdict) == "bad" or event.rejected:
            more = ", left out and taken again" if event.rejected else ""
            reasons = "; ".join(event.reasons)
            text = f"{self._label(event.name)} is bad{more}: {reasons}".rstrip(": ")
            self.bad_frames[event.name] = text

    def _label(self, name: ImageName) -> str:
        """Name a frame by its place in the plan, as long as it is there."""
        slots = self.run.slots.values() if self.run is not None else ()
        for slot in slots:
            if slot.image is not None and slot.image.name == name:
                return f"{slot.planned.label} {name}"
        return str(name)

    def counts(self) -> list[ImageCounts]:
        """Return how far the images of each type are (`list` [`ImageCounts`])."""
        if self.run is None:
            return []
        kinds = dict.fromkeys(kind for kind, _ in self.run.slots)
        return [self._count(self.run, kind) for kind in kinds]

    def _count(self, run: RunState, kind: ImageType) -> ImageCounts:
        slots = run.of_type(kind)
        return ImageCounts(
            kind,
            len(slots),
            sum(slot.image is not None for slot in slots),
            sum(slot.ingested for slot in slots),
            sum(slot.image is not None and slot.image.name in self.measured for slot in slots)
            if self.measures
            else None,
            sum(bool(slot.failure) for slot in slots),
        )

    def do(self, text: str, at: float) -> None:
        """Take note of what is being done around the run, since a time in seconds."""
        if text != self.doing:
            self.doing, self.doing_since = text, at

    def warn(self, text: str) -> None:
        """Remember a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)


def _processing(step: PageStep) -> float:
    config = calibration_config(step)
    if config is None or config.resume:
        return 0.0
    return min(step.duration, make_plan(config).processing_time)


def _read(config: str) -> dict[str, typing.Any]:
    try:
        given = yaml.safe_load(config)
    except yaml.YAMLError:
        return {}
    return given if isinstance(given, dict) else {}
