# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the scripts have in common that bring components to a state."""

__all__ = ["ComponentScript"]

import typing
from collections.abc import Iterable

import lsst.ts.salobj as salobj

from ..model import ComponentName
from ..sal.group.components import SalGroup
from .launch import schema
from .validator import Validator


class ComponentScript(salobj.BaseScript):
    """A script that brings components to a state.

    Parameters
    ----------
    index : `int`
        Index of the Script component.
    descr : `str`
        What it does.
    members : `~collections.abc.Iterable` [`ComponentName`]
        The components; they are listened to from ``configure`` on.
    """

    schema_name: typing.ClassVar[str]
    """Name of the schema in ``scripts/data``."""
    duration: typing.ClassVar[float]
    """Estimated duration, in seconds."""

    def __init__(self, index: int, *, descr: str, members: Iterable[ComponentName]) -> None:
        super().__init__(index=index, descr=descr)
        self.config_validator = Validator(self.get_schema(), self.log.error)
        self.components = SalGroup(self.domain, tuple(members), self.log)

    @classmethod
    def get_schema(cls) -> dict[str, typing.Any]:
        """Return the schema of the configuration."""
        return schema(cls.schema_name)

    def set_metadata(self, metadata: typing.Any) -> None:
        """Tell the queue how long it takes.

        Parameters
        ----------
        metadata : ``evt_metadata.DataType``
            The message to fill in.
        """
        metadata.duration = self.duration
