# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What somebody wants to be run, and when what became of it."""

__all__ = ["ScriptRequest", "Timestamps"]

import dataclasses
import typing

from .blocks import NO_BLOCK, BlockPlace


@dataclasses.dataclass(frozen=True, slots=True)
class ScriptRequest:
    """What somebody wants to be run."""

    is_standard: bool
    """Is it a standard script?"""
    path: str
    """Path in the directory of its kind."""
    config: str
    """Configuration as YAML text."""
    log_level: int
    """Log level; 0 for the default."""
    pause_checkpoint: str
    """Checkpoints to pause at, a regular expression."""
    stop_checkpoint: str
    """Checkpoints to stop at, a regular expression."""
    execution_id: str = ""
    """Id of the test execution that it is part of; empty for none, or where there are no ids."""
    place: BlockPlace = NO_BLOCK
    """Its place in an observing block."""

    @classmethod
    def of(cls, data: typing.Any) -> typing.Self:
        """Read the command ``add`` of any interface.

        Parameters
        ----------
        data
            The command.
        """
        return cls(
            is_standard=data.isStandard,
            path=data.path,
            config=data.config,
            log_level=data.logLevel,
            pause_checkpoint=data.pauseCheckpoint,
            stop_checkpoint=data.stopCheckpoint,
            execution_id=getattr(data, "executionId", ""),
        )


@dataclasses.dataclass(slots=True)
class Timestamps:
    """When what happened, in Unix seconds of TAI; 0 for not yet."""

    process_start: float = 0.0
    configure_start: float = 0.0
    configure_end: float = 0.0
    run_start: float = 0.0
    process_end: float = 0.0
