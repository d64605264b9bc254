# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Watch one component: its state, its heartbeat, its last error."""

__all__ = ["ComponentWatch", "SalComponents"]

import asyncio
import typing
from collections.abc import Iterable, Sequence

import lsst.ts.salobj as salobj
import lsst.ts.utils as utils

from ..model import ComponentName, ComponentStatus, format_duration
from .topics import TopicReader

SILENCE_LIMIT = 30.0
"""How long a component may be silent before it counts as gone, in seconds."""
OLD_HEARTBEAT = 5.0
"""A heartbeat sent longer than this before the watch began proves nothing, in seconds."""
HEARTBEAT_TIMEOUT = 3.5
"""How long to wait for a fresh heartbeat, in seconds: components beat once a second."""


class ComponentWatch:
    """Follows a component's summary state, heartbeat and error code.

    Parameters
    ----------
    remote : `lsst.ts.salobj.Remote`
        Remote of the component, with at least summaryState, heartbeat and errorCode.
    """

    TOPICS = ("summaryState", "heartbeat", "errorCode")
    """Events that the remote must include."""

    def __init__(self, remote: typing.Any) -> None:
        info = remote.salinfo
        self.name = ComponentName(info.name, info.index or 0)
        self.board = TopicReader()
        self.state: salobj.State | None = None
        self.state_since: float | None = None
        """When it came to that state, by its own clock, s TAI; `None` if none was heard."""
        self.beats = 0
        self._last_beat = asyncio.get_running_loop().time()
        self._oldest_beat = utils.current_tai() - OLD_HEARTBEAT
        self.error_code = 0
        self.error_report = ""
        self.remark = ""
        self.overrides: tuple[str, ...] = ()
        """The configurations that it knows; empty if it has none, or the remote leaves them out."""
        self.board.listen(remote.evt_summaryState, self._hear_state)
        self.board.listen(remote.evt_heartbeat, self._hear_heartbeat)
        self.board.listen(remote.evt_errorCode, self._hear_error)

    def _hear_state(self, message: typing.Any) -> None:
        state = salobj.State(message.summaryState)
        if state != self.state:
            self.state_since = message.private_sndStamp
        self.state = state

    def _hear_heartbeat(self, message: typing.Any) -> None:
        if message.private_sndStamp < self._oldest_beat:
            return  # history: its sender may have died since
        self.beats += 1
        self._last_beat = asyncio.get_running_loop().time()

    def _hear_error(self, message: typing.Any) -> None:
        self.error_code, self.error_report = message.errorCode, message.errorReport

    @property
    def is_enabled(self) -> bool:
        """Is ENABLED the last state heard (`bool`)?"""
        return bool(self.state == salobj.State.ENABLED)

    @property
    def is_heard(self) -> bool:
        """Does it beat, or has it not had the time to (`bool`)?"""
        return self.silence < SILENCE_LIMIT

    @property
    def silence(self) -> float:
        """Time since the last heartbeat, or since the watch began, in seconds (`float`)."""
        return asyncio.get_running_loop().time() - self._last_beat

    def describe(self) -> str:
        """Describe the component for an error message (`str`)."""
        state = self.state.name if self.state is not None else "in a state never heard"
        text = f"{self.name} {state}"
        if not self.is_heard:
            text += f", but not heard for {format_duration(self.silence)}"
        elif self.state == salobj.State.FAULT and self.error_code:
            text += f" (error {self.error_code}: {self.error_report})"
        return text

    async def status(self, timeout: float = HEARTBEAT_TIMEOUT) -> ComponentStatus:
        """Report how the component is, after waiting for a fresh heartbeat.

        Parameters
        ----------
        timeout : `float`
            How long to wait for it, in seconds.
        """
        beats = self.beats
        alive = await self.board.wait_until(lambda: self.beats > beats, timeout)
        return self._status(alive)

    def status_now(self) -> ComponentStatus:
        """Report how the component is, without waiting for anything."""
        return self._status(self.is_heard)

    def _status(self, alive: bool) -> ComponentStatus:
        return ComponentStatus(
            name=self.name,
            state=self.state.name if self.state is not None else "",
            alive=alive,
            error_code=self.error_code if self.state == salobj.State.FAULT else 0,
            error_report=self.error_report,
            remark=self.remark,
        )


class SalComponents:
    """The components that a run needs.

    Parameters
    ----------
    watches : `~collections.abc.Iterable` [`ComponentWatch`]
        Their watches.
    """

    def __init__(self, watches: Iterable[ComponentWatch]) -> None:
        self._watches = tuple(watches)

    async def status(self) -> Sequence[ComponentStatus]:
        """Report all of them, each with a fresh heartbeat awaited at the same time."""
        return await asyncio.gather(*(watch.status() for watch in self._watches))

    def troubles(self) -> Sequence[ComponentStatus]:
        """Report those that are known not to be ENABLED, or are silent for too long."""
        statuses = [watch.status_now() for watch in self._watches]
        return [item for item in statuses if not item.alive or item.state != "ENABLED"]
