# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controllers and remotes with the interfaces of salobj 8."""

from __future__ import annotations

import asyncio
import logging
import signal
import typing

from salobj8_messages import Message, message_type, topics_of
from salobj8_topics import (
    Bus,
    ControllerCommand,
    ReadTopic,
    RemoteCommand,
    SalRetCode,
    WriteTopic,
)

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
