# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script queue, as the page needs it."""

__all__ = ["Queue"]

import typing
from collections.abc import Mapping

from ..model import QueueStatus, ScriptPath, ScriptRequest, ScriptUpdate


class Queue(typing.Protocol):
    """Runs scripts one after another."""

    async def status(self, timeout: float) -> QueueStatus:
        """Report how the queue is, after waiting at most ``timeout`` s for a fresh heartbeat."""
        ...

    async def available(self, timeout: float) -> frozenset[ScriptPath]:
        """Return the scripts that the queue can run.

        Raises
        ------
        QueueError
            If it does not tell within ``timeout`` seconds.
        """
        ...

    async def schema(self, script: ScriptPath, timeout: float) -> Mapping[str, typing.Any] | None:
        """Return the JSON schema of a script's configuration; `None` if it takes none.

        Raises
        ------
        QueueError
            If the queue does not tell within ``timeout`` seconds, or tells no schema.
        """
        ...

    async def add(self, request: ScriptRequest, timeout: float) -> int:
        """Put a script at the end of the queue, and return its index.

        Raises
        ------
        QueueError
            If it is refused, or there is no answer within ``timeout`` seconds.
        """
        ...

    async def next_update(self, seen: ScriptUpdate, timeout: float) -> ScriptUpdate:
        """Wait until something is heard of a script that is not in ``seen``.

        Parameters
        ----------
        seen : `ScriptUpdate`
            The last update of that script; ``ScriptUpdate(index)`` to begin.
        timeout : `float`
            After so many seconds it returns what there is, changed or not.

        Raises
        ------
        QueueError
            If the queue itself is no longer heard.
        """
        ...

    async def stop(self, index: int, timeout: float) -> None:
        """Stop a script if it runs, take it out of the queue if it waits.

        Raises
        ------
        QueueError
            If the queue does not accept that within ``timeout`` seconds.
        """
        ...

    async def resume(self, timeout: float) -> None:
        """Let a paused queue start scripts again.

        Raises
        ------
        QueueError
            If the queue does not accept that within ``timeout`` seconds.
        """
        ...
