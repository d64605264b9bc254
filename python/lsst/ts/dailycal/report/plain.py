# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values as what JSON knows."""

__all__ = ["to_plain"]

import dataclasses
import enum
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
