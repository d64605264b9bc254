# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controllers, components and remotes with the interfaces of salobj 8."""

from __future__ import annotations

import abc
import asyncio
import enum
import logging
import os
import pathlib
import signal
import types
import typing

import jsonschema
import yaml
from salobj8_messages import Message, message_type, topics_of
from salobj8_topics import (
    Bus,
    ControllerCommand,
    ExpectedError,
    ReadTopic,
    RemoteCommand,
    SalRetCode,
    WriteTopic,
)


class State(enum.IntEnum):
    """Summary states."""

    DISABLED = 1
    ENABLED = 2
    FAULT = 3
    OFFLINE = 4
    STANDBY = 5


_TRANSITIONS = {
    "enterControl": (State.OFFLINE, State.STANDBY),
    "start": (State.STANDBY, State.DISABLED),
    "enable": (State.DISABLED, State.ENABLED),
}
_OPTIONAL = {"abort", "enterControl"}
LAST_WORDS = 0.05
"""How long a component waits before it is deaf, in seconds; salobj waits for a second."""


class Domain:
    """Everything in memory; all domains of a test share a bus."""

    shared = Bus()

    def __init__(self) -> None:
        self.bus = Domain.shared
        self.unexpected: list[Exception] = []
        self.readers: list[ReadTopic] = []

    async def close(self) -> None:
        for reader in self.readers:
            reader.close()
        self.readers.clear()

    async def __aenter__(self) -> typing.Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class SalInfo:
    """What is known of a component's interface."""

    def __init__(self, domain: Domain, name: str, index: int | None = 0) -> None:
        self.domain, self.name, self.index = domain, name, index or 0
        self.identity = f"{name}:{self.index}" if self.index else name
        self.log = logging.getLogger(f"salobj8.{name}")
        self.command_names = self._names("cmd_")
        self.event_names = self._names("evt_")
        self.telemetry_names = self._names("tel_")
        self.ack_writer = WriteTopic(self, "ack_ackcmd")
        self.started = False

    def _names(self, prefix: str) -> tuple[str, ...]:
        found = (topic for topic in topics_of(self.name) if topic.startswith(prefix))
        return tuple(topic.removeprefix(prefix) for topic in found)

    def make_ackcmd(
        self,
        private_seqNum: int,
        ack: SalRetCode,
        error: int = 0,
        result: str = "",
        timeout: float = 0.0,
    ) -> Message:
        return message_type(self.name, "ack_ackcmd")(
            private_seqNum=private_seqNum, ack=ack, error=error, result=result, timeout=timeout
        )


class Remote:
    """Listens to a component, and commands it unless it only reads."""

    def __init__(
        self,
        domain: Domain,
        name: str,
        index: int | None = None,
        *,
        readonly: bool = False,
        include: typing.Iterable[str] | None = None,
        evt_max_history: int = 1,
    ) -> None:
        self.salinfo = SalInfo(domain, name, index)
        wanted = None if include is None else set(include)
        for prefix, names in (
            ("evt", self.salinfo.event_names),
            ("tel", self.salinfo.telemetry_names),
        ):
            for item in names:
                if wanted is None or item in wanted:
                    topic = ReadTopic(self.salinfo, f"{prefix}_{item}", self.salinfo.index)
                    if evt_max_history:
                        asyncio.get_running_loop().call_soon(topic.hear_history)
                    domain.readers.append(topic)
                    setattr(self, f"{prefix}_{item}", topic)
        if not readonly:
            for item in self.salinfo.command_names:
                setattr(self, f"cmd_{item}", RemoteCommand(self.salinfo, f"cmd_{item}"))
        self.salinfo.started = True
        self.start_task: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.start_task.set_result(None)

    async def close(self) -> None:
        """Nothing to close by itself: the domain does."""


