# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pictures of the raw frames of a repository."""

from __future__ import annotations

__all__ = ["render_frame"]

from ..figures.frames import draw_frame
from .images import raw_path
from .repository import open_repository


def render_frame(repo: str, exposure_id: int, kind: str, amplifier: str) -> bytes:
    """Make a picture of a raw frame. Blocks for a second or two at full size.

    Parameters
    ----------
    repo : `str`
        The repository: alias, path or URI.
    exposure_id : `int`
        Id of the exposure.
    kind : `str`
        ``detector``, ``amplifier`` or ``histogram``.
    amplifier : `str`
        Name of an amplifier, for a picture of it at full resolution.

    Returns
    -------
    content : `bytes`
        PNG, or SVG of a histogram.

    Raises
    ------
    LookupError
        If the image is not there, or cannot be read.
    """
    from ..pipelines.raw.frame import open_raw

    try:
        with open_repository(repo) as butler, raw_path(butler, exposure_id) as path:
            return draw_frame(open_raw(path), kind, amplifier)
    except (OSError, ValueError) as error:
        raise LookupError(f"The file of exposure {exposure_id} cannot be read: {error}.") from error
