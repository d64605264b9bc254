# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run in the observatory in memory, at the speed of a fake clock."""

import dataclasses

import pytest
import yaml

from direct_ports import ports_of
from lsst.ts.dailycal.calibration import (
    configuration_schema,
    make_plan,
    make_run_config,
    validate_configuration,
)
from lsst.ts.dailycal.journal import MemoryStorage
from lsst.ts.dailycal.model import ImageTags, Message
from lsst.ts.dailycal.run import Run, RunContext, RunJournal, RunState
from lsst.ts.dailycal.run.journal import RUN_CODEC
from lsst.ts.dailycal.sim.config import DIRECT_FRAME, SimulationConfig
from lsst.ts.dailycal.sim.direct.observatory import DirectObservatory
from lsst.ts.dailycal.testing.loop import pytest_asyncio_loop_factories

__all__ = ["pytest_asyncio_loop_factories"]

SMALL = {
    "script_mode": "BIAS_DARK",
    "n_bias": 5,
    "n_dark": 3,
    "exp_times_dark": [5, 5, 15, 30],
}


@dataclasses.dataclass
class Rig:
    """One run and the observatory it happens in."""

    observatory: DirectObservatory
    storage: MemoryStorage
    checkpoints: list[str]
    stop_at: str = ""

    def make(self, run_id="run", **given) -> Run:
        schema = configuration_schema()
        full = validate_configuration(schema, {**SMALL, **given})
        config = make_run_config(full, schema)
        observatory = self.observatory
        events = [RUN_CODEC.decode(line).event for line in self.storage.lines]
        self.context = RunContext(
            run_id=run_id,
            config=config,
            plan=make_plan(config),
            ports=ports_of(observatory),
            journal=RunJournal(self.storage, observatory.clock, events=events),
            tags=ImageTags(f"2026-11-23T12:00:0{len(events) % 10}.000"),
            checkpoint=self._checkpoint,
        )
        return Run(self.context, yaml.safe_dump(full))

    async def _checkpoint(self, name: str) -> None:
        self.checkpoints.append(name)
        if name == self.stop_at:
            import asyncio

            raise asyncio.CancelledError(name)

    @property
    def state(self) -> RunState:
        return RunState(self.events())

    def events(self, kind=object):
        events = [RUN_CODEC.decode(line).event for line in self.storage.lines]
        return [event for event in events if isinstance(event, kind)]

    @property
    def messages(self) -> str:
        return "\n".join(event.text for event in self.events(Message))


@pytest.fixture
def make_rig():
    def make(*faults: str, reference: bool = True) -> Rig:
        config = SimulationConfig(frame=DIRECT_FRAME, faults=faults)
        return Rig(DirectObservatory(config, reference=reference), MemoryStorage(), [])

    return make
