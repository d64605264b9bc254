# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The components of the control system, as the engine needs them."""

__all__ = ["Components"]

import typing
from collections.abc import Sequence

from ..model import ComponentStatus


class Components(typing.Protocol):
    """Tells how components are."""

    async def status(self) -> Sequence[ComponentStatus]:
        """Report the components that the run needs: state, fresh heartbeat, last error."""
        ...

    def troubles(self) -> Sequence[ComponentStatus]:
        """Report those that are known not to be ENABLED, or are silent for too long.

        Does not wait; for a look between two steps.
        """
        ...
