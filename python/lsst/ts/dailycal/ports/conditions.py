# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The instruments that watch LATISS."""

__all__ = ["ConditionGauges"]

import typing
from collections.abc import Sequence

from ..model import ConditionReading


class ConditionGauges(typing.Protocol):
    """Reads temperatures and pressures."""

    async def read(self, timeout: float) -> Sequence[ConditionReading]:
        """Read all instruments; those that were not heard within ``timeout`` s are left out."""
        ...
