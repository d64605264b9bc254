# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whoever watches a run."""

__all__ = ["Observer"]

import typing

from ..model import Event


class Observer(typing.Protocol):
    """Is told of every record after the journal has it, in order.

    It is called in a thread of its own, so that the run never waits for it.
    """

    def notify(self, event: Event) -> None:
        """Take note of a record; what it raises is logged only."""
        ...
