# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script queue, and the scripts that it carries out."""

__all__ = [
    "ProcessState",
    "QueueError",
    "QueueStatus",
    "QueuedScript",
    "ScriptEnd",
    "ScriptPath",
    "ScriptRequest",
    "ScriptState",
    "ScriptUpdate",
]

import dataclasses
import enum

from .components import ComponentName
from .errors import CalibrationError


class QueueError(CalibrationError):
    """The script queue did not do what it was asked, or is not heard."""


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class ScriptPath:
    """A script as the queue lists it."""

    path: str
    """Path below the folder of its kind, e.g. ``auxtel/enable_latiss.py``."""
    is_standard: bool
    """Is it a standard script? An external one otherwise."""

    def __str__(self) -> str:
        return self.path

    @property
    def kind(self) -> str:
        """What the queue calls its folder: ``standard`` or ``external`` (`str`)."""
        return "standard" if self.is_standard else "external"


class ProcessState(enum.IntEnum):
    """State of a script's process, as the queue numbers it."""

    UNKNOWN = 0
    LOADING = 1
    CONFIGURED = 2
    RUNNING = 3
    DONE = 4
    LOADFAILED = 5
    CONFIGUREFAILED = 6
    TERMINATED = 7


class ScriptState(enum.IntEnum):
    """State of a script, as the interface numbers it."""

    UNKNOWN = 0
    UNCONFIGURED = 1
    CONFIGURED = 2
    RUNNING = 3
    PAUSED = 4
    ENDING = 5
    STOPPING = 6
    FAILING = 7
    DONE = 8
    STOPPED = 9
    FAILED = 10
    CONFIGURE_FAILED = 11


@dataclasses.dataclass(frozen=True, slots=True)
class ScriptRequest:
    """A script that is to be added to the queue."""

    script: ScriptPath
    """Which script."""
    configuration: str
    """Its configuration as YAML text."""
    description: str
    """Why it is there, for whoever reads the queue."""


@dataclasses.dataclass(frozen=True, slots=True)
class ScriptUpdate:
    """What is known of a script in the queue, at a moment."""

    index: int
    """Its index."""
    process: ProcessState = ProcessState.UNKNOWN
    """State of its process."""
    state: ScriptState = ScriptState.UNKNOWN
    """Its own state."""
    checkpoint: str = ""
    """The last checkpoint that it passed."""
    checkpoints_passed: int = 0
    """How many it passed."""
    checkpoints_expected: int = 0
    """How many it expects to pass; 0 if it did not say."""
    expected_duration: float = 0.0
    """How long it expects to take, in seconds; 0 if it did not say."""
    reason: str = ""
    """What it said beside its state."""
    messages: tuple[tuple[int, str], ...] = ()
    """Log messages since the update before: level of `logging`, and text."""
    queue_running: bool = True
    """Does the queue start scripts?"""

    @property
    def is_over(self) -> bool:
        """Has it ended, one way or another (`bool`)?"""
        return (
            self.process >= ProcessState.DONE
            or self.state is ScriptState.CONFIGURE_FAILED
            or ScriptState.DONE <= self.state <= ScriptState.FAILED
        )

    @property
    def is_waiting(self) -> bool:
        """Is it in the queue, and not yet started (`bool`)?"""
        return not self.is_over and self.state <= ScriptState.CONFIGURED


class ScriptEnd(enum.StrEnum):
    """How a script ended."""

    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    CONFIGURE_FAILED = "configuration refused"
    LOAD_FAILED = "could not be started"
    TERMINATED = "terminated"
    DIED = "its process ended"


@dataclasses.dataclass(frozen=True, slots=True)
class QueuedScript:
    """A script that is in the queue."""

    index: int
    """Its index."""
    path: str = ""
    """Its path; empty if the queue did not tell."""
    state: ScriptState = ScriptState.UNKNOWN
    """Its state."""


@dataclasses.dataclass(frozen=True, slots=True)
class QueueStatus:
    """How the script queue is."""

    name: ComponentName
    """Which queue."""
    alive: bool
    """Was a fresh heartbeat heard?"""
    state: str = ""
    """Its summary state; empty if it was never heard."""
    running: bool = False
    """Does it start scripts? A paused queue does not."""
    current: QueuedScript | None = None
    """The script that is at the top; `None` if none is."""
    waiting: tuple[QueuedScript, ...] = ()
    """The scripts that wait, in order."""
