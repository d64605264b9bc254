# This file is part of ts_dailycal.
# SPDX-License-Identifier: GPL-3.0-or-later
"""Raw frames for the benches: read noise on a level, at any height, from a fixed seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from astropy.io import fits

from lsst.ts.dailycal.model.detector import LATISS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

DAY_OBS = 20261123


def write_frames(directory: Path, count: int, height: int = LATISS.data_height) -> Sequence[Path]:
    """Write bias frames of full width.

    Parameters
    ----------
    directory : `pathlib.Path`
        Where to.
    count : `int`
        How many.
    height : `int`
        Data rows of an amplifier.

    Returns
    -------
    paths : sequence of `pathlib.Path`
        The files.
    """
    geometry = LATISS.resized(LATISS.data_width, height)
    random = np.random.default_rng(DAY_OBS)
    shape = (geometry.raw_height, geometry.raw_width)
    paths = []
    for number in range(1, count + 1):
        primary = fits.PrimaryHDU()
        primary.header.update(_header(number))
        hdus = fits.HDUList([primary])
        for amplifier in geometry.amplifiers:
            noise = random.standard_normal(shape, np.float32)
            noise *= np.float32(amplifier.read_noise / amplifier.gain)
            noise += 20000 + 100 * amplifier.hdu
            hdu = fits.ImageHDU(np.rint(noise).astype(np.int32), name=amplifier.extname)
            hdu.header["DATASEC"] = geometry.data_section.fits
            hdu.header["DETSEC"] = geometry.camera_section(amplifier).fits
            hdus.append(hdu)
        path = directory / f"AT_O_{DAY_OBS}_{number:06d}-R00S00.fits"
        hdus.writeto(path, overwrite=True)
        paths.append(path)
    return paths


def _header(number: int) -> dict[str, str | int | float]:
    minute, second = divmod(number * 3, 60)
    return {
        "INSTRUME": "LATISS",
        "OBSID": f"AT_O_{DAY_OBS}_{number:06d}",
        "DAYOBS": str(DAY_OBS),
        "SEQNUM": number,
        "IMGTYPE": "BIAS",
        "GROUPID": "2026-11-23T12:00:00.000",
        "EXPTIME": 0.0,
        "DARKTIME": 0.0,
        "DATE-BEG": f"2026-11-23T12:{minute:02d}:{second:02d}.000",
        "DATE-END": f"2026-11-23T12:{minute:02d}:{second:02d}.500",
        "FILTER": "empty_1",
        "GRATING": "empty_1",
    }
