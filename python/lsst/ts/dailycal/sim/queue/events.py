# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the fake ScriptQueue tells: the events of the real one."""

__all__ = ["QueueEvents"]

import typing

import lsst.ts.salobj as salobj

from ...sal.compat import write_event
from ..csc.compat import existing_fields, script_index_field
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
    "instrument",
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

    async def directories(self, catalog: ScriptCatalog) -> None:
        """Tell where the scripts are."""
        await self._csc.publish(
            self._csc.evt_rootDirectories,
            standard=str(catalog.standard),
            external=str(catalog.external),
        )

    async def available(self, catalog: ScriptCatalog) -> None:
        """Tell which scripts there are."""
        await self._csc.publish(
            self._csc.evt_availableScripts,
            standard=":".join(catalog.find(is_standard=True)),
            external=":".join(catalog.find(is_standard=False)),
        )

    async def schema(self, request: typing.Any, schema: str) -> None:
        """Tell the schema of the script that a command named."""
        await self._csc.publish(
            self._csc.evt_configSchema,
            isStandard=request.isStandard,
            path=request.path,
            configSchema=schema,
        )

    async def visit(self, script: QueuedScript) -> None:
        """Announce that a script is the next to run."""
        told = script.metadata
        fields = {name: getattr(told, name) for name in _METADATA if hasattr(told, name)}
        await self._csc.publish(
            self._csc.evt_nextVisit,
            **self._index(self._csc.evt_nextVisit, script),
            groupId=script.group_id,
            **existing_fields(self._csc.evt_nextVisit, **fields),
        )

    async def no_visit(self, script: QueuedScript) -> None:
        """Take that back."""
        await self._csc.publish(
            self._csc.evt_nextVisitCanceled,
            **self._index(self._csc.evt_nextVisitCanceled, script),
            groupId=script.group_id,
        )

    async def queue(self, lineup: ScriptOrder, *, running: bool, force: bool = True) -> None:
        """Tell how the queue is; if it is as it was, only when forced to."""
        await write_event(
            self._csc.evt_queue,
            enabled=self._csc.summary_state == salobj.State.ENABLED,
            running=running,
            currentSalIndex=lineup.current,
            length=len(lineup.waiting),
            salIndices=_pad(lineup.waiting),
            pastLength=len(lineup.past),
            pastSalIndices=_pad(lineup.past),
            force_output=force,
        )

    async def script(self, script: QueuedScript, *, force: bool = False) -> None:
        """Tell how a script is; if it is as it was, only when forced to."""
        times, place = script.times, script.request.place
        await write_event(
            self._csc.evt_script,
            cmdId=script.command_id,
            **self._index(self._csc.evt_script, script),
            isStandard=script.request.is_standard,
            path=script.request.path,
            timestampProcessStart=times.process_start,
            timestampConfigureStart=times.configure_start,
            timestampConfigureEnd=times.configure_end,
            timestampRunStart=times.run_start,
            timestampProcessEnd=times.process_end,
            processState=int(script.process_state),
            scriptState=script.state,
            **existing_fields(
                self._csc.evt_script,
                blockId=place.block_id,
                scriptBlockIndex=place.index,
                blockSize=place.size,
                executionId=script.request.execution_id,
            ),
            force_output=force,
        )

    @staticmethod
    def _index(topic: typing.Any, script: QueuedScript) -> dict[str, int]:
        """Return the field that tells which script an event is about."""
        return {script_index_field(topic.DataType()): script.index}


def _pad(indices: list[int]) -> list[int]:
    return indices + [0] * (MOST_SCRIPTS - len(indices))
