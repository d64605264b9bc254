# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Components of the control system and how they are."""

__all__ = ["ComponentName", "ComponentStatus", "Finding", "Severity"]

import dataclasses
import enum
import typing


@dataclasses.dataclass(frozen=True, slots=True, order=True)
class ComponentName:
    """Name and index of a SAL component, written ``OCPS:1`` or ``ATCamera``."""

    name: str
    """Name of the component."""
    index: int = 0
    """Its index; 0 for a component that is not indexed."""

    @classmethod
    def parse(cls, text: str) -> typing.Self:
        """Read ``name`` or ``name:index``.

        Raises
        ------
        ValueError
            If the text is neither.
        """
        name, colon, index = text.strip().partition(":")
        if not name.isidentifier() or (colon and not (index.isascii() and index.isdigit())):
            raise ValueError(f"{text!r} is not a component such as ATCamera or OCPS:1")
        return cls(name=name, index=int(index) if colon else 0)

    def __str__(self) -> str:
        return f"{self.name}:{self.index}" if self.index else self.name


@dataclasses.dataclass(frozen=True, slots=True)
class ComponentStatus:
    """What is known of a component at one moment."""

    name: ComponentName
    """Which component."""
    state: str
    """Name of its summary state, e.g. ``ENABLED``; empty if it was never heard."""
    alive: bool
    """Was a fresh heartbeat heard?"""
    error_code: int = 0
    """Its last error code; 0 for none."""
    error_report: str = ""
    """Its last error report."""
    remark: str = ""
    """Anything else a person should know, e.g. the offline substate of ATCamera."""


class Severity(enum.IntEnum):
    """How bad a finding is."""

    OK = 0
    WARNING = 1
    REFUSAL = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """Result of one preflight check."""

    subject: str
    """What was looked at, e.g. ``ATCamera``."""
    severity: Severity
    """Its verdict."""
    value: str
    """What was seen."""
    advice: str = ""
    """What to do about it; empty if it is all right."""
