# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong in the middleware itself.

Wrong values in a sample are not `DDSException`: they are `TypeError`, `IndexError` and
`struct.error`, the three that salobj turns into `ValueError`.
"""

from __future__ import annotations

__all__ = ["DDSException"]


class DDSException(Exception):
    """An operation that the middleware refused.

    Parameters
    ----------
    message : `str`
        What was being done and why it failed.
    code : `int`, optional
        Cyclone's return code; 0 if the fault was found before Cyclone was asked.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code