class Controller:
    """Takes commands and publishes; every command needs a method, and no method is too much."""

    def __init__(
        self,
        name: str,
        index: int | None = None,
        *,
        do_callbacks: bool = False,
        allow_missing_callbacks: bool = False,
        extra_commands: typing.Collection[str] = (),
    ) -> None:
        self.salinfo = SalInfo(Domain(), name, index)
        self.log = self.salinfo.log
        self.done_task: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.isopen = True
        self._allow_missing = allow_missing_callbacks
        if do_callbacks:
            self._check_methods(set(extra_commands))
        for item in self.salinfo.command_names:
            topic = ControllerCommand(self.salinfo, f"cmd_{item}", self.salinfo.index)
            self.domain.readers.append(topic)
            setattr(self, f"cmd_{item}", topic)
        for item in self.salinfo.event_names:
            setattr(self, f"evt_{item}", WriteTopic(self.salinfo, f"evt_{item}"))
        for item in self.salinfo.telemetry_names:
            setattr(self, f"tel_{item}", WriteTopic(self.salinfo, f"tel_{item}"))
        self.start_task = asyncio.get_running_loop().create_task(self.start())

    @property
    def domain(self) -> Domain:
        return self.salinfo.domain

    def _check_methods(self, extra: set[str]) -> None:
        known = set(self.salinfo.command_names)
        methods = {name.removeprefix("do_") for name in dir(self) if name.startswith("do_")}
        if (missing := known - methods - _OPTIONAL) and not self._allow_missing:
            raise TypeError(f"no do_ method for {sorted(missing)}")
        if unknown := methods - known - extra:
            raise TypeError(f"no commands for the do_ methods {sorted(unknown)}")

    async def start(self) -> None:
        self.salinfo.started = True
        # salobj 8 takes the signals of the process for itself.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, lambda: loop.create_task(self.close()))
        for item in self.salinfo.command_names:
            method = getattr(self, f"do_{item}", None)
            if method is not None:
                getattr(self, f"cmd_{item}").callback = method
        await self.evt_logLevel.set_write(level=20, force_output=True)

    async def do_setLogLevel(self, data: Message) -> None:
        await self.evt_logLevel.set_write(level=data.level, force_output=True)

    async def close_tasks(self) -> None:
        """Overridden by components."""

    async def close(self) -> None:
        if not self.isopen:
            await self.done_task
            return
        self.isopen = False
        if not self.start_task.done():
            self.start_task.cancel()
        await self.close_tasks()
        await asyncio.sleep(LAST_WORDS)
        await self.domain.close()
        self.done_task.set_result(None)

    async def __aenter__(self) -> typing.Self:
        await self.start_task
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


class BaseCsc(Controller):
    """A component with summary states; its coroutines are those of salobj 8."""

    default_initial_state = State.STANDBY
    valid_simulation_modes: typing.Sequence[int]

    def __init__(  # noqa: PLR0917 - as salobj has it
        self,
        name: str,
        index: int | None = None,
        check_if_duplicate: bool = False,
        initial_state: State | int | None = None,
        override: str = "",
        simulation_mode: int = 0,
        allow_missing_callbacks: bool = False,
        extra_commands: typing.Collection[str] = (),
    ) -> None:
        for required in ("version", "valid_simulation_modes"):
            if not hasattr(self, required):
                raise RuntimeError(f"class variable {required} is required")
        if simulation_mode not in self.valid_simulation_modes:
            raise ValueError(f"simulation_mode={simulation_mode}")
        self.heartbeat_interval = 1.0
        self._override = override
        self._summary_state = State(self.default_initial_state)
        self._initial_state = State(
            self.default_initial_state if initial_state is None else initial_state
        )
        super().__init__(
            name,
            index,
            do_callbacks=True,
            allow_missing_callbacks=allow_missing_callbacks,
            extra_commands=extra_commands,
        )

    @property
    def summary_state(self) -> State:
        return self._summary_state

    async def start(self) -> None:
        await super().start()
        self._heartbeat_task = asyncio.get_running_loop().create_task(self._beat())
        await self.handle_summary_state()
        await self._report_summary_state()
        for command, (before, after) in _TRANSITIONS.items():
            if self.summary_state is before and self._initial_state is not before:
                data = getattr(self, f"cmd_{command}").DataType()
                if command == "start":
                    data.configurationOverride = self._override
                await getattr(self, f"do_{command}")(data)
                if after is self._initial_state:
                    break

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.heartbeat_interval)
            await self.evt_heartbeat.write()

    async def close_tasks(self) -> None:
        if hasattr(self, "_heartbeat_task"):
            self._heartbeat_task.cancel()

    async def handle_summary_state(self) -> None:
        """Overridden by components."""

    async def _report_summary_state(self) -> None:
        await self.evt_summaryState.set_write(summaryState=self.summary_state)

    async def fault(self, code: int, report: str, traceback: str = "") -> None:
        self._summary_state = State.FAULT
        await self.evt_errorCode.set_write(
            errorCode=code, errorReport=report, traceback=traceback, force_output=True
        )
        await self._report_summary_state()
        await self.handle_summary_state()

    def assert_enabled(self) -> None:
        if self.summary_state != State.ENABLED:
            raise ExpectedError(f"not allowed in state {self.summary_state!r}")

    async def _do_change_state(
        self, data: Message, cmd_name: str, allowed: typing.Sequence[State], state: State
    ) -> None:
        before = self.summary_state
        if before not in allowed:
            raise ExpectedError(f"{cmd_name} not allowed in state {before!r}")
        await getattr(self, f"begin_{cmd_name}")(data)
        self._summary_state = state
        try:
            await getattr(self, f"end_{cmd_name}")(data)
        except Exception:
            self._summary_state = before
            raise
        await self.handle_summary_state()
        await self._report_summary_state()

    async def do_start(self, data: Message) -> None:
        await self._do_change_state(data, "start", [State.STANDBY], State.DISABLED)

    async def do_enable(self, data: Message) -> None:
        await self._do_change_state(data, "enable", [State.DISABLED], State.ENABLED)

    async def do_disable(self, data: Message) -> None:
        await self._do_change_state(data, "disable", [State.ENABLED], State.DISABLED)

    async def do_standby(self, data: Message) -> None:
        await self._do_change_state(data, "standby", [State.DISABLED, State.FAULT], State.STANDBY)

    async def do_exitControl(self, data: Message) -> None:
        await self._do_change_state(data, "exitControl", [State.STANDBY], State.OFFLINE)
        self._closing = asyncio.get_running_loop().create_task(self.close())

    async def _nothing(self, data: Message) -> None:
        """Do nothing before or after a transition."""

    begin_start = begin_enable = begin_disable = begin_standby = begin_exitControl = _nothing
    end_start = end_enable = end_disable = end_standby = end_exitControl = _nothing


