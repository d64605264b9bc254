# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Start components of ours on salobj 8, command them, and look at what they wrote."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import typing
from collections.abc import AsyncIterator, Callable

from salobj8_components import Domain, Remote
from salobj8_cscs import State
from salobj8_messages import Message, topics_of
from salobj8_topics import AckError

OVERRIDES = {"Scheduler": "auxtel_fbs_image_photocal.yaml"}
"""Configurations that components do not start without."""


def make(name: str, config: typing.Any, **kwargs: typing.Any) -> typing.Any:
    """Make a component by its name in the list of programs."""
    programs = importlib.import_module("lsst.ts.dailycal.sim.programs")
    module, _, factory = programs.PROGRAMS[name].partition(":")
    return getattr(importlib.import_module(module), factory)(config, **kwargs)


async def until(is_so: Callable[[], object], timeout: float = 20.0) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(timeout):
        while not is_so():  # noqa: ASYNC110 - whatever it is that is waited for
            await asyncio.sleep(0.01)


class Bench:
    """A component that runs, and a remote for it."""

    def __init__(self, csc: typing.Any, remote: Remote) -> None:
        self.csc, self.remote = csc, remote
        self.name: str = csc.salinfo.name

    async def send(self, command: str, **fields: object) -> str:
        """Send a command, and return why it was refused; empty if it was carried out."""
        topic = getattr(self.remote, f"cmd_{command}")
        topic.data = topic.DataType(**fields)  # a field may be called timeout
        try:
            await topic.start(timeout=30.0)
        except AckError as error:
            return str(error.ackcmd.result)
        return ""

    def written(self, topic: str) -> list[Message]:
        """Return what was written on a topic of the component."""
        return [
            message
            for component, attribute, message in Domain.shared.written
            if component == self.name and attribute == topic
        ]

    def topics(self) -> set[str]:
        """Return the events and telemetry that it wrote."""
        return {
            attr
            for name, attr, _ in Domain.shared.written
            if name == self.name and attr.startswith(("evt_", "tel_"))
        }

    async def enable(self) -> None:
        """Bring it to ENABLED by commands."""
        if self.csc.summary_state is State.OFFLINE:
            assert await self.send("enterControl") == ""
        if self.csc.summary_state is State.STANDBY:
            override = OVERRIDES.get(self.name, "")
            assert await self.send("start", configurationOverride=override) == ""
            assert await self.send("enable") == ""
        assert self.csc.summary_state is State.ENABLED


@contextlib.asynccontextmanager
async def running(name: str, config: typing.Any, **kwargs: typing.Any) -> AsyncIterator[Bench]:
    """Run a component; whatever it did not expect fails the test."""
    async with make(name, config, **kwargs) as csc, Domain() as domain:
        yield Bench(csc, Remote(domain, csc.salinfo.name, csc.salinfo.index))
        assert csc.domain.unexpected == []


def commands_of(component: str) -> tuple[str, ...]:
    """Return the commands of a component in XML 28."""
    return tuple(item.removeprefix("cmd_") for item in topics_of(component) if item[:4] == "cmd_")
