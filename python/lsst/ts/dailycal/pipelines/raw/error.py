# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a raw frame, and where in its file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class RawFrameError(ValueError):
    """A raw frame cannot be used: the file is short, or is not what a LATISS frame looks like.

    Parameters
    ----------
    path : `str` or `pathlib.Path`
        The file.
    problem : `str`
        What is wrong, as a sentence goes on after the name of the file.
    hdu : `str`
        In which part of the file, "Segment10" or "primary header"; empty for the file as a whole.
    key : `str`
        At which keyword; empty for none.
    """

    def __init__(self, path: str | Path, problem: str, hdu: str = "", key: str = "") -> None:
        # These, so that it can be pickled.
        super().__init__(path, problem, hdu, key)
        self.path = str(path)
        self.problem = problem
        self.hdu = hdu
        self.key = key

    def __str__(self) -> str:
        where = ", ".join(part for part in (self.hdu, self.key) if part)
        return f"{self.path}{f' ({where})' if where else ''}: {self.problem}"


class RawHeaderError(RawFrameError):
    """The primary header of a raw frame is missing, cannot be understood, or cannot be true."""
