# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can be wrong with the pixels or the header of a frame; `frame_effects` does it."""

__all__ = ["FRAME_FAULT_KINDS", "FRAME_POINT"]

from .kind import FaultKind, Parameter

FRAME_POINT = "detector.frame"
"""Injection point of what is wrong with a frame. Context: image type and image name."""
_ALL = Parameter("amplifier", "all", "amplifiers that show it, e.g. C10+C11, or all")
_ONE = Parameter("amplifier", "C10", "amplifiers that show it, e.g. C10+C11, or all")

FRAME_FAULT_KINDS = (
    FaultKind(
        "glow",
        FRAME_POINT,
        "something glows in the frame; it is seen against the others, and taken again",
        (
            Parameter("strength", 200.0, "at its peak, in electron"),
            Parameter("x", 0.8, "column of the peak, from 0 to 1 across the detector"),
            Parameter("y", 0.2, "row of the peak, from 0 to 1 up the detector"),
            Parameter("width", 0.15, "square of its width, with the detector's edge as 1"),
            _ALL,
        ),
    ),
    FaultKind(
        "light_leak",
        FRAME_POINT,
        "light falls into the frame; it is seen against the others, and taken again",
        (
            Parameter("light", 5.0, "light that falls in, in electron/s a pixel"),
            Parameter("gradient", 0.0, "from 0, the same everywhere, to 1, none at the bottom"),
            _ALL,
        ),
    ),
    FaultKind(
        "settling",
        FRAME_POINT,
        "levels settle from frame to frame as after a reset; the first frames are discarded",
        (
            Parameter("strength", 100.0, "in the first frame, in electron"),
            Parameter("frames", 1.0, "frames in which it falls to 1/e"),
            _ALL,
        ),
    ),
    FaultKind(
        "level_step",
        FRAME_POINT,
        "the level of some rows is another one; the frame is taken again",
        (
            Parameter("strength", 60.0, "size of the step, in electron"),
            Parameter("first", 0.4, "first row of it, as a share of all"),
            Parameter("last", 0.6, "last row of it, as a share of all"),
            Parameter("where", "both", "data, overscan or both"),
            _ONE,
        ),
    ),
    FaultKind(
        "amplifier_shifted",
        FRAME_POINT,
        "the level of an amplifier above its overscan is another one; the frame is taken again",
        (Parameter("strength", 30.0, "by how much, in electron"), _ONE),
    ),
    FaultKind(
        "amplifier_noisy",
        FRAME_POINT,
        "an amplifier is noisier; the frame is taken again",
        (Parameter("noise", 20.0, "noise that is added, in electron"), _ONE),
    ),
    FaultKind(
        "noise_burst",
        FRAME_POINT,
        "some rows are noisier; the frame is taken again",
        (
            Parameter("noise", 60.0, "noise that is added, in electron"),
            Parameter("rows", 32.0, "number of rows"),
            _ALL,
        ),
    ),
    FaultKind(
        "gain_lost",
        FRAME_POINT,
        "signal and noise are smaller than they were; the frame is taken again",
        (Parameter("factor", 0.5, "what is left of them"), _ALL),
    ),
    FaultKind(
        "amplifier_dead",
        FRAME_POINT,
        "an amplifier gives a constant; from three frames in a row on no further one is taken",
        (Parameter("value", 22000.0, "the constant, in ADU"), _ONE),
    ),
    FaultKind(
        "stuck_bit",
        FRAME_POINT,
        "a bit of the converter does not move; the frame is taken again",
        (
            Parameter("bit", 2.0, "number of the bit, 0 for the lowest"),
            Parameter("value", 1.0, "what it is, 0 or 1"),
            _ONE,
        ),
    ),
    FaultKind(
        "oscillation",
        FRAME_POINT,
        "a signal from outside swings in an amplifier while it is read; the frame is taken again",
        (
            Parameter("strength", 20.0, "amplitude, in electron"),
            Parameter("period", 37.3, "in pixels as they are read, overscan included"),
            _ONE,
        ),
    ),
    FaultKind(
        "overscan_bleed",
        FRAME_POINT,
        "the charge of a cosmic ray trails into the overscan of its rows; the frame is taken again",
        (
            Parameter("strength", 500.0, "charge in the first overscan pixel, in electron"),
            Parameter("rows", 3.0, "number of rows"),
            _ONE,
        ),
    ),
    FaultKind(
        "readout_shifted",
        FRAME_POINT,
        "pixels come later in their row than they should; the frame is taken again",
        (Parameter("columns", 1.0, "by how many columns; negative for earlier"), _ALL),
    ),
    FaultKind(
        "exposure_wrong",
        FRAME_POINT,
        "exposed for another time than the header says; darks without dark current are told",
        (Parameter("seconds", 0.0, "the time for which it is exposed, in seconds"), _ALL),
    ),
    FaultKind(
        "header_wrong",
        FRAME_POINT,
        "the header gives another image type or exposure time; the frame is taken again",
        (
            Parameter("image_type", "ENGTEST", "what IMGTYPE says, or same for the right one"),
            Parameter("seconds", -1.0, "what EXPTIME says; a negative number for the right time"),
        ),
    ),
    FaultKind(
        "frame_identical",
        FRAME_POINT,
        "frames that it strikes have the same pixels; all but the first are taken again",
        (_ALL,),
    ),
)
"""Every such kind."""
