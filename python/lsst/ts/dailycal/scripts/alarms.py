# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the Watcher from ringing about what is done on purpose."""

__all__ = ["AlarmMuter"]

import logging
import typing

import lsst.ts.salobj as salobj

from ..model import ComponentName
from ..sal.compat import enumerations
from .state_list import muted_alarms

WATCHER_TIMEOUT = 5.0
"""How long to wait for the Watcher, in seconds."""


class AlarmMuter:
    """Mutes alarms of the Watcher.

    Parameters
    ----------
    domain : `lsst.ts.salobj.Domain`
        Domain of the script.
    duration : `float`
        How long they are to be mute, in seconds.
    muted_by : `str`
        Who wants it.
    log : `logging.Logger`
        Where to tell.
    """

    def __init__(
        self, domain: typing.Any, duration: float, muted_by: str, log: logging.Logger
    ) -> None:
        self._remote = salobj.Remote(domain, "Watcher", include=["summaryState"])
        self._duration = duration
        self._muted_by = muted_by
        self._log = log

    async def start(self) -> None:
        """Wait until the remote is ready."""
        await self._remote.start_task

    async def mute(self, component: ComponentName) -> None:
        """Mute the alarms about a component; without the Watcher that is a warning."""
        pattern = muted_alarms(component)
        try:
            await self._remote.cmd_mute.set_start(
                name=pattern,
                duration=self._duration,
                severity=enumerations("Watcher").AlarmSeverity.CRITICAL,
                mutedBy=self._muted_by,
                timeout=WATCHER_TIMEOUT,
            )
        except salobj.AckError as error:
            reason = error.ackcmd.result or "no reason given"
            self._log.warning("The Watcher did not mute %s (%s); it may ring.", pattern, reason)
        else:
            self._log.info("Alarms %s are mute for %.0f s.", pattern, self._duration)
