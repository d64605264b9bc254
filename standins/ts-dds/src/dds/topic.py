# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""A topic: a name, a type and the way to encode it."""

from __future__ import annotations

__all__ = ["Topic"]

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .codec import Codec

if TYPE_CHECKING:
    from .qos import Qos


@dataclass(frozen=True, slots=True)
class Topic:
    """A name under which samples of one type are written and read."""

    name: str
    """Name in DDS."""
    handle: int
    """Cyclone's handle."""
    codec: Codec
    """Encodes and decodes the samples."""
    data_class: type
    """Class of the samples."""
    qos: Qos
    """Policies of the topic."""
