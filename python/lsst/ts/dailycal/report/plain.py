# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as what JSON knows."""

__all__ = ["event_line", "to_plain"]

import dataclasses
import enum
import logging
import os
import typing

from ..model import ComponentName, ImageName, JobKey

_NAMES = (ComponentName, ImageName, JobKey)


def to_plain(value: object) -> typing.Any:
    """Turn dataclasses, enums, paths and tuples into what JSON knows.

    Parameters
    ----------
    value : `object`
        The value. Names become the texts that people know, e.g. ``AT_O_20220929_000004``.
    """
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value.value, str) else value.name
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        if isinstance(value, _NAMES):
            return str(value)
        return {
            field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)
        }
    if isinstance(value, dict):
        return {str(to_plain(key)): to_plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [to_plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    return value


def event_line(event: object, *, utc: str, **times: float) -> dict[str, typing.Any]:
    """Write an event as the object that is printed of it.

    Parameters
    ----------
    event : `object`
        A dataclass, whose name becomes the key ``event``.
    utc : `str`
        When it was heard or recorded, ISO 8601.
    **times : `float`
        Other times, by the name of their key.

    Returns
    -------
    line : `dict`
        Levels of the log are names in it.
    """
    plain = to_plain(event)
    if isinstance(plain.get("level"), int):
        plain["level"] = logging.getLevelName(plain["level"])
    update = plain.get("update")
    if isinstance(update, dict):
        update["messages"] = [
            [logging.getLevelName(level), text] for level, text in update["messages"]
        ]
    return {"event": type(event).__name__, "utc": utc, **times, **plain}
