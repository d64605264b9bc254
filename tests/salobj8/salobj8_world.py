# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The package, imported as if salobj 8 and ts_xml 28 were installed."""

from __future__ import annotations

import contextlib
import enum
import importlib
import importlib.machinery
import sys
import types
import typing

import salobj8_components
import salobj8_cscs
import salobj8_messages
import salobj8_topics

_OURS = ("lsst.ts.dailycal.sal", "lsst.ts.dailycal.sim")
_THEIRS = ("lsst.ts.salobj", "lsst.ts.idl", "lsst.ts.xml")


class ScriptState(enum.IntEnum):
    """States of a script, with that of salobj 7.2."""

    UNKNOWN = 0
    UNCONFIGURED = 1
    CONFIGURED = 2
    RUNNING = 3
    PAUSED = 4
    ENDING = 5
    STOPPING = 6
    FAILING = 7
    DONE = 8
    STOPPED = 9
    FAILED = 10
    CONFIGURE_FAILED = 11


class ComponentInfo:
    """What ts_xml knows of a component: its topics by attribute."""

    def __init__(self, name: str, topic_subname: str) -> None:
        self.topics = dict.fromkeys(salobj8_messages.topics_of(name))


class NotInstalled(importlib.machinery.SourceFileLoader):
    """Finds nothing where the package of the old enumerations would be."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "lsst.ts.idl" or name.startswith("lsst.ts.idl."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def _make_modules() -> dict[str, types.ModuleType]:
    salobj = types.ModuleType("lsst.ts.salobj")
    for source in (salobj8_topics, salobj8_components, salobj8_cscs):
        for name, value in vars(source).items():
            if isinstance(value, type) and value.__module__ == source.__name__:
                setattr(salobj, name, value)
    xml = types.ModuleType("lsst.ts.xml")
    xml.__path__ = []
    enums = types.ModuleType("lsst.ts.xml.enums")
    enums.__path__ = []
    script = types.ModuleType("lsst.ts.xml.enums.Script")
    script.ScriptState = ScriptState
    info = types.ModuleType("lsst.ts.xml.component_info")
    info.ComponentInfo = ComponentInfo
    return {module.__name__: module for module in (salobj, xml, enums, script, info)}


class World:
    """Modules that are put in the place of those that are installed, for as long as a test runs."""

    def __init__(self) -> None:
        self._modules: dict[str, types.ModuleType] = _make_modules()

    @contextlib.contextmanager
    def entered(self) -> typing.Iterator[None]:
        """Be in that world."""
        outside = self._take_out()
        _put_in(self._modules)
        sys.meta_path.insert(0, NotInstalled)
        salobj8_components.Domain.shared = salobj8_topics.Bus()
        try:
            yield
        finally:
            sys.meta_path.remove(NotInstalled)
            self._modules = self._take_out()
            _put_in(outside)

    @staticmethod
    def _take_out() -> dict[str, types.ModuleType]:
        found = {
            name: module
            for name, module in sys.modules.items()
            if any(name == root or name.startswith(f"{root}.") for root in (*_OURS, *_THEIRS))
        }
        for name in found:
            del sys.modules[name]
        for root in (*_OURS, *_THEIRS):
            parent, _, child = root.rpartition(".")
            if parent in sys.modules:
                vars(sys.modules[parent]).pop(child, None)
        return found


def _put_in(modules: dict[str, types.ModuleType]) -> None:
    sys.modules.update(modules)
    for root in (*_OURS, *_THEIRS):
        parent, _, child = root.rpartition(".")
        if root in modules:
            setattr(importlib.import_module(parent), child, modules[root])
