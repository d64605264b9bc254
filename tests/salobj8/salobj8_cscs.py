# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Components with summary states, as salobj 8 has them."""

from __future__ import annotations

import abc
import asyncio
import enum
import os
import pathlib
import types
import typing

import jsonschema
import yaml
from salobj8_components import Controller
from salobj8_messages import Message
from salobj8_topics import ExpectedError


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
