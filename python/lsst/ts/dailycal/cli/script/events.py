# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is seen of a script while it runs: one small record each."""

__all__ = ["Ended", "LogLine", "Metadata", "Remark", "ScriptEvent", "StateChanged"]

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class StateChanged:
    """The script published its state; it does so at every checkpoint."""

    state: str
    """Name of the state, e.g. ``RUNNING``."""
    reason: str
    """Why; mostly empty."""
    last_checkpoint: str
    """Name of the last checkpoint."""
    checkpoints: int
    """How many checkpoints it has come to."""


@dataclasses.dataclass(frozen=True, slots=True)
class Metadata:
    """What the configured script says of itself."""

    duration: float
    """How long it will take, in seconds; 0 if it does not say."""
    images: int
    """How many images it will take; 0 if it does not say."""
    checkpoints: int
    """How many checkpoints it has; 0 if it does not say."""


@dataclasses.dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the script's log."""

    level: int
    """Level of the standard module `logging`."""
    text: str
    """The message."""
    traceback: str = ""
    """Traceback that came with it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Remark:
    """Something that this program, not the script, has to say."""

    level: int
    """Level of the standard module `logging`."""
    text: str
    """The message."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ended:
    """The script's process has ended."""

    exit_code: int
    """Exit code of this program."""
    state: str
    """Last state that was heard; empty if none was."""
    reason: str
    """The reason that came with it."""
    elapsed: float
    """Time from the start of the process, in seconds."""


ScriptEvent = StateChanged | Metadata | LogLine | Remark | Ended
"""Any of them."""
