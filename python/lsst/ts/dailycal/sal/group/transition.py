# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One transition of a component: a command, and the state that it leads to."""

__all__ = ["EVENT_TIMEOUT", "Transition", "advice", "known_state", "transition_error"]

import asyncio
import typing

import lsst.ts.salobj as salobj

from ..compat import override_field
from ..component import ComponentWatch
from .errors import TransitionError
from .paths import Step, SummaryState, Target

EXTENSION_LIMIT = 600.0
"""How much a component may lengthen a deadline by acknowledging that it is at work, in s."""
EVENT_TIMEOUT = 5.0
"""How long an event may come after the acknowledgement that it belongs to, in seconds."""


def known_state(watch: ComponentWatch) -> SummaryState | None:
    """Return the last state heard (`SummaryState`), or `None`."""
    return None if watch.state is None else SummaryState(watch.state)


def transition_error(
    watch: ComponentWatch, target: Target, what: str, *, remedy: str
) -> TransitionError:
    """Make the error for a component that did not get where it was wanted.

    Parameters
    ----------
    watch : `ComponentWatch`
        What is known of the component.
    target : `Target`
        Where it was wanted.
    what : `str`
        What went wrong.
    remedy : `str`
        What to do.
    """
    state = known_state(watch)
    in_fault = state is SummaryState.FAULT
    return TransitionError(
        watch.name,
        target.state,
        what,
        state=state,
        error_code=watch.error_code if in_fault else 0,
        error_report=watch.error_report if in_fault else "",
        last_seen=watch.describe(),
        remedy=remedy,
    )


def advice(watch: ComponentWatch, *, start_refused: bool = False) -> str:
    """Say what to do about a component that is not where it is wanted (`str`)."""
    in_fault = known_state(watch) is SummaryState.FAULT
    if watch.name.name == "ATCamera" and in_fault:
        return (
            "Recover the camera from CCS: clear the alerts of ats-fp, bonn-shutter and "
            "ats-mcm, then clearFault and setAvailable on ats-ocs-bridge."
        )
    if in_fault:
        return "Remove the cause, send it to STANDBY, then run this again."
    if start_refused:
        known = f": {', '.join(watch.overrides)}" if watch.overrides else ""
        return f"Give it a configuration that it knows{known}; or see its log."
    return "Look at its log; once it is right, run this again."


class Transition:
    """A command that is under way.

    Parameters
    ----------
    remote : `lsst.ts.salobj.Remote`
        Remote of the component.
    watch : `ComponentWatch`
        What is known of it.
    step : `Step`
        The command, and the state that it leads to.
    target : `Target`
        Where the component is wanted in the end; it has the configuration for ``start``.

    Attributes
    ----------
    done : `bool`
        Was it acknowledged as complete?
    refusal : `str`
        Why it was refused; empty if it was not.
    timed_out : `bool`
        Was there no acknowledgement in time?
    """

    def __init__(
        self, remote: typing.Any, watch: ComponentWatch, step: Step, target: Target
    ) -> None:
        self.done = False
        self.refusal = ""
        self.timed_out = False
        self._remote = remote
        self._watch = watch
        self._step = step
        self._target = target
        self._before = known_state(watch)

    async def carry_out(self, timeout: float) -> None:
        """Send the command, and wait until the component is where it leads.

        Raises
        ------
        TransitionError
            If the component does not get there.
        """
        failure: TransitionError | None = None
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.send(timeout))
            try:
                await self._outcome(timeout)
            except TransitionError as error:
                # Raised outside of the group, which would wrap it.
                failure = error
            finally:
                task.cancel()
        if failure is not None:
            raise failure

    async def send(self, timeout: float) -> None:
        """Send the command, and wait for its acknowledgement."""
        topic = getattr(self._remote, f"cmd_{self._step.command}", None)
        if topic is None:
            self.refusal = f"{self._watch.name} has no command {self._step.command}"
            await self._watch.board.changed()
            return
        fields: dict[str, str] = {}
        if self._step.command == "start" and (field := override_field(topic)) is not None:
            fields[field] = self._target.override
        try:
            await topic.set_start(**fields, timeout=timeout)
        except salobj.AckTimeoutError:
            self.timed_out = True
        except salobj.AckError as error:
            self.refusal = error.ackcmd.result or "no reason given"
        else:
            self.done = True
        await self._watch.board.changed()

    async def _outcome(self, timeout: float) -> None:
        """Wait until the component is where the step leads, or fail.

        Acknowledgement and event come in either order; the event alone is enough if the
        acknowledgement is lost.
        """
        board = self._watch.board
        await board.wait_until(self._is_settled, timeout + EXTENSION_LIMIT)
        if not self.refusal or self._is_there():
            await board.wait_until(lambda: self._is_there() or self._went_to_fault(), EVENT_TIMEOUT)
        if self._is_there():
            return
        if self._went_to_fault():
            await board.wait_until(lambda: self._watch.error_code != 0, 1.0)
        raise transition_error(
            self._watch,
            self._target,
            self._what(timeout),
            remedy=advice(
                self._watch, start_refused=bool(self.refusal) and self._step.command == "start"
            ),
        )

    def _is_there(self) -> bool:
        return known_state(self._watch) is self._step.state

    def _went_to_fault(self) -> bool:
        fault = SummaryState.FAULT
        return known_state(self._watch) is fault and self._before is not fault

    def _is_settled(self) -> bool:
        return self.done or bool(self.refusal) or self.timed_out or self._went_to_fault()

    def _what(self, timeout: float) -> str:
        """Say what went wrong."""
        name, command = self._watch.name, self._step.command
        if self._went_to_fault():
            return f"{name} went to FAULT on command {command}."
        if self.refusal:
            return f"{name} refused command {command}: {_bare(self.refusal)}."
        if self.done:
            return (
                f"{name} says that command {command} is done, but did not become "
                f"{self._step.state.name} within {EVENT_TIMEOUT:g} s."
            )
        return f"{name} did not answer command {command} within {timeout:g} s."


def _bare(refusal: str) -> str:
    """Strip what salobj puts around the reason that a component gives."""
    return refusal.removeprefix("Failed: ").rstrip(".")
