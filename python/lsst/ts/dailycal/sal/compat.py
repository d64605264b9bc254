# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The differences between salobj 6.9, 7 and 8, decided by capability and known only here."""

__all__ = [
    "CONFIGURATION_EVENTS",
    "call",
    "enumerations",
    "index_field",
    "interface_topics",
    "known_overrides",
    "message_fields",
    "message_index",
    "override_field",
    "set_script_state",
    "write_event",
]

import functools
import importlib
import inspect
import types
import typing
from collections.abc import Callable

CONFIGURATION_EVENTS = ("configurationsAvailable", "settingVersions")
"""Events that name the configurations of a component: from XML 11, and up to XML 10."""
_OVERRIDE_LISTS = ("overrides", "recommendedSettingsLabels")


def message_fields(message: typing.Any) -> dict[str, typing.Any]:
    """Return the fields of a message (`dict`): ``get_vars`` on DDS, ``vars`` on Kafka."""
    get_vars = getattr(message, "get_vars", None)
    fields = get_vars() if get_vars is not None else vars(message)
    return dict(fields)


def message_index(message: typing.Any, component: str) -> int:
    """Return which instance of a component wrote a message (`int`).

    ``<component>ID`` up to salobj 7.0, ``salIndex`` from 7.1.
    """
    index = getattr(message, "salIndex", None)
    return int(getattr(message, f"{component}ID", 0) if index is None else index)


def index_field(message: typing.Any, component: str) -> str:
    """Return the field of a message that holds the index of its component (`str`).

    ``<component>ID`` up to salobj 7.0, ``salIndex`` from 7.1. Commands to the instances of a
    component whose remote has index 0 must set it.
    """
    return "salIndex" if "salIndex" in message_fields(message) else f"{component}ID"


def enumerations(component: str) -> types.ModuleType:
    """Return the module of a component's enumerations.

    They live in ``lsst.ts.idl.enums`` up to salobj 7, in ``lsst.ts.xml.enums`` from 8.
    """
    for package in ("lsst.ts.idl.enums", "lsst.ts.xml.enums"):
        try:
            return importlib.import_module(f"{package}.{component}")
        except ModuleNotFoundError as error:
            missing = error
    raise missing


async def call(
    function: Callable[..., typing.Any], *args: typing.Any, **kwargs: typing.Any
) -> typing.Any:
    """Call what is a function in one version and a coroutine function in another."""
    result = function(*args, **kwargs)
    return await result if inspect.isawaitable(result) else result


async def write_event(topic: typing.Any, **fields: typing.Any) -> None:
    """Set fields of an event and write it: ``set_put`` on 6.9, ``set_write`` from 7."""
    writer = topic.set_write if hasattr(topic, "set_write") else topic.set_put
    await call(writer, **fields)


async def set_script_state(script: typing.Any, **kwargs: typing.Any) -> None:
    """Call ``BaseScript.set_state``, which is synchronous on 6.9."""
    await call(script.set_state, **kwargs)


def known_overrides(message: typing.Any) -> tuple[str, ...]:
    """Return the configurations that a component knows (`tuple` [`str`]).

    Names of files from salobj 7 (``LATISS.yaml``), labels up to 6 (``LATISS``).

    Parameters
    ----------
    message
        One of the `CONFIGURATION_EVENTS`.
    """
    fields = message_fields(message)
    names = next((fields[name] for name in _OVERRIDE_LISTS if name in fields), "")
    return tuple(name.strip() for name in names.split(",") if name.strip())


def override_field(command: typing.Any) -> str | None:
    """Return the field of a ``start`` command that names the configuration.

    ``settingsToApply`` up to XML 10, ``configurationOverride`` from 11.
    """
    fields = message_fields(command.DataType())
    for name in ("configurationOverride", "settingsToApply"):
        if name in fields:
            return name
    return None


@functools.cache
def interface_topics(component: str) -> frozenset[str]:
    """Return the topics of a component in the installed interface.

    Parameters
    ----------
    component : `str`
        Its name.

    Returns
    -------
    topics : `frozenset` [`str`]
        Their names with ``cmd_``, ``evt_`` or ``tel_`` before them, as attributes of a
        component.
    """
    try:
        # The package of the XML, from salobj 8.
        from lsst.ts.xml.component_info import ComponentInfo
    except ImportError:
        return _read_idl(component)
    return frozenset(ComponentInfo(name=component, topic_subname="interface").topics)


def _read_idl(component: str) -> frozenset[str]:
    import lsst.ts.idl
    from lsst.ts.salobj import parse_idl

    path = lsst.ts.idl.get_idl_dir() / f"sal_revCoded_{component}.idl"
    return frozenset(_attribute(topic) for topic in parse_idl(component, str(path)).topic_info)


def _attribute(topic: str) -> str:
    for prefix, short in (("command_", "cmd_"), ("logevent_", "evt_")):
        if topic.startswith(prefix):
            return short + topic.removeprefix(prefix)
    return f"tel_{topic}"
