# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The procedure page: its steps, and what came of them."""

__all__ = [
    "DONE_IN",
    "REJECTED",
    "PageOutcome",
    "PagePlan",
    "PageStep",
    "PlannedStep",
    "Precondition",
    "Procedure",
    "StepOutcome",
    "StepStatus",
]

import dataclasses
import enum

from ..model import Announcement, ComponentName, ScriptPath

REJECTED = "REJECTED. "
"""Begins the reason of a step that is done, and whose calibrations verification rejected."""


class Precondition(enum.StrEnum):
    """What must be right before a step."""

    QUEUE = "queue"
    """The script queue is alive, ENABLED and running, and nobody else's run is in it."""
    COMPONENTS = "components"
    """The step's components are alive, and in a state from which they can be enabled."""
    CONDITIONS = "conditions"
    """LATISS has its temperatures and its vacuum."""
    CAMERA = "camera"
    """Nobody is using the camera."""
    DISK = "disk"
    """There is room for the images."""
    REPOSITORY = "repository"
    """The Butler can be read, and no calibration is certified for the same time."""


@dataclasses.dataclass(frozen=True, slots=True)
class PageStep:
    """One step of a procedure page: a script with its configuration."""

    name: str
    """Short name for the command line, e.g. ``enable-latiss``."""
    title: str
    """What it does, in a few words."""
    script: ScriptPath
    """The script."""
    configuration: str = ""
    """Configuration of the script as YAML text; empty for none."""
    duration: float = 60.0
    """How long it usually takes, in seconds."""
    deadline: float = 600.0
    """How long it may take at most while it is not paused, in seconds."""
    components: tuple[ComponentName, ...] = ()
    """Components that it commands, or that must be alive for it."""
    preconditions: tuple[Precondition, ...] = (Precondition.QUEUE, Precondition.COMPONENTS)
    """What is looked at before it."""
    before: Announcement | None = None
    """What is announced before it."""
    after: Announcement | None = None
    """What is announced after it."""
    enables: bool = False
    """Does it enable its components?"""
    takes_images: bool = False
    """Does it take images? Its components must be ENABLED then."""
    restores: bool = False
    """Does it only leave things as the page leaves them?"""


@dataclasses.dataclass(frozen=True, slots=True)
class Procedure:
    """A procedure page."""

    name: str
    """Short name for the command line, e.g. ``bias-dark``."""
    title: str
    """Its heading."""
    steps: tuple[PageStep, ...]
    """Its steps, in order."""
    failure: Announcement | None = None
    """What is announced when a step fails; ``{step}`` and ``{reason}`` are filled in."""


@dataclasses.dataclass(frozen=True, slots=True)
class PlannedStep:
    """A step as it will be carried out, or why it will not."""

    step: PageStep
    """The step, with the configuration and the duration that it will have."""
    skipped: str = ""
    """Why it is not carried out; empty if it is."""


@dataclasses.dataclass(frozen=True, slots=True)
class PagePlan:
    """What a run of the page will do."""

    procedure: Procedure
    """The page."""
    steps: tuple[PlannedStep, ...]
    """Its steps, all of them."""

    @property
    def to_do(self) -> tuple[PageStep, ...]:
        """The steps that will be carried out (`tuple` [`PageStep`])."""
        return tuple(planned.step for planned in self.steps if not planned.skipped)

    @property
    def duration(self) -> float:
        """How long it will take, in seconds (`float`)."""
        return sum(step.duration for step in self.to_do)


DONE_IN = "done in "
"""How the reason begins for which a step is skipped, since an earlier run has done it."""


class StepStatus(enum.StrEnum):
    """What became of a step."""

    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    SKIPPED = "skipped"
    NOT_REACHED = "not reached"
    UNKNOWN = "unknown"
    """It was under way when it was no longer followed."""


@dataclasses.dataclass(frozen=True, slots=True)
class StepOutcome:
    """What became of one step."""

    name: str
    """Name of the step."""
    status: StepStatus
    """What became of it."""
    index: int = 0
    """Index of the script; 0 if it was not added to the queue."""
    duration: float = 0.0
    """How long it took from adding to the end, in seconds."""
    reason: str = ""
    """Why it failed or was skipped, or what the script said at its end."""
    rejected: tuple[str, ...] = ()
    """What verification rejected although the script is done, a sentence each."""
    masked: tuple[str, ...] = ()
    """What is certified with masked amplifiers, a sentence each."""

    @property
    def rejection(self) -> str:
        """What verification rejected, one a line (`str`); empty if nothing."""
        if self.status is StepStatus.DONE and self.reason.startswith(REJECTED):
            return self.reason.removeprefix(REJECTED)  # a journal of before there was `rejected`
        return "\n".join(self.rejected)


@dataclasses.dataclass(frozen=True, slots=True)
class PageOutcome:
    """What came of a run of the page."""

    run_id: str
    """Id of the run."""
    steps: tuple[StepOutcome, ...]
    """Every step of the page, in order."""
    reason: str = ""
    """What ended the run early; empty if nothing did."""
    advice: tuple[str, ...] = ()
    """What else to know for going on, in sentences."""
    headline: str = ""
    """What is wrong, in one sentence; empty if nothing is."""
    remedy: str = ""
    """What a person does about it first, in one sentence; empty if nothing is known."""
    kept: str = ""
    """What was kept, in one sentence; empty if there is nothing to keep."""
    command: str = ""
    """The one command that goes on, as a shell takes it; empty if nothing is left to do."""

    @property
    def rejection(self) -> str:
        """What verification rejected, one a line (`str`); empty if nothing."""
        return "\n".join(step.rejection for step in self.steps if step.rejection)

    @property
    def succeeded(self) -> bool:
        """Is every step that was to be carried out done (`bool`)?"""
        good = (StepStatus.DONE, StepStatus.SKIPPED)
        return not self.reason and all(step.status in good for step in self.steps)

    @property
    def stopped(self) -> bool:
        """Did a person stop it (`bool`)?"""
        return any(step.status is StepStatus.STOPPED for step in self.steps)
