# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The scripts ``auxtel/scheduler/enable.py`` and ``auxtel/scheduler/standby.py``."""

__all__ = ["ATSchedulerEnable", "ATSchedulerStandby", "SchedulerScript"]

import types
import typing

import lsst.ts.salobj as salobj

from ..model import ComponentName, ConfigurationError
from ..sal.group.components import ComponentDriver, Target, TransitionError
from ..sal.group.paths import SummaryState
from .component_script import ComponentScript

SCHEDULER = ComponentName("Scheduler", 2)
"""The Scheduler of the Auxiliary Telescope."""
INDEX_RANGE = 100_000
"""Script indices that belong to one queue."""
LIVELINESS_TIMEOUT = 5.0
"""How long the Scheduler may be silent, in seconds."""
STEP_TIMEOUT = 30.0
"""Deadline of one transition, in seconds."""
DURATION = 30.0
"""Estimated duration of such a script, in seconds."""
_RESCUES = ("start", "standby", "disable")
"""Commands to try on a Scheduler that beats, but whose state nobody has heard."""


class SchedulerScript(ComponentScript):
    """A script that brings Scheduler:2 to a state.

    It runs only in ``ScriptQueue:2``, told by its index, so that nobody moves the Scheduler of
    one telescope from the queue of the other.

    Parameters
    ----------
    index : `int`
        Index of the Script component.
    """

    duration = DURATION
    what: typing.ClassVar[str]
    """What the script does."""

    def __init__(self, index: int) -> None:
        super().__init__(index, descr=self.what, members=[SCHEDULER])

    @property
    def scheduler(self) -> ComponentDriver:
        """The Scheduler (`ComponentDriver`)."""
        return self.components.drivers[SCHEDULER]

    async def configure(self, config: types.SimpleNamespace) -> None:
        """Check the index.

        Parameters
        ----------
        config : `types.SimpleNamespace`
            Configuration with its defaults filled in.

        Raises
        ------
        ConfigurationError
            If the index is not one of ScriptQueue:2.
        """
        first = SCHEDULER.index * INDEX_RANGE
        index = self.salinfo.index
        if index // INDEX_RANGE != SCHEDULER.index:
            raise ConfigurationError(
                [
                    f"Script index {index} does not belong to {SCHEDULER}. Run this script on "
                    f"ScriptQueue:{SCHEDULER.index}, or give it an index from {first} to "
                    f"{first + INDEX_RANGE - 1}, e.g. {first + index % INDEX_RANGE}."
                ]
            )
        await self.components.start()

    async def run(self) -> None:
        """Bring the Scheduler to its state.

        Raises
        ------
        salobj.ExpectedError
            If it does not get there.
        """
        try:
            await self.checkpoint("Assert liveliness")
            await self.scheduler.assert_alive(LIVELINESS_TIMEOUT)
            await self.bring()
        except TransitionError as error:
            raise salobj.ExpectedError(str(error)) from error
        state = self.scheduler.state
        await self.checkpoint(f"Scheduler {state.name if state else 'UNKNOWN'}")

    async def bring(self) -> None:
        """Do what is left to do once the Scheduler is known to be alive."""
        raise NotImplementedError


class ATSchedulerEnable(SchedulerScript):
    """Enable Scheduler:2 with a configuration.

    One that is enabled or disabled is sent to STANDBY first, so that the configuration takes
    effect; what it was doing is lost.
    """

    schema_name = "scheduler_enable"
    what = "Enable Scheduler:2 with a configuration."
    _config = ""

    async def configure(self, config: types.SimpleNamespace) -> None:
        """Check the index and remember the configuration.

        Parameters
        ----------
        config : `types.SimpleNamespace`
            Configuration with its defaults filled in.

        Raises
        ------
        ConfigurationError
            If the index is not one of ScriptQueue:2.
        """
        await super().configure(config)
        self._config = config.config

    async def bring(self) -> None:
        """Configure and enable the Scheduler."""
        wanted = Target(SummaryState.ENABLED, self._config)
        state = await self.scheduler.read_state(LIVELINESS_TIMEOUT)
        if state is None:
            await self.checkpoint("Find out the state of the Scheduler")
            await self._rescue(wanted)
        elif state in (SummaryState.ENABLED, SummaryState.DISABLED):
            await self.checkpoint("Reset the Scheduler")
            await self.scheduler.drive(Target(SummaryState.STANDBY), STEP_TIMEOUT)
        await self.checkpoint("Enable the Scheduler")
        await self.scheduler.drive(wanted, STEP_TIMEOUT)

    async def _rescue(self, wanted: Target) -> None:
        """Send commands until one is accepted, which makes the Scheduler tell its state."""
        refusals: list[str] = []
        for command in _RESCUES:
            refusal = await self.scheduler.attempt(command, wanted, STEP_TIMEOUT)
            if not refusal:
                await self.scheduler.read_state(LIVELINESS_TIMEOUT)
                break
            refusals.append(f"{command}: {refusal}")
        else:
            raise salobj.ExpectedError(
                f"{SCHEDULER} beats, but has not told its state, and refuses every command "
                f"({'; '.join(refusals)}). Restart it, then run this again."
            )
        if self.scheduler.state is SummaryState.DISABLED and command == "disable":
            # Its configuration is another one.
            await self.scheduler.drive(Target(SummaryState.STANDBY), STEP_TIMEOUT)


class ATSchedulerStandby(SchedulerScript):
    """Send Scheduler:2 to STANDBY."""

    schema_name = "scheduler_standby"
    what = "Send Scheduler:2 to STANDBY."

    async def bring(self) -> None:
        """Send the Scheduler to STANDBY."""
        await self.scheduler.drive(Target(SummaryState.STANDBY), STEP_TIMEOUT)
