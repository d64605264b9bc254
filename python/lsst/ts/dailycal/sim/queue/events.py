# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the fake ScriptQueue tells: the events of the real one."""

__all__ = ["QueueEvents"]

import typing

import lsst.ts.salobj as salobj

from .catalog import ScriptCatalog
from .order import MOST_SCRIPTS, ScriptOrder
from .script import QueuedScript

_METADATA = (
    "coordinateSystem",
    "position",
    "rotationSystem",
    "cameraAngle",
    "filters",
    "dome",
    "duration",
    "nimages",
    "survey",
    "totalCheckpoints",
)


class QueueEvents:
    """The events of a queue.

    Parameters
    ----------
    csc
        The queue, a `~.sim.csc.simulated.SimulatedCsc`.
    """

    def __init__(self, csc: typing.Any) -> None:
        self._csc = csc

    def directories(self, catalog: ScriptCatalog) -> None:
        """Tell where the scripts are."""
        self._csc.publish(
            self._csc.evt_rootDirectories,
            standard=str(catalog.standard),
            external=str(catalog.external),
        )

    def available(self, catalog: ScriptCatalog) -> None:
        """Tell which scripts there are."""
        self._csc.publish(
            self._csc.evt_availableScripts,
            standard=":".join(catalog.find(is_standard=True)),
            external=":".join(catalog.find(is_standard=False)),
        )

    def schema(self, request: typing.Any, schema: str) -> None:
        """Tell the schema of the script that a command named."""
        self._csc.publish(
            self._csc.evt_configSchema,
            isStandard=request.isStandard,
            path=request.path,
            configSchema=schema,
        )

    def visit(self, script: QueuedScript) -> None:
        """Announce that a script is the next to run."""
        told = script.metadata
        fields = {name: getattr(told, name) for name in _METADATA if told}
        self._csc.publish(
            self._csc.evt_nextVisit, salIndex=script.index, groupId=script.group_id, **fields
        )

    def no_visit(self, script: QueuedScript) -> None:
        """Take that back."""
        self._csc.publish(
            self._csc.evt_nextVisitCanceled, salIndex=script.index, groupId=script.group_id
        )

    def queue(self, lineup: ScriptOrder, *, running: bool, force: bool = True) -> None:
        """Tell how the queue is; if it is as it was, only when forced to."""
        self._csc.evt_queue.set_put(
            enabled=self._csc.summary_state == salobj.State.ENABLED,
            running=running,
            currentSalIndex=lineup.current,
            length=len(lineup.waiting),
            salIndices=_pad(lineup.waiting),
            pastLength=len(lineup.past),
            pastSalIndices=_pad(lineup.past),
            force_output=force,
        )

    def script(self, script: QueuedScript, *, force: bool = False) -> None:
        """Tell how a script is; if it is as it was, only when forced to."""
        times = script.times
        self._csc.evt_script.set_put(
            cmdId=script.command_id,
            salIndex=script.index,
            isStandard=script.request.is_standard,
            path=script.request.path,
            timestampProcessStart=times.process_start,
            timestampConfigureStart=times.configure_start,
            timestampConfigureEnd=times.configure_end,
            timestampRunStart=times.run_start,
            timestampProcessEnd=times.process_end,
            processState=int(script.process_state),
            scriptState=script.state,
            force_output=force,
        )


def _pad(indices: list[int]) -> list[int]:
    return indices + [0] * (MOST_SCRIPTS - len(indices))
