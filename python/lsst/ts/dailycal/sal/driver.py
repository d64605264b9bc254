# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bring one component to a summary state."""

__all__ = ["TRANSITION_TIMEOUT", "ComponentDriver"]

import asyncio
import contextlib
import dataclasses
import logging
import typing
from collections.abc import Sequence

import lsst.ts.salobj as salobj

from ..model import ComponentName
from .camera_states import Offline
from .compat import override_field
from .component import ComponentWatch
from .group_errors import TransitionError
from .group_paths import Step, SummaryState, Target, next_step

TRANSITION_TIMEOUT = 120.0
"""Deadline of one transition, in seconds; homing the spectrograph takes up to 65."""
EXTENSION_LIMIT = 600.0
"""How much a component may lengthen a deadline by acknowledging that it is at work, in s."""
HEARTBEAT_TIMEOUT = 10.0
"""How long a component may be silent, in seconds, before it counts as not running."""
RECENT = 2.0
"""Age of a heartbeat, in seconds, up to which the component is taken to be alive."""
HISTORY_TIME = 0.05
"""How long it takes until what was read as history has been handed on, in seconds."""
EVENT_TIMEOUT = 5.0
"""How long an event may come after the acknowledgement that it belongs to, in seconds."""
MOST_STEPS = 8
"""Steps after which somebody else must be commanding the component too; the longest path has 4."""

_log = logging.getLogger(__name__)


@dataclasses.dataclass(slots=True)
class _Command:
    """What was heard of a command that is under way."""

    done: bool = False
    refusal: str = ""
    timed_out: bool = False


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

    @staticmethod
    def topics(name: ComponentName) -> tuple[str, ...]:
        """Return the events that the remote of a component must include."""
        if name.name == "ATCamera":
            return (*ComponentWatch.TOPICS, "offlineDetailedState")
        return ComponentWatch.TOPICS

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
        return None if self.watch.state is None else SummaryState(self.watch.state)

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
        command = _Command()
        await self._send(Step(name, target.state), target, command, timeout)
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
                raise self._error(
                    target,
                    f"{self.name} did not stay where it was sent, after {MOST_STEPS} commands.",
                    remedy="Find out who else is commanding it.",
                )
            state = await self._take(step, target, timeout)
            states.append(state)
            self._log.info("%s is %s.", self.name, state.name)
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
            raise self._error(
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
            raise self._error(
                target,
                f"{self.name} did not stay {target.state.name}.",
                remedy=self._remedy(),
            )

    async def _beat(self, target: Target, timeout: float) -> None:
        """Wait for a fresh heartbeat, since a state may be history of a component that died."""
        beats = max(self.watch.beats, self._history)
        if not await self.watch.board.wait_until(lambda: self.watch.beats > beats, timeout):
            raise self._error(
                target,
                f"{self.name} is not alive: no heartbeat within {timeout:g} s.",
                remedy="Start it (or restart it), then run this again.",
            )

    async def _take(self, step: Step, target: Target, timeout: float) -> SummaryState:
        """Take one step."""
        self._check_offline(step, target)
        if self.state is SummaryState.FAULT:
            self._log.warning("%s; clearing that.", self.watch.describe())
        before = self.state
        command = _Command()
        failure: TransitionError | None = None
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self._send(step, target, command, timeout))
            try:
                await self._outcome(step, target, command, before, timeout)
            except TransitionError as error:
                # Raised outside of the group, which would wrap it.
                failure = error
            finally:
                task.cancel()
        if failure is not None:
            raise failure
        assert self.state is not None  # noqa: S101 - it was known before the command
        return self.state

    async def _send(self, step: Step, target: Target, command: _Command, timeout: float) -> None:
        topic = getattr(self._remote, f"cmd_{step.command}", None)
        if topic is None:
            command.refusal = f"{self.name} has no command {step.command}"
            await self.watch.board.changed()
            return
        fields: dict[str, str] = {}
        if step.command == "start" and (field := override_field(topic)) is not None:
            fields[field] = target.override
        try:
            await topic.set_start(**fields, timeout=timeout)
        except salobj.AckTimeoutError:
            command.timed_out = True
        except salobj.AckError as error:
            command.refusal = error.ackcmd.result or "no reason given"
        else:
            command.done = True
        await self.watch.board.changed()

    async def _outcome(
        self,
        step: Step,
        target: Target,
        command: _Command,
        before: SummaryState | None,
        timeout: float,
    ) -> None:
        """Wait until the component is where the step leads, or fail.

        Acknowledgement and event come in either order; the event alone is enough if the
        acknowledgement is lost.
        """
        board = self.watch.board
        fault = SummaryState.FAULT

        def is_fault() -> bool:
            return self.state is fault and before is not fault

        def is_settled() -> bool:
            return command.done or bool(command.refusal) or command.timed_out or is_fault()

        await board.wait_until(is_settled, timeout + EXTENSION_LIMIT)
        if not command.refusal or self.state is step.state:
            await board.wait_until(lambda: self.state is step.state or is_fault(), EVENT_TIMEOUT)
        if self.state is step.state:
            return
        if is_fault():
            await board.wait_until(lambda: self.watch.error_code != 0, 1.0)
            what = f"{self.name} went to FAULT on command {step.command}."
        elif command.refusal:
            what = f"{self.name} refused command {step.command}: {_bare(command.refusal)}."
        elif command.done:
            what = (
                f"{self.name} says that command {step.command} is done, but did not become "
                f"{step.state.name} within {EVENT_TIMEOUT:g} s."
            )
        else:
            what = f"{self.name} did not answer command {step.command} within {timeout:g} s."
        raise self._error(target, what, remedy=self._remedy(command, step))

    def _check_offline(self, step: Step, target: Target) -> None:
        """Refuse what ATCamera would refuse, with a better reason."""
        if step.command == "enterControl" and self._offline == Offline.PUBLISH_ONLY:
            raise self._error(
                target,
                f"{self.name} is OFFLINE in substate PUBLISH_ONLY, where it refuses enterControl.",
                remedy="Release it from CCS with setAvailable (console of ats-ocs-bridge).",
            )

    def _remedy(self, command: _Command | None = None, step: Step | None = None) -> str:
        if self.name.name == "ATCamera" and self.state is SummaryState.FAULT:
            return (
                "Recover the camera from CCS: clear the alerts of ats-fp, bonn-shutter and "
                "ats-mcm, then clearFault and setAvailable on ats-ocs-bridge."
            )
        if self.state is SummaryState.FAULT:
            return "Remove the cause, send it to STANDBY, then run this again."
        if command is not None and command.refusal and step is not None and step.command == "start":
            return "Give it a configuration that it knows, or see its log."
        return "Look at its log; once it is right, run this again."

    def _error(self, target: Target, what: str, remedy: str) -> TransitionError:
        in_fault = self.state is SummaryState.FAULT
        return TransitionError(
            self.name,
            target.state,
            what,
            state=self.state,
            error_code=self.watch.error_code if in_fault else 0,
            error_report=self.watch.error_report if in_fault else "",
            last_seen=self.watch.describe(),
            remedy=remedy,
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

    def _hear_offline(self, message: typing.Any) -> None:
        self._offline = int(message.substate)
        try:
            self.watch.remark = f"offline substate {Offline(self._offline).name}"
        except ValueError:
            self.watch.remark = f"offline substate {self._offline}"


def _bare(refusal: str) -> str:
    """Strip what salobj puts around the reason that a component gives."""
    return refusal.removeprefix("Failed: ").rstrip(".")
