# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of trouble that the page of `power` has a row for, each a fault of the simulator."""

from __future__ import annotations

import dataclasses

from lsst.ts.dailycal.model import ImageType

SEVEN = "C00+C02+C04+C06+C10+C12+C14"
BIAS, DARK = ImageType.BIAS, ImageType.DARK


@dataclasses.dataclass(frozen=True)
class Kind:
    """One kind of trouble."""

    title: str
    """What it is."""
    image_type: ImageType
    """In which frames."""
    which: slice
    """In which of them."""
    fault: str
    """Name of the fault of the simulator."""
    parameter: str
    """The one that is its strength."""
    strengths: tuple[float, ...]
    """From weak to strong."""
    unit: str
    """Of the strength."""
    others: tuple[tuple[str, float | str], ...] = ()
    """Other parameters of the fault."""


FEW, HALF, ALL = slice(6, 9), slice(10, None), slice(None)
ELECTRONS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 200.0)
RATES = (0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
NOISES = (1.0, 2.0, 3.0, 5.0, 8.0, 20.0)
WAVES = (1.0, 2.0, 5.0, 10.0, 20.0)
KINDS = (
    Kind("glow in 3 biases", BIAS, FEW, "glow", "strength", ELECTRONS, "electron at its peak"),
    Kind("glow in half of the biases", BIAS, HALF, "glow", "strength", ELECTRONS, "electron"),
    Kind("glow in all biases", BIAS, ALL, "glow", "strength", ELECTRONS, "electron"),
    Kind("light in 3 darks", DARK, FEW, "light_leak", "light", RATES, "electron/s"),
    Kind("light in all darks", DARK, ALL, "light_leak", "light", RATES, "electron/s"),
    Kind(
        "light with a gradient in 3 darks",
        DARK,
        FEW,
        "light_leak",
        "light",
        RATES,
        "electron/s",
        (("gradient", 1.0),),
    ),
    Kind(
        "light with a gradient in all darks",
        DARK,
        ALL,
        "light_leak",
        "light",
        RATES,
        "electron/s",
        (("gradient", 1.0),),
    ),
    Kind("settling after a reset", BIAS, ALL, "settling", "strength", ELECTRONS, "electron, first"),
    Kind(
        "step in some rows of 3 biases, data and overscan",
        BIAS,
        FEW,
        "level_step",
        "strength",
        (5.0, 20.0, 60.0, 200.0),
        "electron",
    ),
    Kind(
        "step in some rows of 3 biases, overscan only",
        BIAS,
        FEW,
        "level_step",
        "strength",
        (2.0, 5.0, 20.0, 60.0),
        "electron",
        (("where", "overscan"),),
    ),
    Kind(
        "noisy rows in 3 biases",
        BIAS,
        FEW,
        "noise_burst",
        "noise",
        (5.0, 10.0, 30.0, 60.0),
        "electron, 16 rows",
        (("rows", 16.0),),
    ),
    Kind("1 amplifier dead", BIAS, ALL, "amplifier_dead", "value", (22000.0,), "ADU"),
    Kind(
        "7 amplifiers dead",
        BIAS,
        ALL,
        "amplifier_dead",
        "value",
        (22000.0,),
        "ADU",
        (("amplifier", SEVEN),),
    ),
    Kind(
        "1 amplifier noisy",
        BIAS,
        ALL,
        "amplifier_noisy",
        "noise",
        NOISES,
        "electron",
    ),
    Kind(
        "7 amplifiers noisy",
        BIAS,
        ALL,
        "amplifier_noisy",
        "noise",
        NOISES,
        "electron",
        (("amplifier", SEVEN),),
    ),
    Kind("1 amplifier shifted", BIAS, ALL, "amplifier_shifted", "strength", ELECTRONS, "electron"),
    Kind(
        "7 amplifiers shifted from the middle on",
        BIAS,
        HALF,
        "amplifier_shifted",
        "strength",
        ELECTRONS,
        "electron",
        (("amplifier", SEVEN),),
    ),
    Kind(
        "bit stuck in 1 amplifier",
        BIAS,
        ALL,
        "stuck_bit",
        "bit",
        (0.0, 1.0, 2.0, 3.0, 4.0, 6.0),
        "number of the bit",
    ),
    Kind("gain lost", BIAS, ALL, "gain_lost", "factor", (0.95, 0.9, 0.85, 0.8, 0.5), "share left"),
    Kind("3 biases identical", BIAS, FEW, "frame_identical", "", (3.0,), "frames"),
    Kind("all biases identical", BIAS, ALL, "frame_identical", "", (20.0,), "frames"),
    Kind(
        "1 bias that was exposed to the dark",
        BIAS,
        slice(6, 7),
        "exposure_wrong",
        "seconds",
        (5.0, 30.0, 300.0),
        "s",
    ),
    Kind("darks that are biases", DARK, ALL, "exposure_wrong", "seconds", (0.0,), "s"),
    Kind(
        "oscillation in 1 amplifier of 3 biases",
        BIAS,
        FEW,
        "oscillation",
        "strength",
        WAVES,
        "electron",
    ),
    Kind(
        "oscillation in 1 amplifier of all biases",
        BIAS,
        ALL,
        "oscillation",
        "strength",
        WAVES,
        "electron",
    ),
    Kind(
        "cosmic ray that bleeds into the overscan of 3 biases",
        BIAS,
        FEW,
        "overscan_bleed",
        "strength",
        (5.0, 20.0, 100.0, 500.0, 5000.0),
        "electron, 3 rows",
    ),
    Kind(
        "readout of 3 biases shifted",
        BIAS,
        FEW,
        "readout_shifted",
        "columns",
        (1.0, 2.0, 5.0),
        "columns",
    ),
    Kind(
        "readout of all biases shifted",
        BIAS,
        ALL,
        "readout_shifted",
        "columns",
        (1.0, 2.0, 5.0),
        "columns",
    ),
    Kind(
        "readout of all darks shifted",
        DARK,
        ALL,
        "readout_shifted",
        "columns",
        (1.0, 2.0, 5.0),
        "columns",
    ),
    Kind(
        "bias level drifted before the darks",
        DARK,
        ALL,
        "amplifier_shifted",
        "strength",
        (1.0, 2.0, 5.0, 20.0),
        "electron",
        (("amplifier", "all"),),
    ),
    Kind(
        "3 darks saturated",
        DARK,
        FEW,
        "light_leak",
        "light",
        (100.0, 1000.0, 10000.0),
        "electron/s",
    ),
    Kind(
        "1 bias whose header gives another type",
        BIAS,
        slice(6, 7),
        "header_wrong",
        "",
        (1.0,),
        "frame",
    ),
    Kind(
        "1 dark of 30 s whose header gives another time",
        DARK,
        slice(6, 7),
        "header_wrong",
        "seconds",
        (29.0, 15.0, 5.0),
        "s",
        (("image_type", "same"),),
    ),
)