class ConfigurableCsc(BaseCsc, abc.ABC):
    """A component that is configured by files: ``_init.yaml``, those of the site, the override."""

    def __init__(  # noqa: PLR0917 - as salobj has it
        self,
        name: str,
        index: int | None,
        config_schema: dict[str, typing.Any],
        config_dir: str | pathlib.Path | None = None,
        check_if_duplicate: bool = False,
        initial_state: State | int | None = None,
        override: str = "",
        simulation_mode: int = 0,
    ) -> None:
        self.site = os.environ["LSST_SITE"]
        if not config_schema["title"].rpartition(" ")[2].startswith("v"):
            raise ValueError("the title of the schema needs a version")
        if config_dir is None:
            config_dir = os.environ[f"{self.get_config_pkg().upper()}_DIR"]
        self.config_dir = pathlib.Path(config_dir)
        if not (self.config_dir / "_init.yaml").is_file():
            raise RuntimeError(f"no _init.yaml in {self.config_dir}")
        self.config_validator = jsonschema.Draft7Validator(config_schema)
        super().__init__(
            name,
            index,
            check_if_duplicate=check_if_duplicate,
            initial_state=initial_state,
            override=override,
            simulation_mode=simulation_mode,
        )

    @staticmethod
    @abc.abstractmethod
    def get_config_pkg() -> str:
        """Return the package of the configurations."""

    @abc.abstractmethod
    async def configure(self, config: types.SimpleNamespace) -> None:
        """Take over a configuration."""

    async def _report_summary_state(self) -> None:
        await super()._report_summary_state()
        if self.summary_state is State.STANDBY:
            files = sorted(path.name for path in self.config_dir.glob("[!_]*.yaml"))
            await self.evt_configurationsAvailable.set_write(overrides=",".join(files))

    async def begin_start(self, data: Message) -> None:
        override = data.configurationOverride
        if override and (override.startswith("_") or not override.endswith(".yaml")):
            raise ExpectedError(f"override {override!r} is no name of a file")
        content: dict[str, typing.Any] = {}
        for name in ("_init.yaml", f"_{self.site}.yaml", override):
            path = self.config_dir / name
            if name and (path.is_file() or name == override):
                try:
                    content |= yaml.safe_load(path.read_text(encoding="utf-8"))
                except OSError as error:
                    raise ExpectedError(f"cannot read {name}: {error}") from None
        try:
            self.config_validator.validate(content)
        except jsonschema.ValidationError as error:
            raise ExpectedError(f"invalid configuration: {error.message}") from None
        await self.configure(types.SimpleNamespace(**content))
        await self.evt_configurationApplied.set_write(
            configurations=f"_init.yaml,{override}", force_output=True
        )
