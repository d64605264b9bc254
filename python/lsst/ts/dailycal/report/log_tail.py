# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end of a log."""

__all__ = ["read_tail"]

import pathlib


def read_tail(path: pathlib.Path, size: int) -> str:
    """Read the end of a text file. Blocks.

    Parameters
    ----------
    path : `pathlib.Path`
        The file.
    size : `int`
        How much to read at most, in bytes.
    """
    with path.open("rb") as stream:
        stream.seek(max(0, path.stat().st_size - size))
        return stream.read().decode("utf-8", "replace")
