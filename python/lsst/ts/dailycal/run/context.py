# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every step of a run works with."""

__all__ = ["Checkpoint", "Ports", "RunContext"]

import dataclasses
import logging
import typing
from collections.abc import Awaitable

from ..calibration import Plan, RunConfig, Timeouts
from ..model import ImageTags, Message
from ..ports import Camera, Clock, Components, Ingest, Measuring, Pipelines, Repository
from .journal import RunJournal
from .state import RunState

Checkpoint = typing.Callable[[str], Awaitable[None]]
"""Where a run may be paused or stopped; gets the name of the checkpoint."""


@dataclasses.dataclass(frozen=True, slots=True)
class Ports:
    """The outside systems."""

    camera: Camera
    ingest: Ingest
    pipelines: Pipelines
    repository: Repository
    components: Components
    clock: Clock
    measuring: Measuring | None = None
    """`None` if frames cannot be measured."""


@dataclasses.dataclass(frozen=True, slots=True)
class RunContext:
    """One run: what is wanted, whom to ask, what is known."""

    run_id: str
    """Id of the run."""
    config: RunConfig
    """What is wanted."""
    plan: Plan
    """How it will be done."""
    ports: Ports
    """The outside systems."""
    journal: RunJournal
    """The memory."""
    tags: ImageTags
    """What goes into the headers."""
    checkpoint: Checkpoint
    """Where the run may be paused or stopped."""

    @property
    def state(self) -> RunState:
        """What is known of the run (`RunState`)."""
        return self.journal.state

    @property
    def timeouts(self) -> Timeouts:
        """The deadlines (`Timeouts`)."""
        return self.plan.timeouts

    async def tell(self, text: str, level: int = logging.INFO) -> None:
        """Tell the observer something."""
        await self.journal.record(Message(level, text))
