# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Drive one Script component through salobj."""

__all__ = ["FINAL_STATES", "ScriptRemote"]

import asyncio
import typing
from collections.abc import Callable

import lsst.ts.salobj as salobj

from ...sal.compat import enumerations, message_fields
from ...sal.topics import TopicReader
from ..errors import CommandError
from ..exit_codes import ExitCode
from .events import LogLine, Metadata, ScriptEvent, StateChanged

FINAL_STATES = frozenset({"DONE", "STOPPED", "FAILED", "CONFIGURE_FAILED"})
"""Names of the states that a script does not leave."""
RUN_LIMIT = 7 * 86400.0
"""How long the command ``run`` may take, in seconds: as long as its process lives."""
_TOPICS = ("state", "metadata", "logMessage")


class ScriptRemote:
    """A script, as seen and driven from another process. Use as a context manager.

    Parameters
    ----------
    index : `int`
        Index of the Script component.
    show : `~collections.abc.Callable`
        Is given everything that is heard, at once.
    """

    def __init__(self, index: int, show: Callable[[ScriptEvent], None]) -> None:
        self._show = show
        self._states = enumerations("Script").ScriptState
        self._board = TopicReader()
        self._index = index
        self._last: StateChanged | None = None
        self._heard = 0
        self._domain: salobj.Domain = None
        self._remote: salobj.Remote = None

    async def __aenter__(self) -> typing.Self:
        self._domain = salobj.Domain()
        try:
            self._remote = salobj.Remote(self._domain, "Script", self._index, include=list(_TOPICS))
            self._board.listen(self._remote.evt_state, self._hear_state)
            self._board.listen(self._remote.evt_metadata, self._hear_metadata)
            self._board.listen(self._remote.evt_logMessage, self._hear_log)
            await self._remote.start_task
        except RuntimeError as error:
            await self._domain.close()
            raise CommandError(
                f"SAL cannot be used here: {error} At an observatory, set up its environment; "
                "of a simulated one, export the lines that `dailycal simulate` prints.",
                ExitCode.UNAVAILABLE,
            ) from error
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._domain.close()

    @property
    def last_state(self) -> StateChanged | None:
        """What was heard last; `None` if nothing was."""
        return self._last

    @property
    def state(self) -> str:
        """Name of the state that was heard last (`str`); empty if none was."""
        return self._last.state if self._last is not None else ""

    def _hear_state(self, message: typing.Any) -> None:
        fields = message_fields(message)
        try:
            name = str(self._states(fields["state"]).name)
        except ValueError:  # a state that is newer than the enumeration
            name = f"state {fields['state']}"
        self._last = StateChanged(
            state=name,
            reason=fields["reason"],
            last_checkpoint=fields["lastCheckpoint"],
            checkpoints=fields["numCheckpoints"],
        )
        self._heard += 1
        self._show(self._last)

    def _hear_metadata(self, message: typing.Any) -> None:
        fields = message_fields(message)
        self._show(
            Metadata(
                duration=fields["duration"],
                images=fields["nimages"],
                checkpoints=fields["totalCheckpoints"],
            )
        )

    def _hear_log(self, message: typing.Any) -> None:
        fields = message_fields(message)
        self._heard += 1
        self._show(LogLine(fields["level"], fields["message"], fields["traceback"]))

    async def wait_state(self, names: typing.Collection[str], timeout: float) -> bool:
        """Wait until the script is in one of several states.

        Returns
        -------
        is_so : `bool`
            False if it was in none of them within ``timeout`` seconds.
        """
        return await self._board.wait_until(lambda: self.state in names, timeout)

    async def configure(
        self, config: str, *, log_level: int, pause: str, stop: str, timeout: float
    ) -> None:
        """Configure the script.

        Raises
        ------
        salobj.AckError
            If it refuses, or does not answer within ``timeout`` seconds.
        """
        await self._remote.cmd_configure.set_start(
            config=config,
            logLevel=log_level,
            pauseCheckpoint=pause,
            stopCheckpoint=stop,
            timeout=timeout,
        )

    async def set_group_id(self, group_id: str, timeout: float) -> None:
        """Give the script its group id.

        Raises
        ------
        salobj.AckError
            If it refuses, or does not answer within ``timeout`` seconds.
        """
        await self._remote.cmd_setGroupId.set_start(groupId=group_id, timeout=timeout)

    async def run(self) -> None:
        """Run the script; returns when it has run.

        Raises
        ------
        salobj.AckError
            If it refuses, or fails.
        """
        await self._remote.cmd_run.start(timeout=RUN_LIMIT)

    async def resume(self, timeout: float) -> None:
        """Resume a script that is paused.

        Raises
        ------
        salobj.AckError
            If it refuses, or does not answer within ``timeout`` seconds.
        """
        await self._remote.cmd_resume.start(timeout=timeout)

    async def stop(self, timeout: float) -> None:
        """Ask the script to stop.

        Raises
        ------
        salobj.AckError
            If it refuses, or does not answer within ``timeout`` seconds.
        """
        await self._remote.cmd_stop.start(timeout=timeout)

    async def settle(self, timeout: float = 1.0) -> None:
        """Wait for the last messages of a script whose process has ended."""
        await asyncio.sleep(0.05)
        await self.wait_state(FINAL_STATES, timeout)
        await self._board.settle(lambda: self._heard)


async def swallow_refusal(command: typing.Awaitable[None]) -> str:
    """Await a command; return why it was refused, or an empty text."""
    try:
        await command
    except salobj.AckError as error:
        return ack_text(error)
    return ""


def ack_text(error: Exception) -> str:
    """Say in the words of the component why a command did not work (`str`)."""
    ack = getattr(error, "ackcmd", None)
    result = str(getattr(ack, "result", "")).removeprefix("Failed: ")
    if result:
        return result
    timeout = isinstance(error, salobj.AckTimeoutError)
    return "there was no answer in time" if timeout else str(error)
