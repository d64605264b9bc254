# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all fake CSCs have in common: the world, background work, and faults of any component."""

__all__ = ["CONFIG_DIRECTORY", "ConfigurableSimulatedCsc", "SimulatedCsc"]

import asyncio
import types
import typing
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path

import lsst.ts.salobj as salobj

from ...sal.compat import call, interface_topics
from ...version import VERSION
from ..config import SimulationConfig
from ..world import World
from .compat import (
    acknowledge,
    enter_state,
    publish,
    silence_heartbeat,
    with_defaults,
)

CONFIG_DIRECTORY = Path(__file__).parent / "config"
"""Configurations of the configurable components, a directory each (`~pathlib.Path`)."""

_SHORTEST_POLL = 0.05
"""How often faults are looked for at most, in real seconds."""
_BACKGROUND_FAILED = 99
"""Error code of a fake that failed itself."""


class SimulatedCsc(salobj.BaseCsc):
    """A fake CSC.

    It has a callback for every command of the installed interface: a ``do_`` method of its
    class, or else what `make_callback` makes.

    Parameters
    ----------
    name : `str`
        Name of the component.
    config : `SimulationConfig`, optional
        Settings of the observatory; by default those that ``DAILYCAL_SIM_CONFIG`` names. For
        several components in one process they must be those of a started observatory.
    index : `int`, optional
        Index of an indexed component.
    initial_state : `lsst.ts.salobj.State`, optional
        State to go to at the start; by default the component rests where real ones do.
    **kwargs
        More arguments of the base class.

    Attributes
    ----------
    world : `World`
        The world that it is part of.
    """

    valid_simulation_modes = (0,)
    version = VERSION

    def __init__(
        self,
        name: str,
        config: SimulationConfig | None = None,
        *,
        index: int | None = None,
        initial_state: salobj.State | None = None,
        **kwargs: typing.Any,
    ) -> None:
        self.world = World(config if config is not None else SimulationConfig.load())
        self.component = f"{name}:{index}" if index else name
        self._group: asyncio.TaskGroup | None = None
        self._owner: asyncio.Task[None] | None = None
        self._left_enabled = asyncio.Event()
        self._in_background = False
        if initial_state is None:
            initial_state = self.default_initial_state
        self._complete_commands(name)
        super().__init__(name=name, index=index, initial_state=initial_state, **kwargs)

    async def start(self) -> None:
        """Start, and watch for faults from then on."""
        ready = asyncio.Event()
        self._owner = asyncio.create_task(self._own_background(ready))
        await ready.wait()
        await super().start()
        self.spawn(self._watch_faults())

    def make_callback(self, command: str) -> Callable[[typing.Any], Awaitable[None]]:
        """Make the callback of a command that the class has no method for; it refuses.

        Parameters
        ----------
        command : `str`
            Name of the command.
        """

        async def refuse(data: typing.Any) -> None:
            raise salobj.ExpectedError(f"{self.component} does not simulate command {command}")

        return refuse

    async def start_background(self) -> None:
        """Do what is to be done before the first state is published; topics can be written."""

    async def close_tasks(self) -> None:
        """End commands and background work, and wait until they have ended."""
        await super().close_tasks()
        for name in self.salinfo.command_names:
            # Now, while their last acknowledgement can still be written. That of exitControl is
            # being written: it is the command that closes the component.
            if name != "exitControl":
                getattr(self, f"cmd_{name}").callback = None
        await asyncio.sleep(0)
        if self._owner is not None:
            self._owner.cancel()
            await asyncio.wait([self._owner])

    def spawn(self, work: Coroutine[typing.Any, typing.Any, None]) -> asyncio.Task[None]:
        """Do something in the background, as long as the component lives.

        Parameters
        ----------
        work : `~collections.abc.Coroutine`
            If it fails, the component goes to FAULT.
        """
        if self._group is None:
            work.close()
            raise RuntimeError(f"{self.component} is not running")
        guarded = self._guard(work)
        try:
            task = self._group.create_task(guarded)
        except RuntimeError:
            # The component is being closed.
            guarded.close()
            work.close()
            raise
        # A task that is cancelled before its first step has not begun with its work.
        task.add_done_callback(lambda _: work.close())
        return task

    async def begin_enterControl(self, data: typing.Any) -> None:
        """Do nothing before ``enterControl``; salobj has the like for other transitions."""

    async def end_enterControl(self, data: typing.Any) -> None:
        """Do nothing after ``enterControl``; salobj has the like for other transitions."""

    async def handle_summary_state(self) -> None:
        """Take note of a new state, however it came about."""
        if not self._in_background:
            # salobj calls this before it publishes the first state, and after it has started to
            # write; it has no other place of that kind in all versions.
            self._in_background = True
            await self.start_background()
        if self.summary_state == salobj.State.ENABLED:
            self._left_enabled.clear()
        else:
            self._left_enabled.set()

    async def pause(self, seconds: float) -> None:
        """Wait for a simulated time, and no longer than the component is ENABLED.

        Raises
        ------
        ~lsst.ts.salobj.ExpectedError
            If it left ENABLED.
        """
        try:
            async with asyncio.timeout(max(seconds, 0.0) / self.world.clock.scale):
                await self._left_enabled.wait()
        except TimeoutError:
            return
        raise salobj.ExpectedError(f"{self.component} is {self.summary_state.name}")

    async def for_ever(self) -> None:
        """Wait until the component is closed: an answer that never comes."""
        await asyncio.get_running_loop().create_future()

    async def publish(self, topic: typing.Any, **fields: typing.Any) -> None:
        """Write an event or telemetry, changed or not."""
        await publish(topic, **fields)

    async def enter_fault(self, code: int, report: str) -> None:
        """Go to FAULT.

        Parameters
        ----------
        code : `int`
            Error code.
        report : `str`
            What went wrong.
        """
        await call(self.fault, code, report)

    async def complete(self, command: typing.Any, data: typing.Any) -> None:
        """Acknowledge a command as complete, besides what salobj does."""
        ackcmd = self.salinfo.make_ackcmd(
            private_seqNum=data.private_seqNum,
            ack=salobj.SalRetCode.CMD_COMPLETE,
            result="Done",
        )
        await acknowledge(command, data, ackcmd)

    async def force_state(self, state: salobj.State) -> None:
        """Be in another state without a command, as a component that was started again is."""
        await enter_state(self, state)

    def _complete_commands(self, name: str) -> None:
        """Make callbacks for the commands of the interface that the class does not know."""
        for topic in interface_topics(name):
            kind, _, command = topic.partition("_")
            if kind == "cmd" and not hasattr(self, f"do_{command}"):
                setattr(self, f"do_{command}", self.make_callback(command))

    async def _own_background(self, ready: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            self._group = group
            ready.set()
            await self.for_ever()

    async def _guard(self, work: Coroutine[typing.Any, typing.Any, None]) -> None:
        try:
            await work
        except Exception as error:
            # A component whose work fails says so by its state; its process goes on.
            self.log.exception("Background work failed.")
            await self.enter_fault(_BACKGROUND_FAILED, f"{type(error).__name__}: {error}")

    async def _watch_faults(self) -> None:
        # An occasion a simulated second, as on the direct face.
        interval = max(1.0 / self.world.clock.scale, _SHORTEST_POLL)
        while True:
            if self.world.faults.hit("heartbeat", component=self.component):
                silence_heartbeat(self)
            if self.summary_state == salobj.State.ENABLED:
                fault = self.world.faults.hit("component.state", component=self.component)
                if fault is not None:
                    await self._leave_enabled(salobj.State[fault.text("state")])
            await asyncio.sleep(interval)

    async def _leave_enabled(self, state: salobj.State) -> None:
        if state == salobj.State.FAULT:
            await self.enter_fault(1, "the simulated fault leaves_enabled")
        else:
            await self.force_state(state)


class ConfigurableSimulatedCsc(SimulatedCsc, salobj.ConfigurableCsc):
    """A fake CSC that reads a configuration when it is started.

    Parameters
    ----------
    name : `str`
        Name of the component; its configurations are in `CONFIG_DIRECTORY`.
    config : `SimulationConfig`, optional
        Settings of the observatory.
    schema : `dict`
        JSON schema of the configuration.
    config_dir : `~pathlib.Path`, optional
        Directory of its configurations, if it is another one: with ``_labels.yaml`` for salobj
        6.9 and ``_init.yaml`` for later ones.
    **kwargs
        As for `SimulatedCsc`.
    """

    def __init__(
        self,
        name: str,
        config: SimulationConfig | None = None,
        *,
        schema: dict[str, typing.Any],
        config_dir: Path | None = None,
        **kwargs: typing.Any,
    ) -> None:
        self.settings = types.SimpleNamespace()
        self._schema = schema
        super().__init__(
            name,
            config,
            config_schema=schema,
            config_dir=CONFIG_DIRECTORY / name if config_dir is None else config_dir,
            **kwargs,
        )

    async def configure(self, config: types.SimpleNamespace) -> None:
        """Take over the configuration that ``start`` names."""
        self.settings = types.SimpleNamespace(**with_defaults(self._schema, vars(config)))

    @staticmethod
    def get_config_pkg() -> str:
        """Return the package of the configurations of real components."""
        return "ts_config_latiss"

    def _get_settings_version(self) -> str:
        # salobj asks git, in the event loop and for a directory that need not be in git.
        return VERSION
