# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""One palette for all figures and pages.

The colours are those of Okabe and Ito, "Color Universal Design" (2008), which people with any
common kind of colour blindness can tell apart. Whatever has a colour has a word or a sign too.
"""

__all__ = ["BIAS", "DARK", "DIFFERENCES", "GREY", "LIMIT", "PALETTE", "PIXELS", "STATUS"]

from collections.abc import Mapping

PALETTE: Mapping[str, str] = {
    "black": "#000000",
    "orange": "#e69f00",
    "sky blue": "#56b4e9",
    "bluish green": "#009e73",
    "yellow": "#f0e442",
    "blue": "#0072b2",
    "vermilion": "#d55e00",
    "reddish purple": "#cc79a7",
}
"""Names and colours."""
BIAS = PALETTE["blue"]
"""What is about biases."""
DARK = PALETTE["vermilion"]
"""What is about darks."""
LIMIT = PALETTE["reddish purple"]
"""A limit."""
GREY = "#767676"
"""Axes and words beside them; legible on white and on black."""
STATUS: Mapping[str, str] = {
    "good": PALETTE["bluish green"],
    "warning": PALETTE["orange"],
    "bad": PALETTE["vermilion"],
    "running": PALETTE["blue"],
    "none": GREY,
}
"""How something is."""
PIXELS = "gray"
"""Colour map of matplotlib for pixel values."""
DIFFERENCES = "RdBu_r"
"""Colour map of matplotlib for what may be above or below zero."""
