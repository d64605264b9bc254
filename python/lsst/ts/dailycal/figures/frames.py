# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pictures of a raw frame."""

__all__ = ["draw_frame"]

import numpy as np

from ..pipelines.raw.frame import RawFrame
from .pictures import assemble, picture_of
from .plots import histogram


def draw_frame(frame: RawFrame, kind: str, amplifier: str) -> bytes:
    """Draw a frame, above the overscan of its amplifiers.

    Parameters
    ----------
    frame : `RawFrame`
        The frame.
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
        If there is no such amplifier.
    """
    pixels = assemble(frame)
    if kind == "histogram":
        return histogram(pixels, "ADU").encode("utf-8")
    if kind == "detector":
        return picture_of(pixels).png
    for item in frame.amplifiers:
        if item.amplifier.name == amplifier:
            place = item.detector
            part = pixels[place.y0 : place.y1, place.x0 : place.x1]
            return picture_of(np.ascontiguousarray(part), width=max(part.shape)).png
    raise LookupError(f"There is no amplifier {amplifier}.")
