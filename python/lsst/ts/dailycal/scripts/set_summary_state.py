# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The script ``set_summary_state.py``: send components to states, one after the other."""

__all__ = ["SetSummaryState"]

import types
import typing
from collections.abc import Sequence

import lsst.ts.salobj as salobj

from ..model import ComponentError, ComponentName, ConfigurationError
from ..sal.discovery import BEATS_TIMEOUT, InstanceFinder
from ..sal.group.components import SalGroup, Target
from ..sal.group.paths import SummaryState, describe_paths
from .alarms import AlarmMuter
from .launch import schema
from .state_list import Entry, parse_entries
from .validator import Validator

STEP_TIMEOUT = 60.0
"""Deadline of one transition, in seconds."""
STEP_DURATION = 2.0
"""Estimated duration of an entry, in seconds."""


class SetSummaryState(salobj.BaseScript):
    """Send components to summary states, in the order of the list.

    Parameters
    ----------
    index : `int`
        Index of the Script component.
    """

    def __init__(self, index: int) -> None:
        super().__init__(index=index, descr="Send components to summary states.")
        self.config_validator = Validator(self.get_schema(), self.log.error)
        self._entries: tuple[Entry, ...] = ()
        self._components: SalGroup | None = None
        self._finders: dict[str, InstanceFinder] = {}
        self._muter: AlarmMuter | None = None

    @classmethod
    def get_schema(cls) -> dict[str, typing.Any]:
        """Return the schema of the configuration."""
        return schema("set_summary_state")

    async def configure(self, config: types.SimpleNamespace) -> None:
        """Read the list, and make remotes for what is in it.

        Parameters
        ----------
        config : `types.SimpleNamespace`
            Configuration with its defaults filled in.

        Raises
        ------
        ConfigurationError
            If a component does not exist, or a state is none that it can be sent to.
        """
        entries = parse_entries(config.data)
        problems = [await self._problem(entry) for entry in dict.fromkeys(entries)]
        if any(problems):
            raise ConfigurationError(filter(None, problems))
        self._entries = entries
        named = [entry.component for entry in entries if not entry.every_instance]
        self._components = SalGroup(self.domain, named, self.log)
        for entry in entries:
            if entry.every_instance and entry.component.name not in self._finders:
                self._finders[entry.component.name] = InstanceFinder(self.domain, entry.component)
        goes_offline = any(entry.state is SummaryState.OFFLINE for entry in entries)
        if config.mute_alarms and config.mute_duration > 0 and goes_offline:
            duration = 60.0 * config.mute_duration
            self._muter = AlarmMuter(
                self.domain, duration, f"set_summary_state {self.salinfo.index}", self.log
            )
            await self._muter.start()
        await self._components.start()

    def set_metadata(self, metadata: typing.Any) -> None:
        """Tell the queue how long it takes.

        Parameters
        ----------
        metadata : ``evt_metadata.DataType``
            The message to fill in.
        """
        metadata.duration = sum(
            BEATS_TIMEOUT if entry.every_instance else STEP_DURATION for entry in self._entries
        )
        metadata.totalCheckpoints = len(self._entries)

    async def run(self) -> None:
        """Send one component after the other; stop at the first that does not get there.

        Raises
        ------
        salobj.ExpectedError
            If one does not get there; it names those that were not attempted.
        """
        for number, entry in enumerate(self._entries):
            await self.checkpoint(f"set {entry}")
            try:
                await self._carry_out(entry)
            except ComponentError as error:
                left = ", ".join(map(str, self._entries[number + 1 :]))
                rest = f" Not attempted: {left}." if left else ""
                raise salobj.ExpectedError(f"{error}{rest}") from error

    async def _carry_out(self, entry: Entry) -> None:
        group = self._components
        names: Sequence[ComponentName] = [entry.component]
        if entry.every_instance:
            names = await self._finders[entry.component.name].find()
            self.log.info("Running instances: %s.", ", ".join(map(str, names)))
            group = SalGroup(self.domain, names, self.log)
            await group.start()
        assert group is not None  # noqa: S101 - made by configure
        try:
            for name in names:
                if entry.state is SummaryState.OFFLINE and self._muter is not None:
                    await self._muter.mute(name)
                target = Target(entry.state, entry.override)
                reached = await group.drive({name: target}, STEP_TIMEOUT)
                self.log.info("%s", describe_paths(reached))
        finally:
            if entry.every_instance:
                await group.close()

    async def _problem(self, entry: Entry) -> str:
        """Say what is wrong with the name or the index of a component; empty if nothing is."""
        component = entry.component
        indexed = await InstanceFinder.is_indexed(self.domain, component.name)
        if indexed is None:
            return f"There is no component {component.name}."
        if indexed and not component.index and not entry.every_instance:
            return (
                f"{component} has an index: write e.g. {component}:1, "
                f"or {component}:* for every instance that is running."
            )
        if not indexed and (component.index or entry.every_instance):
            return f"{component.name} has no index: write {component.name}."
        return ""
