# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What happens in a run of the procedure page: one small record each."""

__all__ = [
    "AnnouncementMade",
    "ChecksMade",
    "ConditionsRead",
    "PageEnded",
    "PageEvent",
    "PageStarted",
    "StepEnded",
    "StepProgress",
    "StepQueued",
    "StepStarted",
]

import dataclasses

from ..model.announcements import Announcement
from ..model.components import Finding
from ..model.queue import ScriptUpdate
from .conditions import JudgedReading
from .steps import PageOutcome, StepOutcome


@dataclasses.dataclass(frozen=True, slots=True)
class PageStarted:
    """The run begins; always the first record."""

    run_id: str
    """Id of the run."""
    procedure: str
    """Name of the page."""
    steps: tuple[tuple[str, str], ...]
    """Name of every step, and why it is skipped; empty if it is not."""
    duration: float
    """How long it will take, in seconds."""
    version: str
    """Version of ts_dailycal."""
    command: str = "dailycal run"
    """The command that runs this page, for the advice how to go on."""
    configurations: tuple[tuple[str, str], ...] = ()
    """Name of every step that is to be carried out, and its configuration as YAML text."""
    continues: str = ""
    """Id of the run of the page that this one goes on with; empty if it is none."""
    simulation: str = ""
    """Directory of the simulated observatory; empty at a real one."""


@dataclasses.dataclass(frozen=True, slots=True)
class ChecksMade:
    """Preconditions were looked at."""

    step: str
    """Name of the step that they belong to."""
    findings: tuple[Finding, ...]
    """What was found."""


@dataclasses.dataclass(frozen=True, slots=True)
class ConditionsRead:
    """The instruments were read while a step went on."""

    step: str
    """Name of the step."""
    readings: tuple[JudgedReading, ...]
    """What they said; those that were not heard are left out."""


@dataclasses.dataclass(frozen=True, slots=True)
class AnnouncementMade:
    """Something was announced, or could not be."""

    announcement: Announcement
    """What."""
    problems: tuple[str, ...] = ()
    """Why it did not reach a channel; empty if it reached all."""


@dataclasses.dataclass(frozen=True, slots=True)
class StepStarted:
    """A step is about to be added to the queue."""

    name: str
    """Name of the step."""
    script: str
    """Path of its script."""
    configuration: str
    """Its configuration, as YAML text."""


@dataclasses.dataclass(frozen=True, slots=True)
class StepQueued:
    """The queue took a step's script."""

    name: str
    """Name of the step."""
    index: int
    """Index of the script."""


@dataclasses.dataclass(frozen=True, slots=True)
class StepProgress:
    """A step's script was heard. Not kept in the journal."""

    name: str
    """Name of the step."""
    update: ScriptUpdate
    """What is known of it."""
    remark: str = ""
    """What a person should know or do, e.g. resume the queue."""


@dataclasses.dataclass(frozen=True, slots=True)
class StepEnded:
    """A step ended."""

    outcome: StepOutcome
    """How."""


@dataclasses.dataclass(frozen=True, slots=True)
class PageEnded:
    """The run ended; the last record of a process that was not killed."""

    outcome: PageOutcome
    """What came of it."""


PageEvent = (
    PageStarted
    | ChecksMade
    | ConditionsRead
    | AnnouncementMade
    | StepStarted
    | StepQueued
    | StepProgress
    | StepEnded
    | PageEnded
)
"""Any record of a run of the page."""
