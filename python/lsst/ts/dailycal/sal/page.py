# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""All ports of a run of the page over salobj."""

__all__ = ["SalPage"]

import enum
import typing
from collections.abc import Callable, Iterable

import lsst.ts.salobj as salobj

from ..model import ComponentName
from ..page import PagePorts, PageStep, Precondition
from ..ports import Announcer, Repository
from .camera.port import SalCamera
from .camera.states import Offline
from .clock import SalClock
from .component import ComponentWatch, SalComponents
from .conditions import SalGauges
from .queue.port import QUEUE_INDEX, SalQueue

CAMERA = "ATCamera"


class SchedulerActivity(enum.IntEnum):
    """What the Scheduler is doing, as the interface numbers it."""

    IDLE = 1
    RUNNING = 2
    WAITING_NEXT_TARGET = 3
    GENERATING = 4
    COMPUTING_PREDICTED = 5
    QUEUEING = 6


class SalPage:
    """The remotes that a run of the page needs.

    Parameters
    ----------
    domain : `lsst.ts.salobj.Domain`
        Domain of the remotes.
    steps : `~collections.abc.Iterable` [`PageStep`]
        The steps that will be carried out.
    queue_index : `int`, optional
        Index of the queue.
    """

    def __init__(
        self, domain: typing.Any, steps: Iterable[PageStep], queue_index: int = QUEUE_INDEX
    ) -> None:
        self._domain = domain
        steps = tuple(steps)
        names = dict.fromkeys(name for step in steps for name in step.components)
        wanted = {precondition for step in steps for precondition in step.preconditions}
        self._needs_camera = bool({Precondition.CAMERA, Precondition.CONDITIONS} & wanted)
        if self._needs_camera:
            names[ComponentName(CAMERA)] = None
        self.queue = SalQueue.make(domain, queue_index)
        self._remotes: dict[str, typing.Any] = {}
        watches = []
        for name in names:
            remote = salobj.Remote(domain, name.name, name.index, include=self._topics(name))
            self._remotes[str(name)] = remote
            watches.append(self._watch(name, remote))
        self.components = SalComponents(watches)
        self.camera: SalCamera | None = None
        self.gauges: SalGauges | None = None
        if self._needs_camera:
            remote = self._remotes[CAMERA]
            watch = next(item for item in watches if item.name.name == CAMERA)
            # Only `check` is used: no filter is moved, so no spectrograph is needed.
            self.camera = SalCamera(remote, watch, None)
            self.gauges = SalGauges(remote)

    async def start(self) -> None:
        """Wait until every remote has its history."""
        await self.queue.start()
        for remote in self._remotes.values():
            await remote.start_task

    def ports(self, announcer: Announcer, repository: Callable[[str], Repository]) -> PagePorts:
        """Put the ports together.

        Parameters
        ----------
        announcer : `Announcer`
            Where to announce.
        repository : `~collections.abc.Callable`
            Opens a repository by its name.
        """
        return PagePorts(
            queue=self.queue,
            announcer=announcer,
            components=self.components,
            clock=SalClock(),
            camera=self.camera,
            gauges=self.gauges,
            repository=repository,
        )

    def _topics(self, name: ComponentName) -> list[str]:
        if name.name == CAMERA and self._needs_camera:
            # Its telemetry differs between interfaces; a remote refuses what it does not know.
            known = salobj.SalInfo(self._domain, CAMERA).telemetry_names
            return [*SalCamera.TOPICS, *SalGauges.topics(known)]
        if name.name == CAMERA:
            return [*ComponentWatch.TOPICS, "offlineDetailedState"]
        if name.name == "Scheduler":
            return [*ComponentWatch.TOPICS, "detailedState"]
        return list(ComponentWatch.TOPICS)

    def _watch(self, name: ComponentName, remote: typing.Any) -> ComponentWatch:
        watch = ComponentWatch(remote)

        def remember(kind: type[enum.IntEnum], text: str) -> Callable[[typing.Any], None]:
            def store(message: typing.Any) -> None:
                try:
                    watch.remark = f"{text} {kind(message.substate).name}"
                except ValueError:
                    watch.remark = f"{text} {message.substate}"

            return store

        if name.name == "Scheduler":
            watch.board.listen(remote.evt_detailedState, remember(SchedulerActivity, "it is"))
        elif name.name == CAMERA and not self._needs_camera:
            watch.board.listen(
                remote.evt_offlineDetailedState, remember(Offline, "offline substate")
            )
        return watch
