# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The differences between salobj 6.9, 7 and 8 for components: those that publish and obey.

What is different for those that listen and command is in `~.sal.compat`. Here as there,
capability decides, and never a version number.
"""

__all__ = [
    "acknowledge",
    "acknowledge_progress",
    "enter_state",
    "existing_fields",
    "is_configurable",
    "own_fields",
    "publish",
    "reads_site",
    "requested_override",
    "script_index_field",
    "silence_heartbeat",
    "transport_is_kafka",
    "with_defaults",
]

import importlib.machinery
import importlib.util
import typing
from collections.abc import Mapping

from ...sal.compat import call, interface_topics, message_fields, write_event

_KAFKA_MODULE = "kafka_consumer"
_SITE_MODULE = "hierarchical_update"  # by which the files of a site complete _init.yaml
_OVERRIDE_FIELDS = ("configurationOverride", "settingsToApply")
_CONFIGURABLE = frozenset({"evt_configurationsAvailable", "evt_settingVersions"})
_PRIVATE = ("private_", "priority", "salIndex")
_NEVER = 1e9  # seconds


async def publish(topic: typing.Any, **fields: typing.Any) -> None:
    """Write an event or telemetry, changed or not: ``put`` on 6.9, ``write`` from 7.

    Parameters
    ----------
    topic
        A topic of a component.
    **fields
        Its fields; a list for an array, since later versions spread no scalar over one.
    """
    topic.set(**fields)
    await call(topic.write if hasattr(topic, "write") else topic.put)


async def acknowledge(command: typing.Any, data: typing.Any, ackcmd: typing.Any) -> None:
    """Acknowledge a command; a coroutine from 7."""
    await call(command.ack, data, ackcmd)


async def acknowledge_progress(
    command: typing.Any, data: typing.Any, timeout: float, result: str = ""
) -> None:
    """Say that a command is being carried out; a coroutine from 7.

    Parameters
    ----------
    command
        The topic of the command.
    data
        The command that was received.
    timeout : `float`
        How long it may take, in seconds.
    result : `str`
        What to tell.
    """
    await call(command.ack_in_progress, data, timeout=timeout, result=result)


async def enter_state(csc: typing.Any, state: typing.Any) -> None:
    """Put a component into a summary state without a command, and publish that.

    Its own way to publish a state is private from 7, so the event is written here. No
    version has a public way to set the state.
    """
    csc._summary_state = state
    await csc.handle_summary_state()
    await write_event(csc.evt_summaryState, summaryState=state)


def silence_heartbeat(csc: typing.Any) -> None:
    """Let a component beat no more; once more where salobj's own task has another name."""
    csc.heartbeat_interval = _NEVER
    task = getattr(csc, "_heartbeat_task", None)
    if task is not None:
        task.cancel()


def existing_fields(topic: typing.Any, **fields: typing.Any) -> dict[str, typing.Any]:
    """Return those of some fields that a topic of this interface has (`dict`)."""
    known = message_fields(topic.DataType())
    return {name: value for name, value in fields.items() if name in known}


def requested_override(data: typing.Any) -> str:
    """Return the configuration that a ``start`` command asks for (`str`).

    ``settingsToApply`` up to XML 10, ``configurationOverride`` from 11.
    """
    return str(next(getattr(data, name) for name in _OVERRIDE_FIELDS if hasattr(data, name)))


def own_fields(data: typing.Any) -> list[str]:
    """Return the names of the fields that the interface gives to a message (`list` [`str`])."""
    return [
        name
        for name in message_fields(data)
        if not name.startswith(_PRIVATE) and not name.endswith("ID")
    ]


def script_index_field(message: typing.Any) -> str:
    """Return the field in which the queue's topics hold the index of a script (`str`).

    ``salIndex`` up to XML 11; from 12 that is the index of the queue itself, and the script's
    is ``scriptSalIndex``.
    """
    return "scriptSalIndex" if "scriptSalIndex" in message_fields(message) else "salIndex"


def with_defaults(
    schema: Mapping[str, typing.Any], given: Mapping[str, object]
) -> dict[str, object]:
    """Complete a configuration by the defaults of its schema, which salobj 7 does not apply.

    Parameters
    ----------
    schema : `~collections.abc.Mapping`
        JSON schema; defaults are those of its properties, not of theirs.
    given : `~collections.abc.Mapping`
        What the files of the configuration say.
    """
    properties = schema.get("properties", {})
    defaults = {name: item["default"] for name, item in properties.items() if "default" in item}
    return {**defaults, **given}


def is_configurable(component: str) -> bool:
    """Tell whether ``start`` gives a configuration to a component in the installed interface."""
    return not _CONFIGURABLE.isdisjoint(interface_topics(component))


def transport_is_kafka() -> bool:
    """Tell whether the installed salobj writes to Kafka, and not to DDS.

    It is looked at without being imported, which takes more than a second.
    """
    return _salobj_has(_KAFKA_MODULE)


def reads_site() -> bool:
    """Tell whether the installed salobj has configurations by site, as from 7."""
    return _salobj_has(_SITE_MODULE) or transport_is_kafka()


def _salobj_has(module: str) -> bool:
    package = importlib.util.find_spec("lsst.ts.salobj")
    if package is None or package.submodule_search_locations is None:
        return False
    name = f"lsst.ts.salobj.{module}"
    places = package.submodule_search_locations
    return importlib.machinery.PathFinder.find_spec(name, places) is not None
