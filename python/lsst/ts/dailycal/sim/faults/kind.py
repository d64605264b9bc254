# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What describes a kind of fault."""

__all__ = ["FaultKind", "Parameter"]

import dataclasses


@dataclasses.dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a fault."""

    name: str
    """Its name."""
    default: float | str
    """Its value when none is given; its type is that of every value."""
    help: str
    """What it is, with its unit."""


@dataclasses.dataclass(frozen=True, slots=True)
class FaultKind:
    """A way in which something goes wrong."""

    name: str
    """Its name in the text form."""
    point: str
    """The injection point where it strikes."""
    help: str
    """What the observer will see, in one line."""
    parameters: tuple[Parameter, ...] = ()
    """What can be set."""
