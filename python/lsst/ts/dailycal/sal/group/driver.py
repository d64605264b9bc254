# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring one component to a summary state."""

__all__ = ["TRANSITION_TIMEOUT", "ComponentDriver"]

import asyncio
import contextlib
import logging
import typing
from collections.abc import Sequence

from ...model import ComponentName
from ..camera.states import Offline
from ..compat import CONFIGURATION_EVENTS, known_overrides
from ..component import ComponentWatch
from .paths import Step, SummaryState, Target, next_step
from .transition import EVENT_TIMEOUT, Transition, advice, known_state, transition_error

TRANSITION_TIMEOUT = 120.0
"""Deadline of one transition, in seconds; homing the spectrograph takes up to 65."""
HEARTBEAT_TIMEOUT = 10.0
"""How long a component may be silent, in seconds, before it counts as not running."""
RECENT = 2.0
"""Age of a heartbeat, in seconds, up to which the component is taken to be alive."""
HISTORY_TIME = 0.05
"""How long it takes until what was read as history has been handed on, in seconds."""
MOST_STEPS = 8
"""Steps after which somebody else must be commanding the component too; the longest path has 4."""

_log = logging.getLogger(__name__)


class ComponentDriver:
    """Brings one component from state to state.

    Parameters
    ----------
    remote : `lsst.ts.salobj.Remote`
        Its remote, with commands and the events of `topics`.
    watch : `ComponentWatch`, optional
        Its watch, if the remote has one already.
    log : `logging.Logger`, optional
        Where to tell about progress.
    """

    def __init__(
        self,
        remote: typing.Any,
        watch: ComponentWatch | None = None,
        log: logging.Logger = _log,
    ) -> None:
        self._remote = remote
        self._log = log
        self.watch = ComponentWatch(remote) if watch is None else watch
        self._offline: int | None = None
        self._history = 1
        offline = getattr(remote, "evt_offlineDetailedState", None)
        if offline is not None and not offline.has_callback:
            self.watch.board.listen(offline, self._hear_offline)
        for event in CONFIGURATION_EVENTS:
            topic = getattr(remote, f"evt_{event}", None)
            if topic is not None and not topic.has_callback:
                self.watch.board.listen(topic, self._hear_configurations)

    @staticmethod
    def topics(name: ComponentName) -> tuple[str, ...]:
        """Return the events that the remote of a component must include if they exist."""
        topics = (*ComponentWatch.TOPICS, *CONFIGURATION_EVENTS)
        return (*topics, "offlineDetailedState") if name.name == "ATCamera" else topics

    async def start(self) -> None:
        """Wait until the remote has its history, and tell it from what comes then."""
        await self._remote.start_task
        await asyncio.sleep(HISTORY_TIME)
        self._history = self.watch.beats

    @property
    def name(self) -> ComponentName:
        """Which component (`ComponentName`)."""
        return self.watch.name

    @property
    def state(self) -> SummaryState | None:
        """The last state heard (`SummaryState`), or `None`."""
        return known_state(self.watch)

    async def read_state(self, timeout: float = EVENT_TIMEOUT) -> SummaryState | None:
        """Wait for the state to be known (`SummaryState`); `None` if it is not in time."""
        await self.watch.board.wait_until(lambda: self.state is not None, timeout)
        return self.state

    async def assert_alive(self, timeout: float = HEARTBEAT_TIMEOUT) -> None:
        """Wait for a fresh heartbeat, whatever the state.

        Raises
        ------
        TransitionError
            If there is none in time.
        """
        await self._beat(Target(self.state or SummaryState.ENABLED), timeout)

    async def attempt(self, name: str, target: Target, timeout: float) -> str:
        """Send one command, whatever the state, and return why it was refused (`str`).

        Parameters
        ----------
        name : `str`
            Name of the command.
        target : `Target`
            Where the component is wanted in the end; it has the configuration for ``start``.
        timeout : `float`
            Deadline of the command, in seconds.

        Returns
        -------
        refusal : `str`
            Empty if the command was carried out.
        """
        command = Transition(self._remote, self.watch, Step(name, target.state), target)
        await command.send(timeout)
        return f"no answer within {timeout:g} s" if command.timed_out else command.refusal

    async def drive(
        self, target: Target, timeout: float = TRANSITION_TIMEOUT
    ) -> Sequence[SummaryState]:
        """Bring the component to a state by the shortest path, and confirm that it is there.

        Parameters
        ----------
        target : `Target`
            Where it is wanted.
        timeout : `float`
            Deadline of each transition, in seconds.

        Returns
        -------
        states : `~collections.abc.Sequence` [`SummaryState`]
            The states that it went through, the first one included.

        Raises
        ------
        TransitionError
            If it does not get there, or is not alive.
        """
        state = await self._find(target, timeout)
        states = [state]
        while (step := next_step(state, target.state)) is not None:
            if len(states) > MOST_STEPS:
                raise transition_error(
                    self.watch,
                    target,
                    f"{self.name} did not stay where it was sent, after {MOST_STEPS} commands.",
                    remedy="Find out who else is commanding it.",
                )
            state = await self._take(step, target, timeout)
            states.append(state)
            self._log.debug("%s is %s.", self.name, state.name)
        self._tell_about_override(target, states)
        if target.state is not SummaryState.OFFLINE:
            await self._confirm(target)
        return states

    async def _find(self, target: Target, timeout: float) -> SummaryState:
        """Find out where a component is that is alive."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout):
                await asyncio.shield(self._remote.start_task)
        gone = SummaryState.OFFLINE
        if target.state is gone and await self.read_state(1.0) is gone:
            return gone  # many components end when they go OFFLINE, and then are silent
        if self.watch.silence > RECENT or self.watch.beats <= self._history:
            await self._beat(target, min(HEARTBEAT_TIMEOUT, timeout))
        state = await self.read_state(min(EVENT_TIMEOUT, timeout))
        if state is None:
            raise transition_error(
                self.watch,
                target,
                f"{self.name} beats, but has not told its summary state within "
                f"{min(EVENT_TIMEOUT, timeout):g} s.",
                remedy="Restart it, or set its log level to have it repeat its events.",
            )
        return state

    async def _confirm(self, target: Target) -> None:
        """Wait for a fresh heartbeat, and for the state to be the same with it."""
        await self._beat(target, HEARTBEAT_TIMEOUT)
        if self.state is not target.state:
            raise transition_error(
                self.watch,
                target,
                f"{self.name} did not stay {target.state.name}.",
                remedy=advice(self.watch),
            )

    async def _beat(self, target: Target, timeout: float) -> None:
        """Wait for a fresh heartbeat, since a state may be history of a component that died."""
        beats = max(self.watch.beats, self._history)
        if not await self.watch.board.wait_until(lambda: self.watch.beats > beats, timeout):
            raise transition_error(
                self.watch,
                target,
                f"{self.name} is not alive: no heartbeat within {timeout:g} s.",
                remedy="Start it (or restart it), then run this again.",
            )

    async def _take(self, step: Step, target: Target, timeout: float) -> SummaryState:
        """Take one step."""
        self._check_offline(step, target)
        if self.state is SummaryState.FAULT:
            self._log.warning("%s; clearing that.", self.watch.describe())
        await Transition(self._remote, self.watch, step, target).carry_out(timeout)
        assert self.state is not None  # noqa: S101 - it was known before the command
        return self.state

    def _check_offline(self, step: Step, target: Target) -> None:
        """Refuse what ATCamera would refuse, with a better reason."""
        if step.command == "enterControl" and self._offline == Offline.PUBLISH_ONLY:
            raise transition_error(
                self.watch,
                target,
                f"{self.name} is OFFLINE in substate PUBLISH_ONLY, where it refuses enterControl.",
                remedy="Release it from CCS with setAvailable (console of ats-ocs-bridge).",
            )

    def _tell_about_override(self, target: Target, states: Sequence[SummaryState]) -> None:
        if target.override and SummaryState.DISABLED not in states[1:]:
            self._log.warning(
                "%s was %s already, so configuration %r was not applied; "
                "send it to STANDBY first to have it applied.",
                self.name,
                states[0].name,
                target.override,
            )

    def _hear_configurations(self, message: typing.Any) -> None:
        self.watch.overrides = known_overrides(message)

    def _hear_offline(self, message: typing.Any) -> None:
        self._offline = int(message.substate)
        try:
            self.watch.remark = f"offline substate {Offline(self._offline).name}"
        except ValueError:
            self.watch.remark = f"offline substate {self._offline}"
